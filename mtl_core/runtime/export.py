"""A trained model as a folder that runs without torch: ONNX or OpenVINO, float32 or 8-bit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from mtl_core.errors import InputError
from mtl_core.runtime.decisions import KINDS, DecisionRule
from mtl_core.runtime.folder import (
    CONFIG_FILE,
    GRAPH_FILES,
    TOKENIZER_FILE,
    ExportConfig,
    ExportFormat,
    Parity,
    TokenizerSettings,
)
from mtl_core.runtime.graph import MultiTaskGraph, write_onnx
from mtl_core.runtime.inputs import InputReader, batches, pad
from mtl_core.runtime.packages import require
from mtl_core.runtime.parity import ParityLimits, check_limits, measure_parity, prepare, sample_texts
from mtl_core.runtime.quantise import quantise_onnx
from mtl_core.runtime.runtime import ExportedModel
from mtl_core.saved import write_atomic
from mtl_core.saved_folder import file_sha256, publish_folder

if TYPE_CHECKING:
    from mtl_core.data.examples import Example
    from mtl_core.model import MultiTaskModel

__all__ = ["ExportReport", "ParityLimits", "export_model"]

_TRACED = "traced.onnx"


@dataclass(frozen=True, slots=True)
class ExportReport:
    """What an export made.

    Args:
        folder: Where.
        config: Content of its ``export.json``.
        parity: How near it is to the torch model.
        size: Bytes of the folder's files.
    """

    folder: Path
    config: ExportConfig
    parity: Parity
    size: int


def export_model(
    model: MultiTaskModel,
    folder: str | Path,
    *,
    format: ExportFormat = "onnx",  # noqa: A002 - the word that every exporter uses
    quantise: Literal["int8", False] = False,
    samples: Sequence[str | Example] | None = None,
    limits: ParityLimits | None = None,
) -> ExportReport:
    """Write encoder, pooling and every head as one graph, compare it with the model, then publish the folder.

    Args:
        model: The trained model, in float32.
        folder: Where; an export or an empty folder there is replaced, anything else is kept.
        format: Which runtime is to read it.
        quantise: ``int8`` for 8-bit weights.
        samples: Texts to compare on, and from which a quantised graph learns its ranges; lesson plan sentences by
            default. Give texts of the kind that will be read.
        limits: How far the graph may be from the model.

    Returns:
        What was made.

    Raises:
        InputError: If a package is not installed, or a task's kind cannot be exported.
        ArtifactError: If the folder cannot be written, or the graph is too far from the model; nothing is left
            behind then.
    """
    target, allowed = Path(folder), limits or ParityLimits()
    _check_request(model, format, quantise)
    examples = prepare(model, sample_texts(model) if samples is None else samples)
    done: list[ExportConfig] = []

    def write(staged: Path) -> None:
        config = _write_parts(model, staged, format, quantise, examples)
        _write_config(staged, config)
        parity = measure_parity(model, ExportedModel.load(staged), examples)
        check_limits(parity, allowed, quantised=bool(quantise))
        done.append(config.model_copy(update={"parity": parity}))
        _write_config(staged, done[0])

    publish_folder(target, write, marker=CONFIG_FILE)
    config = done[0]
    if config.parity is None:
        raise AssertionError("The parity was measured before the folder was published.")
    size = sum((target / name).stat().st_size for name in (CONFIG_FILE, *config.files))
    return ExportReport(target, config, config.parity, size)


def _check_request(model: MultiTaskModel, form: ExportFormat, quantise: Literal["int8", False]) -> None:
    if form not in GRAPH_FILES:
        raise InputError(f"There is no export format {form!r}; take one of: {', '.join(GRAPH_FILES)}.")
    if quantise not in {False, "int8"}:
        raise InputError(f"There is no quantisation {quantise!r}; take int8, or none.")
    if form == "openvino" and quantise:
        raise InputError(
            "An 8-bit OpenVINO graph would need the package nncf, which is not used here; export to onnx with int8, "
            "or to openvino without and load it with precision='bfloat16'."
        )
    for task in model.tasks:
        if task.kind not in KINDS:
            raise InputError(
                f"The task {task.name!r} is of the kind {task.kind!r}, whose decisions only torch knows; "
                f"a model is exported with tasks of these kinds: {', '.join(KINDS)}."
            )
    require("onnxruntime" if form == "onnx" else "openvino")


def _write_parts(
    model: MultiTaskModel,
    staged: Path,
    form: ExportFormat,
    quantise: Literal["int8", False],
    examples: Sequence[Example],
) -> ExportConfig:
    """Graph and tokenizer, and what is known of them so far."""
    settings = _write_tokenizer(model, staged / TOKENIZER_FILE)
    graph = MultiTaskGraph(model)
    traced, target = staged / _TRACED, staged / GRAPH_FILES[form][0]
    write_onnx(graph, traced)
    if form == "openvino":
        _write_openvino(traced, target)
    elif quantise:
        pieces = InputReader((staged / TOKENIZER_FILE).read_bytes(), settings).read(examples)
        feeds = (pad([pieces[row] for row in rows], pad_id=settings.pad_id) for rows in batches(pieces))
        quantise_onnx(traced, target, ({name: feed[name] for name in graph.inputs} for feed in feeds))
    else:
        traced.rename(target)
    traced.unlink(missing_ok=True)
    return ExportConfig(
        format=form,
        quantised=quantise,
        encoder=model.encoder.name,
        dimension=model.encoder.dimension,
        tasks=tuple(
            DecisionRule(task=task, **model.decisions[task.name].model_dump(include={"temperature", "thresholds"}))
            for task in model.tasks
        ),
        inputs=graph.inputs,
        outputs=graph.outputs,
        tokenizer=settings,
        sha256={name: file_sha256(staged / name) for name in (*GRAPH_FILES[form], TOKENIZER_FILE)},
    )


def _write_tokenizer(model: MultiTaskModel, path: Path) -> TokenizerSettings:
    tokenizer = model.encoder.tokenizer
    path.write_text(tokenizer.backend_tokenizer.to_str(), encoding="utf-8")
    return TokenizerSettings(
        max_tokens=model.encoder.max_tokens,
        pad_id=tokenizer.pad_token_id or 0,
        unknown_id=tokenizer.unk_token_id,
        truncation_side=tokenizer.truncation_side,
    )


def _write_config(staged: Path, config: ExportConfig) -> None:
    write_atomic(staged / CONFIG_FILE, (config.model_dump_json(indent=1) + "\n").encode())


def _write_openvino(source: Path, target: Path) -> None:
    openvino = require("openvino")
    # not convert_model, which reports its use to a server
    openvino.save_model(openvino.Core().read_model(source), target, compress_to_fp16=False)
