"""``lesson-nudge evaluate``: the figures of the library, a report, and evaluations that cannot be made."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mtl_core.evaluation.evaluate import evaluate
from mtl_core.evaluation.report import EvaluationReport
from mtl_core.model import MultiTaskModel
from mtl_core.saved_model import load_model
from tests.chatbot.training_commands.command_runs import World, one_error_line, run, succeeded
from tests.chatbot.training_commands.training_world import write_rows


def test_evaluate_prints_the_figures_of_the_library(world: World, model: MultiTaskModel) -> None:
    from mtl_core.data import ColumnMap, read_examples

    data = world.folder / "flights-dev.jsonl"
    found = json.loads(succeeded(run("evaluate", world.model, "--data", data, "--json")))
    columns = ColumnMap.model_validate(world.content["datasets"][1]["columns"])
    assert found == evaluate(model, read_examples(data, columns, model.tasks, dataset="flights")).as_json()
    assert set(found["tasks"]) == {"intent", "slots"}
    shown = succeeded(run("evaluate", world.model, "--data", data, "--dataset", "flights"))
    assert f"{found['tasks']['intent']['accuracy']:.4f}" in shown
    assert "all tasks right" in shown


def test_evaluate_writes_a_report_beside_single_models(world: World, tmp_path: Path) -> None:
    single = tmp_path / "single"
    succeeded(run("train", "--config", world.config, "--task", "intent", "--max-epochs", 1, f"output={single}"))
    data, report = world.folder / "flights-dev.jsonl", tmp_path / "report"
    result = run("evaluate", world.model, "--data", data, "--report", report, "--single", f"intent={single}", "--json")
    found = json.loads(succeeded(result))
    alone = json.loads(succeeded(run("evaluate", single, "--data", data, "--json")))
    (f1, accuracy) = found["deltas"]["intent"]
    assert (f1["metric"], accuracy["metric"]) == ("f1", "accuracy")
    assert accuracy["single"] == alone["tasks"]["intent"]["accuracy"]
    assert accuracy["shared"] == found["tasks"]["intent"]["accuracy"]
    assert accuracy["points"] == pytest.approx(100 * (accuracy["shared"] - accuracy["single"]))
    written = EvaluationReport.read(report)
    assert set(written.deltas) == {"intent"}
    assert set(written.calibration) == {"intent", "slots"}
    assert written.calibration["slots"].temperature == load_model(world.model).decisions["slots"].temperature
    assert f"{data.name}:" in written.notes[0]
    for name in ("embeddings", "outliers", "reliability-intent", "f1-slots"):
        assert (report / f"{name}.png").read_bytes().startswith(b"\x89PNG")
    shown = succeeded(run("evaluate", world.model, "--data", data, "--single", f"intent={single}"))
    assert "beside single-task models" in shown


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--data", "nowhere.jsonl"], "nowhere.jsonl does not exist"),
        (["--data", "{dev}", "--dataset", "trains"], "no data set 'trains'"),
        (["--data", "{dev}", "--single", "intent"], "TASK=FOLDER"),
        (["--data", "{dev}", "--single", "intent=nowhere"], "nowhere holds no multitask.json"),
        (["--data", "{dev}", "--single", "mood={model}"], "has: thinks, subject, intent, slots"),
        (["--data", "{dev}", "--single", "thinks={model}"], "no label of 'thinks'"),
    ],
)
def test_an_evaluation_that_cannot_be_made_is_one_line(world: World, options: list[str], said: str) -> None:
    places = {"dev": world.folder / "flights-dev.jsonl", "model": world.model}
    assert said in one_error_line(run("evaluate", world.model, *(option.format(**places) for option in options)))


def test_a_file_without_the_columns_or_labels_of_the_model_is_one_line(world: World, tmp_path: Path) -> None:
    strange = write_rows(tmp_path / "strange.jsonl", [{"title": "a"}])
    assert "has no column" in one_error_line(run("evaluate", world.model, "--data", strange))
    bare = write_rows(tmp_path / "bare.jsonl", [{"text": "a", "thinks": None, "subject": None}])
    assert "No example has a label" in one_error_line(run("evaluate", world.model, "--data", bare))
