"""The README of a saved model."""

from __future__ import annotations

import json

import pytest
import yaml

from mtl_core.heads import Decision, HeadSettings
from mtl_core.model_card import model_card_text
from mtl_core.saved_model import ModelCard, SavedConfig
from mtl_core.tasks import Task


def card(tasks: tuple[Task, ...], **settings: object) -> str:
    return model_card_text(
        SavedConfig(
            tasks=tasks,
            settings=HeadSettings(),
            decisions={tasks[0].name: Decision(temperature=1.5, thresholds=(0.25,))},
            card=ModelCard.model_validate(settings),
            sha256={},
        )
    )


def rows(text: str) -> list[list[str]]:
    lines = [line.replace(r"\|", "¦") for line in text.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def test_it_says_what_was_trained_and_how_well() -> None:
    text = card(
        (Task(name="weather", kind="binary", labels=("no", "yes")),),
        project="atis",
        encoder="some-encoder",
        training={"seed": 3},
        figures={"weather": {"f1": 0.98765}},
    )
    header = yaml.safe_load(text.split("---")[1])
    assert header["library_name"] == "lesson-nudge"
    assert "# atis\n" in text
    assert "some-encoder" in text
    assert ["weather", "binary", "no, yes", "0.25", "1.50"] in rows(text)
    assert ["weather", "f1", "0.9877"] in rows(text)
    assert json.loads(text.split("```json")[1].split("```")[0]) == {"seed": 3}


def test_a_task_without_a_decision_has_the_plain_one() -> None:
    tasks = (Task(name="a", kind="binary", labels=("no", "yes")), Task(name="b", kind="multiclass", labels=("x", "y")))
    assert ["b", "multiclass", "x, y", "-", "1.00"] in rows(card(tasks))


@pytest.mark.parametrize("label", ["a|b", "a\nb", "a\\|b", "`a", "a\r\nb"])
def test_labels_cannot_break_the_table(label: str) -> None:
    text = card((Task(name="task", kind="multiclass", labels=(label, "plain")),))
    table = rows(text)
    assert {len(row) for row in table} == {5}
    assert table[2][0] == "task"


def test_many_labels_are_cut_short() -> None:
    labels = tuple(f"l{number}" for number in range(40))
    text = card((Task(name="task", kind="multiclass", labels=labels),))
    assert "l11, ..." in text
    assert "l12" not in text


def test_nothing_known_still_gives_a_card() -> None:
    text = card((Task(name="task", kind="binary", labels=("no", "yes")),))
    assert "# Multi-task model" in text
    assert "MultiTaskModel.from_pretrained" in text
    assert "## Training" not in text
