"""``lesson-nudge export``: a trained model in another format, which predicts alike."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.chatbot.training_commands.command_runs import World, one_error_line, run, succeeded


def test_export_asks_for_a_trained_model(tmp_path: Path) -> None:
    assert "holds no multitask.json" in one_error_line(run("export", tmp_path, tmp_path / "out"))


def test_an_export_is_made_and_predicted_with(world: World, tmp_path: Path) -> None:
    pytest.importorskip("onnxruntime")
    pytest.importorskip("onnxscript")
    folder = tmp_path / "onnx"
    samples = tmp_path / "texts.txt"
    samples.write_text("pupils compare fractions\nfly from oslo to new lima\n", encoding="utf-8")
    said = succeeded(run("export", world.model, folder, "--samples", samples))
    assert said.startswith(f"exported {folder}, ")
    texts = ["--text", "pupils compare fractions", "--json"]
    ours, theirs = (json.loads(succeeded(run("predict", place, *texts))) for place in (world.model, folder))
    assert {name: row["label"] for name, row in theirs["tasks"].items()} == {
        name: row["label"] for name, row in ours["tasks"].items()
    }
