"""``lesson-nudge train-rubric``."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from chatbot import cli
from tests.mtl_core.training.own_texts import RUBRIC_YAML, write_table

PLAN = """# Hedges

Objective: pupils can name three plants of a hedge.

Starter: pupils match pictures of leaves to names.

Main: the class walks along the hedge by the field and each pair collects four leaves outside.

Plenary: pupils write two sentences about one plant.
"""


@pytest.fixture
def files(tmp_path: Path) -> Path:
    (tmp_path / "rubric.yaml").write_text(RUBRIC_YAML, encoding="utf-8")
    (tmp_path / "plan.md").write_text(PLAN, encoding="utf-8")
    write_table(tmp_path / "labels.csv")
    return tmp_path


def test_a_rubric_of_ones_own_is_trained_and_read_with(files: Path) -> None:
    runner, output = CliRunner(), str(files / "own")
    arguments = ["train-rubric", str(files / "rubric.yaml"), str(files / "labels.csv"), "--output", output]
    trained = runner.invoke(cli.app, arguments)
    assert trained.exit_code == 0, trained.output
    read = runner.invoke(cli.app, ["assess", str(files / "plan.md"), "--model", output, "--json"])
    assert read.exit_code == 0, read.output
    measures = json.loads(read.stdout)["measures"]
    assert list(measures) == ["outdoors"]
    assert measures["outdoors"]["verdict"] == "present"
    assert "walks along the hedge" in measures["outdoors"]["evidence"][0]["quote"]
    shown = runner.invoke(cli.app, ["assess", str(files / "plan.md"), "--model", output])
    assert "Learning outside" in shown.output


def test_what_does_not_fit_is_one_line_and_writes_nothing(files: Path) -> None:
    (files / "labels.csv").write_text("text\nA walk.\n", encoding="utf-8")
    arguments = ["train-rubric", str(files / "rubric.yaml"), str(files / "labels.csv"), "-o", str(files / "own")]
    refused = CliRunner().invoke(cli.app, arguments)
    assert refused.exit_code == 1
    assert "no column 'outdoors'" in refused.stderr
    assert refused.stderr.count("\n") == 1
    assert not (files / "own").exists()
