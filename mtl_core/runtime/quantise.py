"""8-bit ONNX graphs: weights rounded once, activations rounded token by token as they come.

onnxruntime's own dynamic quantisation takes one range of activations for a whole batch. A few channels of a
transformer are much larger than the others and use that range up, and a text's figures depend on the texts beside it.
Here each token has a range of its own (Yao et al., ZeroQuant, NeurIPS 2022), and part of the large channels' size is
moved into the weights (Xiao et al., SmoothQuant, ICML 2023). A tagger fine-tuned from MiniLM keeps 99.4 % of its
decisions this way and 96.5 % the other way, at about the same speed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mtl_core.runtime.packages import require

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["quantise_onnx"]

_SHARE_OF_ACTIVATIONS = 0.6
_TOP, _ZERO = 127, 128
_SMALLEST = np.float32(1e-12)


def quantise_onnx(source: Path, target: Path, batches: Iterable[Mapping[str, NDArray[np.int64]]]) -> None:
    """Round the encoder's weights to 8 bits.

    The heads stay as they are, and so do products that narrow, as the second one of a feed-forward block: they are a
    third of the work, and rounding what comes out of GELU costs more decisions than all the rest.

    Args:
        source: An ONNX file in float32, as ``write_onnx`` leaves it.
        target: Where.
        batches: Inputs by name, from which the size of each channel is learned.

    Raises:
        InputError: If onnx or onnxruntime is not installed.
    """
    onnx = require("onnx")
    model = onnx.load(source)
    weights = {entry.name: entry for entry in model.graph.initializer}
    products = [node for node in model.graph.node if _is_wide_product(node, weights)]
    arrays = {node.input[1]: onnx.numpy_helper.to_array(weights[node.input[1]]) for node in products}
    peaks = _channel_peaks(model, sorted({node.input[0] for node in products}), batches)
    rewritten = _Rewriting()
    scales = _channel_scales(products, arrays, peaks)
    chosen = {node.output[0] for node in products}
    for node in model.graph.node:
        if node.output[0] in chosen:
            rewritten.product(node, arrays[node.input[1]], scales[node.input[0]])
        elif node.op_type == "Gather" and _is_table(node, weights):
            rewritten.table(node, onnx.numpy_helper.to_array(weights[node.input[0]]))
        else:
            rewritten.nodes.append(node)
    _replace(model.graph, rewritten)
    onnx.save(model, target)


@dataclass
class _Rewriting:
    """Nodes and constants of the new graph, in order."""

    nodes: list[Any] = field(default_factory=list)
    constants: dict[str, NDArray[Any]] = field(default_factory=dict)

    def add(self, operator: str, inputs: list[str], output: str, **attributes: Any) -> str:
        self.nodes.append(require("onnx").helper.make_node(operator, inputs, [output], **attributes))
        return output

    def constant(self, name: str, value: Any) -> str:
        self.constants[name] = np.asarray(value)
        return name

    def rounded(self, name: str, channel_scale: NDArray[np.float32]) -> str:
        """Activations ``[..., channels]`` as unsigned bytes ``[tokens, channels]``, each token by its own size."""
        stem = f"{name}.int8"
        if f"{stem}.rows" in self.constants:
            return stem
        last = self.constant("int8.last", [-1])
        smooth = self.add("Mul", [name, self.constant(f"{stem}.smooth", 1 / channel_scale)], f"{stem}.smoothed")
        flat = self.add("Reshape", [smooth, self.constant(f"{stem}.rows", [-1, len(channel_scale)])], f"{stem}.flat")
        size = self.add("ReduceMax", [self.add("Abs", [flat], f"{stem}.abs"), last], f"{stem}.size", keepdims=1)
        size = self.add("Max", [size, self.constant("int8.smallest", _SMALLEST)], f"{stem}.floor")
        self.add("Div", [size, self.constant("int8.top", np.float32(_TOP))], f"{stem}.scale")
        scale = self.add("Reshape", [f"{stem}.scale", last], f"{stem}.scales")
        zero = self.constant("int8.zero", np.uint8(_ZERO))
        zeros = self.add("Expand", [zero, self.add("Shape", [scale], f"{stem}.tokens")], f"{stem}.zeros")
        self.add("Shape", [name], f"{stem}.shape", end=-1)
        return self.add("QuantizeLinear", [flat, scale, zeros], stem, axis=0)

    def product(self, node: Any, weight: NDArray[np.float32], channel_scale: NDArray[np.float32]) -> None:
        """``x @ weight`` in bytes, scaled back by token and by column."""
        stem = f"{node.output[0]}.int8"
        activations = self.rounded(node.input[0], channel_scale)
        values, scale = _rounded_weights(weight * channel_scale[:, None], axis=0)
        bytes_ = self.constant(f"{stem}.weight", values)
        total = self.add("MatMulInteger", [activations, bytes_, "int8.zero"], f"{stem}.sum")
        real = self.add("Cast", [total], f"{stem}.real", to=require("onnx").TensorProto.FLOAT)
        by_token = self.add("Mul", [real, f"{activations}.scale"], f"{stem}.by_token")
        by_column = self.add("Mul", [by_token, self.constant(f"{stem}.columns", scale[0])], f"{stem}.by_column")
        width = self.constant(f"{stem}.width", [weight.shape[1]])
        shape = self.add("Concat", [f"{activations}.shape", width], f"{stem}.shape", axis=0)
        self.add("Reshape", [by_column, shape], node.output[0])

    def table(self, node: Any, table: NDArray[np.float32]) -> None:
        """Rows of a table kept in bytes, each row with a scale of its own."""
        stem = f"{node.output[0]}.int8"
        values, scale = _rounded_weights(table, axis=1)
        rows = self.add("Gather", [self.constant(f"{stem}.table", values), node.input[1]], f"{stem}.rows")
        sizes = self.add("Gather", [self.constant(f"{stem}.sizes", scale), node.input[1]], f"{stem}.scale")
        real = self.add("Cast", [rows], f"{stem}.real", to=require("onnx").TensorProto.FLOAT)
        self.add("Mul", [real, sizes], node.output[0])


def _rounded_weights(weight: NDArray[np.float32], *, axis: int) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    scale = np.maximum(np.abs(weight).max(axis, keepdims=True), _SMALLEST) / np.float32(_TOP)
    return np.round(weight / scale).astype(np.int8), scale.astype(np.float32)


def _channel_scales(
    products: list[Any], arrays: Mapping[str, NDArray[np.float32]], peaks: Mapping[str, NDArray[np.float32]]
) -> dict[str, NDArray[np.float32]]:
    """By activation, what each channel is divided by before it is rounded, and its weights multiplied by."""
    scales = {}
    for name, peak in peaks.items():
        readers = [arrays[node.input[1]] for node in products if node.input[0] == name]
        weight = np.max([np.abs(array).max(1) for array in readers], axis=0)
        exponents = _SHARE_OF_ACTIVATIONS * np.log(np.maximum(peak, 1e-5))
        exponents -= (1 - _SHARE_OF_ACTIVATIONS) * np.log(np.maximum(weight, 1e-5))
        scales[name] = np.exp(exponents - exponents.mean()).astype(np.float32)
    return scales


def _channel_peaks(
    model: Any, names: list[str], batches: Iterable[Mapping[str, NDArray[np.int64]]]
) -> dict[str, NDArray[np.float32]]:
    """Largest absolute value of each channel of the named activations ``[sequences, tokens, channels]``."""
    onnx, onnxruntime = require("onnx"), require("onnxruntime")
    probed = onnx.ModelProto()
    probed.CopyFrom(model)
    probed.graph.output.extend(onnx.ValueInfoProto(name=name) for name in names)
    session = onnxruntime.InferenceSession(probed.SerializeToString(), providers=["CPUExecutionProvider"])
    peaks: dict[str, NDArray[np.float32]] = {}
    for batch in batches:
        read = batch["attention_mask"] > 0
        for name, states in zip(names, session.run(names, dict(batch)), strict=True):
            peak = np.abs(states[read]).max(0)
            peaks[name] = np.maximum(peaks.get(name, peak), peak)
    return peaks


def _is_wide_product(node: Any, weights: Mapping[str, Any]) -> bool:
    if node.op_type != "MatMul" or node.input[1] not in weights or _is_in_a_head(node):
        return False
    shape = weights[node.input[1]].dims
    return len(shape) == 2 and shape[0] <= shape[1]


def _is_table(node: Any, weights: Mapping[str, Any]) -> bool:
    table = weights.get(node.input[0])
    return table is not None and len(table.dims) == 2 and table.data_type == require("onnx").TensorProto.FLOAT


def _is_in_a_head(node: Any) -> bool:
    """Whether the tracer met an operator in one of the heads."""
    return any(entry.key == "pkg.torch.onnx.name_scopes" and "'heads." in entry.value for entry in node.metadata_props)


def _replace(graph: Any, rewritten: _Rewriting) -> None:
    numpy_helper = require("onnx").numpy_helper
    used = {name for node in rewritten.nodes for name in node.input}
    kept = [entry for entry in graph.initializer if entry.name in used]
    new = [numpy_helper.from_array(value, name) for name, value in rewritten.constants.items()]
    for part, content in ((graph.node, rewritten.nodes), (graph.initializer, [*kept, *new]), (graph.value_info, [])):
        del part[:]
        part.extend(content)
