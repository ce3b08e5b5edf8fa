"""Labels taken from the training examples."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mtl_core.data import Example, infer_labels
from mtl_core.data.examples import Label
from mtl_core.errors import InputError
from mtl_core.tasks import Task


def examples_of(*labels: Label | None) -> list[Example]:
    return [Example(text="x", labels={} if label is None else {"t": label}) for label in labels]


@pytest.mark.parametrize(
    ("kind", "labels", "expected"),
    [
        ("binary", ["1", "0", None], ("0", "1")),
        ("multiclass", ["b", "a", None, "b"], ("a", "b")),
        ("multiclass", ["b#a", "a"], ("a", "b#a")),
        ("multilabel", [("b",), (), ("a", "c")], ("a", "b", "c")),
        ("evidence", [("b",), ("a", "b")], ("a", "b")),
        ("token", [("O", "B-y"), ("I-x",)], ("O", "B-x", "B-y", "I-x", "I-y")),
        ("token", [("B-x", "I-x")], ("O", "B-x", "I-x")),
        ("ranking", ["b", "a"], ("a", "b")),
    ],
)
def test_labels_of_each_kind(kind: str, labels: list[Label | None], expected: tuple[str, ...]) -> None:
    assert infer_labels(Task(name="t", kind=kind, weight=2.0), examples_of(*labels)) == Task(
        name="t", kind=kind, weight=2.0, labels=expected
    )


def test_labels_that_are_named_are_kept() -> None:
    task = Task(name="t", kind="multiclass", labels=("z", "b", "a"), separator="#")
    assert infer_labels(task, examples_of("a", "b")) is task


@given(st.permutations(["a", "b", "c", "c"]))
def test_the_order_of_the_examples_does_not_matter(labels: list[str]) -> None:
    assert infer_labels(Task(name="t", kind="multiclass"), examples_of(*labels)).labels == ("a", "b", "c")


@pytest.mark.parametrize(
    ("kind", "labels", "message"),
    [
        ("binary", ["0", "0"], "Task 't' has only the label '0' in the training data"),
        ("multiclass", ["a", None], "only the label 'a'"),
        ("multilabel", [("b", "a"), ("a", "b")], "only the label 'a, b'"),
        ("multilabel", [(), ()], "only the label 'none'"),
        ("token", [("O", "O"), ("O",)], "only the label 'O'"),
        ("multiclass", [None, None], "No training example has a label of task 't'"),
        ("multiclass", [], "The training split of task 't' is empty"),
    ],
)
def test_what_cannot_be_learned_is_refused(kind: str, labels: list[Label | None], message: str) -> None:
    with pytest.raises(InputError, match=message):
        infer_labels(Task(name="t", kind=kind), examples_of(*labels))


def test_one_class_is_refused_where_the_labels_are_named_too() -> None:
    with pytest.raises(InputError, match="only the label 'a'"):
        infer_labels(Task(name="t", kind="multiclass", labels=("a", "b")), examples_of("a", "a"))
