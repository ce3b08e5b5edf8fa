"""From a config to examples: files, labels, splits, few-shot samples."""

from __future__ import annotations

import random
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mtl_core.data.columns import ColumnMap
from mtl_core.data.examples import Example
from mtl_core.errors import InputError
from mtl_core.tasks import Task
from mtl_core.training.config import TrainingConfig
from mtl_core.training.prepare import few_of_each, prepare, read_for_model, without_unseen
from tests.mtl_core.training.small_runs import TASKS, config_of, dataset_of, row_of, write_data, write_rows


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_data(tmp_path_factory.mktemp("data"), lack=0.2)


def config(data: Path, *tasks: str, **sections: Any) -> TrainingConfig:
    return config_of(data, data / "out", Path("encoder"), *tasks, **sections)


def test_labels_are_taken_from_the_training_data(data: Path) -> None:
    found = prepare(config(data, "weather", "topic", "things", "spans"))
    assert {task.name: task.labels for task in found.tasks} == {
        "weather": ("no", "yes"),
        "topic": ("east", "north", "south"),
        "things": ("g", "s"),
        "spans": ("O", "B-key", "B-land", "I-key", "I-land"),
    }
    assert (len(found.train["rows"]), len(found.validation), found.test) == (40, 24, [])
    assert found.train["rows"][0].source.endswith("train.jsonl:1")
    assert any("topic" not in example.labels for example in found.train["rows"])


def test_selected_tasks_alone_are_read(data: Path) -> None:
    found = prepare(config(data, "weather", "topic", select=["topic"]))
    assert [task.name for task in found.tasks] == ["topic"]
    assert {name for example in found.train["rows"] for name in example.labels} == {"topic"}


def test_a_data_set_without_a_selected_task_is_left_out(data: Path) -> None:
    sets = [dataset_of("weather"), dataset_of("topic", name="other")]
    found = prepare(config(data, "weather", "topic", datasets=sets, select=["topic"]))
    assert list(found.train) == ["other"]


def test_a_file_without_partners_is_split_without_leaks(tmp_path: Path) -> None:
    source = random.Random(0)
    rows = [row_of(source) for _ in range(60)]
    write_rows(tmp_path / "train.jsonl", rows + rows[:20])
    sections = {"datasets": [dataset_of("weather", validation=None)]}
    found = prepare(config(tmp_path, "weather", **sections))
    texts = [{example.text for example in part} for part in (found.train["rows"], found.validation, found.test)]
    assert all(texts)
    assert not texts[0] & texts[1]
    assert not texts[0] & texts[2]
    assert not texts[1] & texts[2]
    again = prepare(config(tmp_path, "weather", **sections))
    assert [example.text for example in again.validation] == [example.text for example in found.validation]
    other = prepare(config(tmp_path, "weather", seed=1, **sections))
    assert [example.text for example in other.validation] != [example.text for example in found.validation]


def test_a_test_file_of_its_own_is_kept_whole(tmp_path: Path) -> None:
    source = random.Random(0)
    write_rows(tmp_path / "train.jsonl", [row_of(source) for _ in range(40)])
    write_rows(tmp_path / "test.jsonl", [row_of(source) for _ in range(7)])
    found = prepare(config(tmp_path, "weather", datasets=[dataset_of("weather", validation=None, test="test.jsonl")]))
    assert (len(found.train["rows"]), len(found.validation), len(found.test)) == (36, 4, 7)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([], r"train.jsonl holds no rows"),
        ([{"text": "a", "weather": "yes"}, {"text": "b", "weather": "yes"}], "'weather' has only the label 'yes'"),
        ([{"text": "a", "weather": None}, {"text": "b", "weather": None}], "No training example has a label of task"),
        ([{"text": "a", "weather": "maybe"}], r"train.jsonl:1: task 'weather': the label 'maybe' is not one of"),
        ([{"text": "a", "wether": "yes"}], r"has no column 'weather'"),
        ([{"text": " ", "weather": "yes"}], r"train.jsonl:1: the text is empty"),
    ],
)
def test_data_that_cannot_be_learned_from_is_refused(
    data: Path, tmp_path: Path, rows: list[dict[str, Any]], message: str
) -> None:
    write_rows(tmp_path / "train.jsonl", rows)
    write_rows(tmp_path / "validation.jsonl", [row_of(random.Random(0))])
    with pytest.raises(InputError, match=message):
        prepare(config(tmp_path, "weather", words=False))


def test_labels_that_are_named_need_no_second_class_but_two_to_learn(tmp_path: Path) -> None:
    rows = [{"text": text, "topic": "north"} for text in "abc"]
    write_rows(tmp_path / "train.jsonl", rows)
    write_rows(tmp_path / "validation.jsonl", rows)
    tasks = [{**TASKS["topic"], "labels": ["north", "south"]}]
    with pytest.raises(InputError, match="'topic' has only the label 'north' in the training data"):
        prepare(config(tmp_path, "topic", words=False, tasks=tasks))


