"""The report: what it holds, how it reads, and that it is written whole and read with care."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from pydantic import ValidationError

from mtl_core.errors import ArtifactError, InputError
from mtl_core.evaluation import (
    EvaluationReport,
    binary_scores,
    calibration_scores,
    compare_to_single,
    line_plot,
    multiclass_scores,
    span_scores,
)

if TYPE_CHECKING:
    import numpy as np


@pytest.fixture(scope="module")
def report() -> EvaluationReport:
    tasks = {
        "remember": binary_scores(["1", "0", "1"], ["1", "0", "0"]),
        "intent": multiclass_scores(["a", "a|b#c"], ["a", "c"], separator="#"),
        "slots": span_scores([["B-x", "O"]], [["B-x", "B-y"]]),
        "unlabelled": binary_scores([None], ["1"]),
    }
    return EvaluationReport(
        title="Shared model",
        dataset="dev",
        tasks=tasks,
        calibration={"remember": calibration_scores([2.0, -1.0, 3.0], [1, 0, 0], "binary", temperature=2.0)},
        thresholds={"remember": {"1": 0.42}},
        exact_match=0.5,
        exact_match_any=0.75,
        deltas=compare_to_single(tasks, {"remember": {"f1": 0.7}, "slots": {"f1": 0.5, "accuracy": 1.0}}),
        notes=("Thresholds were tuned on validation.",),
    )


def test_it_comes_back_as_it_was_written(report: EvaluationReport, tmp_path: Path) -> None:
    folder = tmp_path / "new" / "report"
    report.write(folder)
    assert EvaluationReport.read(folder) == report
    assert json.loads(report.to_json()) == report.to_dict()
    assert report.to_dict()["tasks"]["remember"]["f1"] == pytest.approx(2 / 3)
    assert (folder / "report.md").read_text(encoding="utf-8") == report.to_markdown()


def test_the_pictures_named_in_the_text_are_there(
    report: EvaluationReport, tmp_path: Path, pixels: Callable[[bytes], np.ndarray]
) -> None:
    curve = line_plot({"loss": ([1.0, 2.0], [0.5, 0.4])}, x_label="Epoch", y_label="Loss")
    report.write(tmp_path, pictures={"training": curve})
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {
        "report.json",
        "report.md",
        "f1-remember.png",
        "f1-intent.png",
        "f1-slots.png",
        "reliability-remember.png",
        "training.png",
    }
    text = (tmp_path / "report.md").read_text(encoding="utf-8")
    assert all(f"]({name})" in text for name in names if name.endswith(".png"))
    assert (tmp_path / "training.png").read_bytes() == curve
    assert pixels((tmp_path / "f1-slots.png").read_bytes()).size


def test_the_text_says_what_matters(report: EvaluationReport) -> None:
    text = report.to_markdown()
    assert "# Shared model" in text
    assert "| remember | binary | 3 | 1.0000 | 0.5000 | 0.6667 | 0.6667 |" in text
    assert "| unlabelled | binary | 0 | – | – | – | – |" in text
    assert "No example is labelled for this task." in text
    assert "| remember | f1 | 0.7000 | 0.6667 | -3.3 |" in text
    assert "| slots | accuracy | 1.0000 | 0.5000 | -50.0 |" in text
    assert "0.5000; 0.7500 when one of several right answers is enough" in text
    assert "- accuracy by any answer: 1.0000" in text
    assert "- sentences with every tag right: 0.0000" in text
    assert "| remember | 1 | 0.420 |" in text
    assert "- Thresholds were tuned on validation." in text
    # a label that would break the table
    assert r"| a\|b#c |" in text
    assert "nan" not in text.lower()


def test_tables_are_well_formed(report: EvaluationReport) -> None:
    tables = [part.splitlines() for part in report.to_markdown().split("\n\n") if part.startswith("|")]
    assert len(tables) >= 6
    for table in tables:
        assert len({line.replace(r"\|", "").count("|") for line in table}) == 1


def test_a_small_report_has_no_empty_sections() -> None:
    text = EvaluationReport(tasks={}).to_markdown()
    assert "Calibration" not in text
    assert "Notes" not in text
    assert text.endswith("\n")


def test_an_interrupted_write_leaves_the_old_report(
    report: EvaluationReport, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = EvaluationReport(title="Old", tasks={})
    old.write(tmp_path)

    def fail(self: Path, target: Path) -> Path:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(ArtifactError, match="No space left on device"):
        report.write(tmp_path)
    monkeypatch.undo()
    assert EvaluationReport.read(tmp_path) == old
    assert {path.name for path in tmp_path.iterdir()} == {"report.json", "report.md"}


def test_a_report_that_cannot_be_read_is_refused(report: EvaluationReport, tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match=r"holds no report\.json"):
        EvaluationReport.read(tmp_path)
    path = tmp_path / "report.json"
    data = report.to_dict()
    for content, message in [
        ("{", "is damaged"),
        ("[]", "is not a report"),
        (json.dumps({**data, "schema_version": 2}), "has schema version 2; this program reads 1"),
        (json.dumps({**data, "colour": "red"}), "colour: Extra inputs"),
        (json.dumps({**data, "tasks": {"t": {"kind": "other", "count": 0}}}), "tasks.t"),
        (json.dumps({**data, "exact_match": float("nan")}), "exact_match"),
    ]:
        path.write_text(content, encoding="utf-8")
        with pytest.raises(ArtifactError, match=message):
            EvaluationReport.read(tmp_path)


def test_names_that_would_leave_the_folder_are_refused(report: EvaluationReport, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"cannot be named '\.\./x'"):
        report.write(tmp_path, pictures={"../x": b""})
    assert not list(tmp_path.iterdir())
    with pytest.raises(ValidationError):
        EvaluationReport(tasks={"../x": binary_scores([], [])})


def test_a_folder_that_is_a_file_is_refused(report: EvaluationReport, tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("")
    with pytest.raises(ArtifactError, match="cannot be written"):
        report.write(tmp_path / "taken")


def test_deltas_are_in_points_and_by_task(report: EvaluationReport) -> None:
    (delta,) = report.deltas["remember"]
    assert delta.points == pytest.approx(100 * (2 / 3 - 0.7))
    assert compare_to_single(report.tasks, {"unlabelled": {"f1": 0.9}}) == {}


def test_single_task_figures_must_fit(report: EvaluationReport) -> None:
    with pytest.raises(InputError, match="name the task 'other'; the tasks are remember, intent"):
        compare_to_single(report.tasks, {"other": {"f1": 1.0}})
    with pytest.raises(InputError, match="'remember' has no figure 'accuracy_any'; it has precision"):
        compare_to_single(report.tasks, {"remember": {"accuracy_any": 1.0}})
