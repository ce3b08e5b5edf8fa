"""Graphs with 8-bit weights."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from mtl_core.runtime.packages import require

__all__ = ["quantise_onnx"]


def quantise_onnx(source: Path, target: Path) -> None:
    """Dynamic quantisation: 8-bit weights by output channel, activations rounded as they come.

    Weights keep to seven bits, because the 8-bit products of a CPU without VNNI overflow otherwise; the table of
    word pieces is rounded too, which is half of a small encoder's file. The heads stay as they are. The range of the
    activations is that of the whole batch, so that a text's figures depend a little on the texts beside it.

    Args:
        source: An ONNX file in float32.
        target: Where.

    Raises:
        InputError: If onnxruntime or onnx is not installed.
    """
    heads = [node.name for node in require("onnx").load(source).graph.node if _is_in_a_head(node)]
    quantization = require("onnxruntime.quantization")
    with _without_advice():
        quantization.quantize_dynamic(
            source,
            target,
            per_channel=True,
            reduce_range=True,
            weight_type=quantization.QuantType.QInt8,
            op_types_to_quantize=["MatMul", "Gather"],
            nodes_to_exclude=heads,
        )


def _is_in_a_head(node: Any) -> bool:
    """Whether the tracer found an operator in one of the heads."""
    return any(entry.key == "pkg.torch.onnx.name_scopes" and "'heads." in entry.value for entry in node.metadata_props)


@contextmanager
def _without_advice() -> Iterator[None]:
    """Hide the advice to run a preparation that changes nothing in a graph from the exporter."""

    def wanted(record: logging.LogRecord) -> bool:
        return "pre-processing before quantization" not in record.getMessage()

    root = logging.getLogger()
    root.addFilter(wanted)
    try:
        yield
    finally:
        root.removeFilter(wanted)
