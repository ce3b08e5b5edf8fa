"""A graph ready to run, in ONNX Runtime or in OpenVINO, on the CPU."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, Protocol

import numpy as np

from mtl_core.errors import ArtifactError, InputError, one_line
from mtl_core.runtime.packages import require

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mtl_core.runtime.folder import ExportFormat

__all__ = ["RuntimePrecision", "Session", "open_session"]

RuntimePrecision = Literal["float32", "bfloat16"]

_ERRORS_ONLY = 3


class Session(Protocol):
    """Runs a graph."""

    def run(self, outputs: Sequence[str], feeds: Mapping[str, NDArray[np.int64]]) -> dict[str, NDArray[np.float32]]:
        """Compute outputs.

        Args:
            outputs: Names of the outputs.
            feeds: Inputs by name.

        Returns:
            Arrays by name.
        """


class _OnnxSession:
    def __init__(self, content: bytes, threads: int | None) -> None:
        onnxruntime = require("onnxruntime")
        options = onnxruntime.SessionOptions()
        options.log_severity_level = _ERRORS_ONLY
        options.intra_op_num_threads = threads or 0
        # without it, 8-bit products overflow on a CPU that has AVX2 and no VNNI
        options.add_session_config_entry("session.x64quantprecision", "1")
        self._session: Any = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])

    def run(self, outputs: Sequence[str], feeds: Mapping[str, NDArray[np.int64]]) -> dict[str, NDArray[np.float32]]:
        return dict(zip(outputs, self._session.run(list(outputs), dict(feeds)), strict=True))


class _OpenVinoSession:
    def __init__(self, xml: bytes, weights: bytes, threads: int | None, precision: RuntimePrecision) -> None:
        openvino = require("openvino")
        hint = {"float32": openvino.Type.f32, "bfloat16": openvino.Type.bf16}[precision]
        properties = {"INFERENCE_PRECISION_HINT": hint, "PERFORMANCE_HINT": "LATENCY"}
        if threads:
            properties["INFERENCE_NUM_THREADS"] = threads
        core = openvino.Core()
        model = core.read_model(model=xml, weights=weights)
        self._compiled: Any = core.compile_model(model, "CPU", properties)

    def run(self, outputs: Sequence[str], feeds: Mapping[str, NDArray[np.int64]]) -> dict[str, NDArray[np.float32]]:
        # a request of its own for each call: threads may share the session
        results = self._compiled.create_infer_request().infer(dict(feeds), share_inputs=True)
        return {name: np.array(results[name], np.float32) for name in outputs}


def open_session(
    form: ExportFormat, files: Sequence[bytes], *, threads: int | None, precision: RuntimePrecision
) -> Session:
    """Make a graph ready to run.

    Args:
        form: Which runtime reads it.
        files: Content of the graph's files, in the order of ``GRAPH_FILES``.
        threads: Most threads; the runtime's own choice by default.
        precision: Of the computation; ONNX Runtime knows float32 alone.

    Returns:
        The session.

    Raises:
        InputError: If the runtime is not installed, or does not know the precision.
        ArtifactError: If the runtime cannot read the graph.
    """
    if form == "onnx" and precision != "float32":
        raise InputError("ONNX Runtime computes in float32 on the CPU; export to openvino for bfloat16.")
    require("onnxruntime" if form == "onnx" else "openvino")
    try:
        if form == "onnx":
            return _OnnxSession(files[0], threads)
        return _OpenVinoSession(files[0], files[1], threads, precision)
    except Exception as error:
        # both runtimes raise classes of their own that share no base below this one
        raise ArtifactError(f"The graph cannot be opened ({one_line(error)}); export the model again.") from error
