"""Precision, recall, F1 and accuracy, held against scikit-learn and torchmetrics."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, f1_score, precision_score, recall_score
from torchmetrics.functional.classification import multiclass_f1_score, multilabel_f1_score

from mtl_core.errors import InputError
from mtl_core.evaluation import (
    ClassificationScores,
    binary_scores,
    classification_scores,
    multiclass_scores,
    multilabel_scores,
)
from mtl_core.tasks import Task

LABELS = ("a", "b", "c")
BINARY = st.lists(st.tuples(st.sampled_from("01"), st.sampled_from("01")), min_size=1, max_size=30)
MULTICLASS = st.lists(st.tuples(st.sampled_from(LABELS), st.sampled_from(LABELS)), min_size=1, max_size=30)
SETS = st.sets(st.sampled_from(LABELS)).map(lambda chosen: tuple(sorted(chosen)))
MULTILABEL = st.lists(st.tuples(SETS, SETS), min_size=1, max_size=30)


@settings(deadline=None, max_examples=30)
@given(BINARY)
def test_binary_figures_are_those_of_the_positive_label(pairs: list[tuple[str, str]]) -> None:
    golds, said = zip(*pairs, strict=True)
    scores = binary_scores(golds, said)
    rule = {"pos_label": "1", "zero_division": 0}
    assert scores.precision == pytest.approx(precision_score(golds, said, **rule))
    assert scores.recall == pytest.approx(recall_score(golds, said, **rule))
    assert scores.f1 == pytest.approx(f1_score(golds, said, **rule))
    assert scores.accuracy == pytest.approx(accuracy_score(golds, said))
    assert scores.micro.f1 == pytest.approx(scores.accuracy)
    assert scores.per_label["1"].f1 == scores.f1
    assert scores.count == len(pairs)


@settings(deadline=None, max_examples=30)
@given(MULTICLASS)
def test_multiclass_figures_equal_scikit_learn(pairs: list[tuple[str, str]]) -> None:
    golds, said = zip(*pairs, strict=True)
    scores = multiclass_scores(golds, said, labels=LABELS)
    for average, figures in (("macro", scores.macro), ("micro", scores.micro)):
        rule = {"average": average, "zero_division": 0}
        assert figures.precision == pytest.approx(precision_score(golds, said, **rule))
        assert figures.recall == pytest.approx(recall_score(golds, said, **rule))
        assert figures.f1 == pytest.approx(f1_score(golds, said, **rule))
    assert scores.f1 == scores.macro.f1
    assert [score.support for score in scores.per_label.values()] == [golds.count(label) for label in LABELS]
    each = f1_score(golds, said, labels=list(LABELS), average=None, zero_division=0)
    assert [score.f1 for score in scores.per_label.values()] == pytest.approx(each.tolist())


@settings(deadline=None, max_examples=30)
@given(MULTILABEL)
def test_multilabel_figures_equal_scikit_learn(pairs: list[tuple[tuple[str, ...], tuple[str, ...]]]) -> None:
    golds, said = zip(*pairs, strict=True)
    scores = multilabel_scores(golds, said, labels=LABELS)
    truth, table = (
        np.asarray([[label in row for label in LABELS] for row in side]).astype(int) for side in (golds, said)
    )
    occurring = [column for column in range(3) if truth[:, column].any() or table[:, column].any()]
    assert scores.accuracy == pytest.approx(accuracy_score(truth, table))
    assert scores.micro.f1 == pytest.approx(f1_score(truth, table, average="micro", zero_division=0))
    if occurring:
        expected = f1_score(truth, table, average="macro", labels=occurring, zero_division=0)
        assert scores.macro.f1 == pytest.approx(expected)
    else:
        assert scores.macro.f1 == 0


def test_averages_equal_torchmetrics() -> None:
    random = np.random.default_rng(3)
    truth, said = random.integers(0, 3, 50), random.integers(0, 3, 50)
    scores = multiclass_scores([LABELS[i] for i in truth], [LABELS[i] for i in said], labels=LABELS)
    peer = multiclass_f1_score(torch.tensor(said), torch.tensor(truth), num_classes=3, average="macro")
    assert scores.f1 == pytest.approx(peer.item(), abs=1e-6)
    held, found = random.integers(0, 2, (50, 3)), random.integers(0, 2, (50, 3))
    rows = [[tuple(LABELS[i] for i in np.flatnonzero(row)) for row in side] for side in (held, found)]
    peer = multilabel_f1_score(torch.tensor(found), torch.tensor(held), num_labels=3, average="macro")
    assert multilabel_scores(*rows, labels=LABELS).f1 == pytest.approx(peer.item(), abs=1e-6)


@settings(deadline=None, max_examples=30)
@given(MULTICLASS, st.data())
def test_unlabelled_examples_change_nothing(pairs: list[tuple[str, str]], data: st.DataObject) -> None:
    golds, said = map(list, zip(*pairs, strict=True))
    place = data.draw(st.integers(0, len(golds)))
    with_gap = multiclass_scores(
        [*golds[:place], None, *golds[place:]], [*said[:place], "b", *said[place:]], labels=LABELS
    )
    assert with_gap == multiclass_scores(golds, said, labels=LABELS)


@pytest.mark.parametrize("kind", ["binary", "multiclass", "multilabel"])
@pytest.mark.parametrize("size", [0, 2])
def test_without_labels_every_figure_is_none(kind: str, size: int) -> None:
    task = Task(name="t", kind=kind, labels=("a", "b"))
    said = [("a",) if kind == "multilabel" else "a"] * size
    scores = classification_scores(task, [None] * size, said)
    assert scores.count == 0
    assert {scores.precision, scores.recall, scores.f1, scores.accuracy, scores.macro.f1, scores.micro.f1} == {None}
    assert [score.f1 for score in scores.per_label.values()] == [None, None]


def test_an_intent_with_several_answers_is_counted_by_both_rules() -> None:
    golds = ["flight#airfare", "flight#airfare", "flight#airfare", "flight", None]
    said = ["flight", "airfare#flight", "flight#airfare", "airfare", "flight"]
    scores = multiclass_scores(golds, said, separator="#")
    assert scores.accuracy == pytest.approx(1 / 4)
    assert scores.accuracy_first == pytest.approx(2 / 4)
    assert scores.accuracy_any == pytest.approx(3 / 4)
    assert multiclass_scores(golds, said).accuracy_first is None


@settings(deadline=None, max_examples=30)
@given(st.lists(st.tuples(st.sampled_from(["a", "a#b", "b#a", "c"]), st.sampled_from(["a", "b", "a#b"])), min_size=1))
def test_the_rules_are_ordered_from_strict_to_lenient(pairs: list[tuple[str, str]]) -> None:
    golds, said = zip(*pairs, strict=True)
    scores = multiclass_scores(golds, said, separator="#")
    assert scores.accuracy <= scores.accuracy_first <= scores.accuracy_any


def test_a_label_that_training_never_saw_comes_last_and_is_wrong() -> None:
    scores = multiclass_scores(["a", "new"], ["a", "a"], labels=["b", "a"])
    assert list(scores.per_label) == ["b", "a", "new"]
    assert scores.per_label["new"].f1 == 0
    # "b" is neither in gold nor predicted, so it is no part of the mean
    assert scores.macro.f1 == pytest.approx((2 / 3 + 0) / 2)


def test_one_label_of_a_multilabel_task_is_scored_as_one_label() -> None:
    scores = multilabel_scores([("a",), (), ("a",)], [("a",), ("a",), ()], labels=["a"])
    assert list(scores.per_label) == ["a"]
    assert scores.f1 == pytest.approx(0.5)
    assert scores.accuracy == pytest.approx(1 / 3)


def test_evidence_is_scored_as_multilabel() -> None:
    scores = classification_scores(Task(name="t", kind="evidence", labels=LABELS), [("a",)], [("a", "b")])
    assert scores == multilabel_scores([("a",)], [("a", "b")], labels=LABELS)


def test_the_result_survives_json() -> None:
    scores = multiclass_scores(["a", "b#c"], ["a", "b"], labels=LABELS, separator="#")
    data = json.loads(json.dumps(scores.to_dict()))
    assert data["per_label"]["a"] == {"precision": 1.0, "recall": 1.0, "f1": 1.0, "support": 1}
    assert ClassificationScores.model_validate(data) == scores


def test_bad_input_is_named() -> None:
    with pytest.raises(InputError, match="2 gold labels stand beside 1 predictions"):
        binary_scores(["0", "1"], ["0"])
    with pytest.raises(InputError, match="Example 2 has the label 'maybe'; the labels are 0, 1"):
        binary_scores([None, "maybe"], ["0", "0"])
    with pytest.raises(InputError, match="Example 1 has the label 'z'"):
        multilabel_scores([("a",)], [("z",)], labels=LABELS)
    with pytest.raises(InputError, match="two labels, the positive one last; there are 3"):
        binary_scores(["a"], ["a"], labels=LABELS)
    with pytest.raises(InputError, match=r"kind 'token'.*span_scores"):
        classification_scores(Task(name="t", kind="token"), [("O",)], [("O",)])
