"""A tiny model with a task of every kind, traced once for all tests of the folder."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import torch

from mtl_core.encoder import SharedEncoder
from mtl_core.heads import Decision
from mtl_core.model import MultiTaskModel
from mtl_core.runtime import export as export_module
from mtl_core.runtime.export import ExportReport, export_model
from mtl_core.runtime.graph import MultiTaskGraph, write_onnx
from mtl_core.tasks import Task

TASKS = (
    Task(name="words", kind="binary"),
    Task(name="intent", kind="multiclass", labels=("ask", "tell", "show")),
    Task(name="topics", kind="multilabel", labels=("sums", "writing")),
    Task(name="slots", kind="token", labels=("O", "B-who", "I-who", "B-what", "I-what")),
    Task(name="measures", kind="evidence", labels=("goal", "check", "close")),
)
DECISIONS = {
    "words": Decision(temperature=0.5, thresholds=(0.4,)),
    "topics": Decision(temperature=2.0, thresholds=(0.3, 0.6)),
    "measures": Decision(thresholds=(0.5, 0.4, 0.6)),
}
SENTENCES = (
    "Pupils solve three sums on a card.",
    "plan",
    "  write\n\n\tthree   sums ",
    "Ünï ☃ 教案 \u200b",
    "pupils write " * 40,
    "[CLS] [SEP] <s>",
    "the lesson",
    "Which is larger, 0.45 or 0.6? Everybody shows on three.",
)


def tiny_model(folder: Path, tasks: tuple[Task, ...] = TASKS) -> MultiTaskModel:
    torch.manual_seed(1)
    encoder = SharedEncoder.load(folder, precision="float32")
    decisions = {task.name: DECISIONS[task.name] for task in tasks if task.name in DECISIONS}
    return MultiTaskModel(encoder, tasks, decisions=decisions)


@pytest.fixture(scope="session")
def tiny_multitask(tiny_folder: Path) -> MultiTaskModel:
    return tiny_model(tiny_folder)


@pytest.fixture(scope="session")
def traced(tiny_multitask: MultiTaskModel, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("traced") / "traced.onnx"
    write_onnx(MultiTaskGraph(tiny_multitask), path)
    return path


def export_traced(traced: Path, patch: pytest.MonkeyPatch) -> None:
    """Tracing takes seconds and gives the same file for the same model."""

    def copy(_: MultiTaskGraph, path: Path) -> None:
        shutil.copy(traced, path)

    patch.setattr(export_module, "write_onnx", copy)


@pytest.fixture
def quick_trace(traced: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    export_traced(traced, monkeypatch)


@pytest.fixture(scope="session")
def exported(
    tiny_multitask: MultiTaskModel, traced: Path, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, ExportReport]:
    """The tiny model in both formats."""
    parent = tmp_path_factory.mktemp("exports")
    with pytest.MonkeyPatch.context() as patch:
        export_traced(traced, patch)
        return {form: export_model(tiny_multitask, parent / form, format=form) for form in ("onnx", "openvino")}
