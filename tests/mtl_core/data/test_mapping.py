"""Rows become examples; what cannot is named by file and line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mtl_core.data import ColumnMap, Example, LabelColumn, read_examples
from mtl_core.data.examples import Label
from mtl_core.data.label_values import read_label
from mtl_core.errors import InputError
from mtl_core.tasks import Task

QUALITY = Task(name="quality", kind="binary")
TOPIC = Task(name="topic", kind="multiclass", labels=("maths", "music", "art"))
VERBS = Task(name="verbs", kind="multilabel", labels=("name", "draw", "sort"))
SLOTS = Task(name="slots", kind="token")


def examples_of(tmp_path: Path, rows: list[dict[str, Any]], columns: ColumnMap, *tasks: Task) -> list[Example]:
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return read_examples(path, columns, tasks, dataset="plans")


def label(value: Any, task: Task, *, words: int = 0, **column: Any) -> Label | None:
    return read_label({"y": value}, LabelColumn(column="y", **column), task, words=words)


def test_a_row_becomes_an_example(tmp_path: Path) -> None:
    columns = ColumnMap(
        text="body", group="school", segments="parts", labels={"quality": LabelColumn(column="q"), "topic": "t"}
    )
    rows = [{"body": " Draw it. ", "school": 7.0, "parts": ["Draw", " ", "it."], "q": True, "t": None}]
    [example] = examples_of(tmp_path, rows, columns, QUALITY, TOPIC)
    assert example == Example(
        text=" Draw it. ",
        labels={"quality": "1"},
        segments=("Draw", "it."),
        dataset="plans",
        group="7",
        source=f"{tmp_path / 'rows.jsonl'}:1",
    )


def test_words_win_over_the_text(tmp_path: Path) -> None:
    columns = ColumnMap(text="body", words="words", labels={"slots": "tags"})
    rows = [
        {"body": "not read", "words": ["to", "New", "York"], "tags": ["O", "B-city", "I-city"]},
        {"body": "not read", "words": " to  Rome ", "tags": "O B-city"},
    ]
    first, second = examples_of(tmp_path, rows, columns, SLOTS)
    assert (first.text, first.words, first.labels) == (
        "to New York",
        ("to", "New", "York"),
        {"slots": ("O", "B-city", "I-city")},
    )
    assert (second.text, second.words, second.labels) == ("to Rome", ("to", "Rome"), {"slots": ("O", "B-city")})


def test_sentences_are_cut_from_the_text(tmp_path: Path) -> None:
    rows = [{"text": "# Aim\nPupils sort the shapes. They name two."}]
    [example] = examples_of(tmp_path, rows, ColumnMap(text="text", segments="sentences"), QUALITY)
    assert example.segments[-2:] == ("Pupils sort the shapes.", "They name two.")


def test_rows_of_other_formats_give_the_same_examples(tmp_path: Path) -> None:
    columns = ColumnMap(text="text", labels={"quality": "q", "topic": "t"})
    (tmp_path / "a.csv").write_text("text,q,t\nSort.,yes,art\nDraw.,,\n", encoding="utf-8")
    pq.write_table(
        pa.table({"text": ["Sort.", "Draw."], "q": [1.0, float("nan")], "t": ["art", None]}), tmp_path / "a.parquet"
    )
    for name in ("a.csv", "a.parquet"):
        found = read_examples(tmp_path / name, columns, [QUALITY, TOPIC], dataset="d")
        assert [example.labels for example in found] == [{"quality": "1", "topic": "art"}, {}]


@pytest.mark.parametrize("value", [0, 0.0, False, "0", "0.0", "false", "False", "NO", " no "])
def test_negative_values_of_a_binary_task(value: Any) -> None:
    assert label(value, QUALITY) == "0"
    assert label(value, QUALITY.model_copy(update={"labels": ("ham", "spam")})) == "ham"


@pytest.mark.parametrize("value", [1, 1.0, True, "1", "1.0", "true", "TRUE", "Yes"])
def test_positive_values_of_a_binary_task(value: Any) -> None:
    assert label(value, QUALITY) == "1"
    assert label(value, QUALITY.model_copy(update={"labels": ("ham", "spam")})) == "spam"


def test_a_binary_label_by_its_own_name_comes_before_its_meaning() -> None:
    task = Task(name="kept", kind="binary", labels=("yes", "no"))
    assert label("yes", task) == "yes"
    assert label("1", task) == "no"


def test_a_map_names_the_labels() -> None:
    assert label(3, TOPIC, map={"3": "art"}) == "art"
    assert label("good", QUALITY, map={"good": "1", "bad": "0"}) == "1"
    assert label(["n", "d"], VERBS, map={"n": "name", "d": "draw"}) == ("name", "draw")
    assert label("0 1", SLOTS, words=2, map={"0": "O", "1": "B-city"}) == ("O", "B-city")


@pytest.mark.parametrize("task", [QUALITY, TOPIC, VERBS, SLOTS])
def test_missing_values_are_unknown_and_not_negative(task: Task) -> None:
    assert label(None, task) is None
    assert label(float("nan"), task) is None
    assert label("", task) is None
    assert label("  ", task) is None
    assert label(-100, task, missing=("-100",)) is None


def test_sets_of_labels() -> None:
    assert label(["sort", "name", "sort"], VERBS) == ("name", "sort")
    assert label("sort; name", VERBS, separator=";") == ("name", "sort")
    assert label("draw", VERBS) == ("draw",)
    assert label([], VERBS) == ()
    assert label("", VERBS, separator=";", missing=()) == ()
    assert label(["b", "a"], Task(name="open", kind="evidence")) == ("a", "b")


@given(st.sets(st.sampled_from(VERBS.labels)))
def test_labels_spread_over_columns(held: set[str]) -> None:
    column = LabelColumn(columns={name: f"is_{name}" for name in VERBS.labels})
    row = {f"is_{name}": int(name in held) for name in VERBS.labels}
    found = read_label(row, column, VERBS, words=0)
    assert found == tuple(name for name in VERBS.labels if name in held)
    assert read_label(dict.fromkeys(row), column, VERBS, words=0) is None
    with pytest.raises(InputError, match="fill all or none"):
        read_label({**row, "is_draw": ""}, column, VERBS, words=0)


def test_several_right_answers() -> None:
    task = Task(name="intent", kind="multiclass", labels=("a", "b", "c#d"), separator="#")
    assert label("b#a", task) == "b#a"
    assert label("c#d", task) == "c#d"
    assert label("x#y", Task(name="intent", kind="multiclass", separator="#")) == "x#y"
    with pytest.raises(InputError, match="'z' is not one of"):
        label("a#z", task)


def test_a_kind_of_ones_own_takes_one_label_or_several() -> None:
    task = Task(name="own", kind="ranking")
    assert label("a", task) == "a"
    assert label(["b", "a"], task) == ("b", "a")


@pytest.mark.parametrize(
    ("value", "task", "message"),
    [
        ("musik", TOPIC, r"task 'topic': the label 'musik' is not one of maths, music, art\. Did you mean 'music'\?"),
        ("zzzzz", TOPIC, "is not one of maths, music, art$"),
        (2, QUALITY, "'2' is not one of 0, 1"),
        (["art"], TOPIC, "a list or an object"),
        ({"a": 1}, VERBS, "a list or an object"),
        (["name", None], VERBS, "holds null"),
        (["name", ""], VERBS, "a label is empty"),
        ("O O", SLOTS, "2 tags for 3 words"),
        ("O B-x X-y", SLOTS, "'X-y' is no BIO tag"),
        ("O B- O", SLOTS, "'B-' is no BIO tag"),
        (["O", None, "O"], SLOTS, "the list of tags holds null"),
        ("O O B-y", SLOTS.model_copy(update={"labels": ("O", "B-x", "I-x")}), "'B-y' is not one of O, B-x, I-x"),
    ],
)
def test_a_value_that_is_no_label(value: Any, task: Task, message: str) -> None:
    with pytest.raises(InputError, match=message):
        label(value, task, words=3)


def test_many_allowed_labels_are_cut_short() -> None:
    task = Task(name="t", kind="multiclass", labels=tuple(f"label{number}" for number in range(80)))
    with pytest.raises(InputError, match=r"label11, … \(80 in all\)"):
        label("x", task)


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"text": ""}, "the text is empty"),
        ({"text": " \n"}, "the text is empty"),
        ({"text": None}, "holds null or NaN"),
        ({}, "holds null or NaN"),
        ({"text": float("nan")}, "holds null or NaN"),
        ({"text": 5}, "holds int, not text"),
        ({"text": "half \ud83d pair"}, "half of a character pair"),
        ({"text": "x", "parts": "no list"}, "no list of passages"),
        ({"text": "x", "parts": ["a", None]}, "holds null"),
        ({"text": "x", "group": ["a"]}, "a list or an object"),
    ],
)
def test_a_row_that_is_no_example(tmp_path: Path, row: dict[str, Any], message: str) -> None:
    rows = [{"text": "fine", "parts": [], "group": None}, row]
    with pytest.raises(InputError, match=message) as caught:
        examples_of(tmp_path, rows, ColumnMap(text="text", segments="parts", group="group"), QUALITY)
    assert "1 of 2 rows" in str(caught.value)
    assert "rows.jsonl:2: " in str(caught.value)


def test_the_first_ten_bad_rows_are_listed_in_one_error(tmp_path: Path) -> None:
    rows = [{"text": "x", "t": "art" if number % 2 else "no"} for number in range(30)]
    with pytest.raises(InputError) as caught:
        examples_of(tmp_path, rows, ColumnMap(text="text", labels={"topic": "t"}), TOPIC)
    lines = str(caught.value).splitlines()
    assert lines[0].startswith("15 of 30 rows")
    assert [line.split(":")[-3].rsplit(":")[-1] for line in lines[1:11]] == [str(2 * n + 1) for n in range(10)]
    assert lines[11:] == ["  and 5 more"]


def test_a_missing_column_is_named_with_those_that_exist(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no column 'txt'; it has text, label\. Did you mean 'text'\?"):
        examples_of(tmp_path, [{"text": "x", "label": 1}] * 3, ColumnMap(text="txt"), QUALITY)


def test_a_label_that_some_objects_lack_is_unknown_there(tmp_path: Path) -> None:
    columns = ColumnMap(text="text", labels={"topic": "t"})
    found = examples_of(tmp_path, [{"text": "x"}, {"text": "y", "t": "art"}], columns, TOPIC)
    assert [example.labels for example in found] == [{}, {"topic": "art"}]


def test_new_labels_of_held_out_data_are_kept_on_request(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text('{"text": "x", "t": "drama", "q": "yes"}\n', encoding="utf-8")
    columns = ColumnMap(text="text", labels={"topic": "t", "quality": "q"})
    [example] = read_examples(path, columns, [TOPIC, QUALITY], dataset="d", allow_new_labels=True)
    assert example.labels == {"topic": "drama", "quality": "1"}


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        (ColumnMap(text="text", labels={"topics": LabelColumn(column="t")}), r"'topics'.*Did you mean 'topic'\?"),
        (ColumnMap(text="text", labels={"slots": LabelColumn(column="t")}), "needs the column of the words"),
        (ColumnMap(text="text", labels={"topic": LabelColumn(column="t", separator=",")}), "one label a row"),
        (ColumnMap(text="text", labels={"topic": LabelColumn(columns={"art": "t"})}), "one label a row"),
        (ColumnMap(text="text", labels={"verbs": LabelColumn(columns={"drew": "t"})}), r"Did you mean 'draw'\?"),
    ],
)
def test_columns_that_do_not_fit_the_tasks(tmp_path: Path, columns: ColumnMap, message: str) -> None:
    with pytest.raises(InputError, match=message):
        examples_of(tmp_path, [{"text": "x", "t": "art"}], columns, TOPIC, VERBS, SLOTS)
