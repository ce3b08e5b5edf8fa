"""``lesson-nudge distill``: students of a model and of a file of probabilities."""

from __future__ import annotations

import json
from pathlib import Path

from mtl_core.saved_model import load_model
from tests.chatbot.training_commands.command_runs import World, one_error_line, run, succeeded
from tests.chatbot.training_commands.training_world import write_rows


def test_distill_makes_a_smaller_student(world: World, tmp_path: Path) -> None:
    student = tmp_path / "student"
    options = ["--teacher", world.model, "--layers", 1, "trainer.epochs=1", f"output={student}"]
    found = json.loads(succeeded(run("distill", "--config", world.config, *options, "--json")))
    assert found["model"] == str(student)
    assert load_model(student).encoder.layer_count == load_model(world.model).encoder.layer_count - 1


def test_distill_takes_a_file_of_probabilities(world: World, tmp_path: Path) -> None:
    teacher = write_rows(tmp_path / "said.jsonl", [{"text": "pupils hear new drums", "probabilities": {"thinks": 0.1}}])
    result = run("distill", "-c", world.config, "--teacher", teacher, "trainer.epochs=1", f"output={tmp_path / 'm'}")
    succeeded(result)
    assert "1 further texts" in result.stderr
    line = one_error_line(run("distill", "--config", world.config, "--teacher", "nobody", f"output={tmp_path / 'x'}"))
    assert "no teacher 'nobody'" in line
