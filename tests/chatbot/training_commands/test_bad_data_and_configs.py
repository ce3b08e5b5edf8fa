"""Data that cannot be learned from, and configs that do not fit, end a command in one error."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.chatbot.training_commands.command_runs import Change, World, one_error_line, run
from tests.chatbot.training_commands.training_world import lesson_rows, write_rows


def _rename(content: dict[str, Any]) -> None:
    content["datasets"][0]["columns"]["labels"]["thinks"] = "thinking"


def _unknown_label(content: dict[str, Any]) -> None:
    content["tasks"][1]["labels"] = ["maths", "sports"]


def _one_class(content: dict[str, Any]) -> None:
    content["datasets"][0]["columns"]["labels"]["subject"] = {"column": "subject", "map": {"maths": "music"}}


def _unknown_key(content: dict[str, Any]) -> None:
    content["trainer"]["epoch"] = 3


def _no_file(content: dict[str, Any]) -> None:
    content["datasets"][0]["train"] = "nowhere.jsonl"


def _empty_split(content: dict[str, Any]) -> None:
    content["datasets"][0]["validation"] = "empty.jsonl"


@pytest.mark.parametrize("command", ["train", "summary"])
@pytest.mark.parametrize(
    ("change", "said"),
    [
        (_rename, "has no column 'thinking'"),
        (_unknown_label, "'music' is not one of maths, sports"),
        (_one_class, "has only the label 'music'"),
        (_unknown_key, "trainer.epoch: unknown key"),
        (_no_file, "nowhere.jsonl does not exist"),
        (_empty_split, "empty.jsonl holds no rows"),
    ],
)
def test_data_that_cannot_be_learned_from_are_one_error(
    world: World, tmp_path: Path, command: str, change: Change, said: str
) -> None:
    (world.folder / "empty.jsonl").write_text("", encoding="utf-8")
    config = world.changed(tmp_path / "config.yaml", change)
    result = run(command, "--config", config, f"output={tmp_path / 'model'}")
    assert result.exit_code == 1
    assert isinstance(result.exception, SystemExit)
    assert result.stderr.count("error: ") == 1
    assert said in result.stderr
    assert not (tmp_path / "model").exists()


def test_one_bad_row_is_named_on_the_line_of_the_error(world: World, tmp_path: Path) -> None:
    rows = lesson_rows(8)
    rows[4]["thinks"] = "maybe"
    bad = write_rows(tmp_path / "bad.jsonl", rows)
    line = one_error_line(run("train", "--config", world.config, "--dataset-name", bad, f"output={tmp_path / 'm'}"))
    assert f"{bad}:5" in line
    assert "'maybe' is not one of 0, 1" in line


def test_several_bad_rows_have_a_line_each(world: World, tmp_path: Path) -> None:
    rows = [{**row, "thinks": "maybe"} for row in lesson_rows(3)]
    bad = write_rows(tmp_path / "bad.jsonl", rows)
    result = run("train", "--config", world.config, "--dataset-name", bad, f"output={tmp_path / 'm'}")
    lines = result.stderr.splitlines()
    start = next(number for number, line in enumerate(lines) if line.startswith("error: 3 of 3 rows"))
    assert [f"{bad}:{number}" in line for number, line in enumerate(lines[start + 1 :], start=1)] == [True] * 3


@pytest.mark.parametrize(
    ("overrides", "said"),
    [
        (["seed"], "not key=value"),
        (["sed=1"], "sed: unknown key"),
        (["trainer.epochs=many"], "trainer.epochs"),
        (["seed=2026-13-45"], "not YAML"),
        (["--task", "moods"], "'moods', which is not a task"),
        (["--val-split", "1.5"], "splits.validation"),
    ],
)
def test_an_override_that_does_not_fit_is_one_line(world: World, overrides: list[str], said: str) -> None:
    assert said in one_error_line(run("train", "--config", world.config, *overrides))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "cannot be read"),
        ("- a", "no settings"),
        ("a: [", "no YAML"),
        ("seed: 2026-13-45", "no YAML"),
        ("[" * 20_000, "no YAML"),
    ],
)
def test_a_config_that_cannot_be_read_is_one_line(tmp_path: Path, content: str | None, said: str) -> None:
    path = tmp_path / "config.yaml"
    if content is not None:
        path.write_text(content, encoding="utf-8")
    assert said in one_error_line(run("summary", "--config", path))
