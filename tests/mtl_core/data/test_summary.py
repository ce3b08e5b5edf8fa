"""What is said of the data before training."""

from __future__ import annotations

import json

from mtl_core.data import Example, summarise
from mtl_core.data.examples import Label
from mtl_core.tasks import Task

TOPIC = Task(name="topic", kind="multiclass", labels=("maths", "art", "music"))
SLOTS = Task(name="slots", kind="token")


def example(text: str, source: str = "", group: str = "", **labels: Label) -> Example:
    return Example(text=text, labels=labels, source=source, dataset="d", group=group)


TRAIN = [
    example("Sort the shapes.", "a.csv:2", topic="maths"),
    example("sort  the SHAPES.", "a.csv:3", topic="art"),
    example("sort the shapes.", "a.csv:4", topic="art"),
    example("Draw", "a.csv:5", topic="art"),
    example("Draw", "a.csv:6", topic="art"),
    example("No label here at all", "a.csv:7", group="g"),
]
VALIDATION = [
    example("Draw", "b.csv:2", topic="music"),
    example("Sing", "b.csv:3", group="g"),
]


def test_counts_of_a_split() -> None:
    train = summarise({"train": TRAIN, "validation": VALIDATION}, [TOPIC]).splits["train"]
    assert train.rows == 6
    assert train.datasets == {"d": 6}
    assert train.duplicates == 3
    assert train.tasks["topic"].labelled == 5
    assert train.tasks["topic"].labels == {"maths": 1, "art": 4, "music": 0}
    assert train.tasks["topic"].conflicts == 1
    assert (train.words["min"], train.words["median"], train.words["max"]) == (1.0, 3.0, 5.0)


def test_a_conflict_names_its_labels_and_rows() -> None:
    [conflict] = summarise({"train": TRAIN}, [TOPIC]).conflicts
    assert (conflict.labels, conflict.sources) == (("maths", "art"), ("a.csv:2", "a.csv:3"))


def test_an_unknown_label_is_no_conflict_and_tags_are_counted_by_word() -> None:
    rows = [
        Example(text="to Rome", words=("to", "Rome"), labels={"slots": ("O", "B-city")}),
        Example(text="to Rome", words=("to", "Rome"), labels={}),
        Example(text="to Rome", words=("to", "Rome"), labels={"slots": ("O", "O")}),
        Example(text="to a b c", words=("to", "a b c"), labels={}),
    ]
    split = summarise({"train": rows[:2]}, [SLOTS]).splits["train"]
    assert (split.tasks["slots"].conflicts, split.tasks["slots"].labels) == (0, {"B-city": 1, "O": 1})
    assert summarise({"train": rows[:3]}, [SLOTS]).splits["train"].tasks["slots"].conflicts == 1
    assert summarise({"train": rows[3:]}, [SLOTS]).splits["train"].words["max"] == 2.0


def test_warnings_say_what_to_look_at() -> None:
    warnings = summarise({"train": TRAIN, "validation": VALIDATION, "test": []}, [TOPIC, SLOTS]).warnings
    assert warnings == (
        "No row of train has a label of task slots.",
        "No row of validation has a label of task slots.",
        "The split test is empty.",
        "No row of train has the label music of task topic.",
        "validation has the label music of task topic, which train lacks.",
        "1 texts of train have different labels of task topic.",
        "Leakage: 1 rows of validation share their text with train, the first of them b.csv:2 with a.csv:5.",
        "Leakage: 1 rows of validation share their group with train, the first of them b.csv:3 with a.csv:7.",
    )


def test_leakage_between_validation_and_test_is_seen_too() -> None:
    [warning] = summarise({"train": TRAIN[:1], "validation": TRAIN[3:4], "test": TRAIN[4:5]}, []).warnings
    assert warning.startswith("Leakage: 1 rows of test share their text with validation")


def test_clean_data_gives_no_warning() -> None:
    rows = [example("a", topic="maths"), example("b", topic="art"), example("c", topic="music")]
    assert summarise({"train": rows}, [TOPIC]).warnings == ()


def test_the_partner_of_a_tag_is_not_called_absent() -> None:
    task = Task(name="slots", kind="token", labels=("O", "B-city", "B-day", "I-city", "I-day"))
    rows = [Example(text="Rome", words=("Rome",), labels={"slots": ("B-city",)})]
    assert summarise({"train": rows}, [task]).warnings == (
        "No row of train has the label O, B-day, I-day of task slots.",
    )


def test_json_holds_the_whole_summary() -> None:
    summary = summarise({"train": TRAIN, "validation": VALIDATION}, [TOPIC])
    assert json.loads(summary.as_json()) == summary.model_dump(mode="json")
    assert type(summary).model_validate_json(summary.as_json()) == summary


def test_markdown_shows_every_figure_in_tables() -> None:
    text = summarise({"train": TRAIN, "test": []}, [TOPIC]).as_markdown()
    assert "| train | 6 | 3 | 1 | 3 |" in text
    assert "| test | 0 | 0 |" in text
    assert "| art | 4 | 0 |" in text
    assert "| (labelled rows) | 5 | 0 |" in text
    assert "| topic | maths / art | a.csv:2, a.csv:3 |" in text
    assert "- The split test is empty.\n" in text
    for line in text.splitlines():
        assert line == line.rstrip()


def test_a_label_cannot_break_a_table() -> None:
    text = summarise({"train": [example("x", topic="a|b\nc")]}, [Task(name="topic", kind="multiclass")]).as_markdown()
    assert "| a\\|b c | 1 |" in text


def test_no_data_at_all() -> None:
    summary = summarise({}, [TOPIC])
    assert summary.warnings == ()
    assert summary.as_markdown().startswith("# Data\n")