def test_validation_data_without_any_label_is_refused_before_the_training(tmp_path: Path) -> None:
    write_data(tmp_path)
    rows = [{**row_of(random.Random(0)), "weather": None}]
    write_rows(tmp_path / "validation.jsonl", rows)
    with pytest.raises(InputError, match="validation data label none of the tasks weather; nothing could be chosen by"):
        prepare(config(tmp_path, "weather"))


def test_missing_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"train\.jsonl"):
        prepare(config(tmp_path, "weather"))


def test_only_so_many_of_each_label_are_trained_on(data: Path) -> None:
    found = prepare(config(data, "weather", datasets=[dataset_of("weather", only=3)]))
    assert Counter(example.labels["weather"] for example in found.train["rows"]) == {"yes": 3, "no": 3}
    assert len(found.validation) == 24
    same = prepare(config(data, "weather", datasets=[dataset_of("weather", only=3)]))
    assert same.train == found.train
    other = prepare(config(data, "weather", datasets=[dataset_of("weather", only=3)], seed=5))
    assert other.train != found.train


SETS = st.lists(st.none() | st.lists(st.sampled_from("abc"), unique=True).map(tuple), max_size=12)


@settings(deadline=None, max_examples=60)
@given(SETS, st.integers(1, 3), st.integers(0, 20))
def test_a_few_shot_sample_has_enough_of_each_and_no_more_than_it_needs(
    labels: list[tuple[str, ...] | None], count: int, seed: int
) -> None:
    examples = [
        Example(text=str(number), labels={} if label is None else {"task": label})
        for number, label in enumerate(labels)
    ]
    sample = few_of_each(examples, task="task", count=count, seed=seed)
    assert [int(example.text) for example in sample] == sorted({int(example.text) for example in sample})
    assert all("task" in example.labels for example in sample)
    # an empty set is a class of its own: without it a multilabel task would never see that nothing may hold
    there = Counter(name for label in labels if label is not None for name in label or ("",))
    taken = Counter(name for example in sample for name in example.labels["task"] or ("",))
    assert all(taken[name] >= min(count, there[name]) for name in there)
    assert taken[""] <= count
    assert len(sample) <= count * len(there)


def test_words_of_one_sentence_count_once() -> None:
    examples = [Example(text=str(n), words=("w",) * 4, labels={"task": ("O", "O", "O", "B-x")}) for n in range(5)]
    assert len(few_of_each(examples, task="task", count=2, seed=0)) == 2


def test_labels_of_one_text_count_as_one() -> None:
    examples = [Example(text=str(n), labels={"task": "long" if n else "rare"}) for n in range(6)]
    sample = few_of_each(examples, task="task", count=2, seed=0)
    assert Counter(example.labels["task"] for example in sample) == {"long": 2, "rare": 1}


def test_a_label_that_the_model_does_not_know_is_not_learned() -> None:
    tasks = {
        "topic": Task(name="topic", kind="multiclass", labels=("a", "b"), separator="#"),
        "things": Task(name="things", kind="multilabel", labels=("x",)),
    }
    example = Example(text="w", labels={"topic": "a", "things": ("x",), "other": "z"})
    assert without_unseen(example, tasks) is example
    strange = Example(text="w", labels={"topic": "z", "things": ("x", "y"), "other": "z"})
    assert without_unseen(strange, tasks).labels == {"other": "z"}
    several = Example(text="w", labels={"topic": "z#b", "things": ()})
    assert without_unseen(several, tasks) is several


def test_a_file_is_read_with_the_columns_of_the_training(data: Path) -> None:
    tasks = prepare(config(data, "weather", "topic")).tasks
    one = {"rows": ColumnMap(text="text", labels={"weather": "weather"})}
    found = read_for_model(data / "validation.jsonl", tasks=tasks, datasets=one)
    assert len(found) == 24
    assert set(found[0].labels) == {"weather"}
    both = {"other": ColumnMap(text="missing"), **one}
    assert read_for_model(data / "validation.jsonl", tasks=tasks, datasets=both)[0].dataset == "rows"
    with pytest.raises(InputError, match="knows no data set 'none'; it knows: other, rows"):
        read_for_model(data / "validation.jsonl", tasks=tasks, datasets=both, dataset="none")
    with pytest.raises(InputError, match="does not say what the columns"):
        read_for_model(data / "validation.jsonl", tasks=tasks, datasets={})
    with pytest.raises(InputError, match="missing"):
        read_for_model(data / "validation.jsonl", tasks=tasks, datasets=both, dataset="other")
