"""The tuned threshold: exact, never worse than 0.5, nearest 0.5 among equals."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import f1_score

from mtl_core.errors import InputError
from mtl_core.evaluation import tune_threshold

COARSE = st.integers(0, 8).map(lambda eighths: eighths / 8)
ROWS = st.lists(st.tuples(st.one_of(COARSE, st.floats(0, 1)), st.integers(0, 1)), min_size=1, max_size=25)
OBJECTIVES = ("f1", "macro_f1")


def figure(probabilities: np.ndarray, labels: np.ndarray, threshold: float, objective: str) -> float:
    said = probabilities >= threshold
    sides = (labels == 1, said), (labels == 0, ~said)
    scores = [2 * (held & taken).sum() / max(held.sum() + taken.sum(), 1) for held, taken in sides]
    return float(scores[0] if objective == "f1" else np.mean(scores))


def test_the_reference_is_scikit_learns_f1() -> None:
    probabilities, labels = np.asarray([0.9, 0.6, 0.4, 0.1]), np.asarray([1, 0, 1, 0])
    said = (probabilities >= 0.5).astype(int)
    assert figure(probabilities, labels, 0.5, "f1") == pytest.approx(f1_score(labels, said))
    assert figure(probabilities, labels, 0.5, "macro_f1") == pytest.approx(f1_score(labels, said, average="macro"))


def arrays(rows: list[tuple[float, int]]) -> tuple[np.ndarray, np.ndarray]:
    return np.asarray([row[0] for row in rows]), np.asarray([row[1] for row in rows])


@pytest.mark.parametrize("objective", OBJECTIVES)
@settings(deadline=None)
@given(rows=ROWS)
def test_it_equals_brute_force_and_is_never_worse_than_one_half(rows: list[tuple[float, int]], objective: str) -> None:
    probabilities, labels = arrays(rows)
    threshold = tune_threshold(probabilities, labels, objective=objective)
    assert 0 <= threshold <= 1
    reached = figure(probabilities, labels, threshold, objective)
    assert reached >= figure(probabilities, labels, 0.5, objective) - 1e-12
    if len(set(labels)) == 2:
        tried = {0.0, 1.0, *probabilities, *(math.nextafter(p, 2) for p in probabilities if p < 1)}
        assert reached == pytest.approx(max(figure(probabilities, labels, cut, objective) for cut in tried))


@settings(deadline=None, max_examples=100)
@given(ROWS)
def test_it_lies_midway_between_two_scores(rows: list[tuple[float, int]]) -> None:
    probabilities, labels = arrays(rows)
    if len(set(labels)) < 2:
        assert tune_threshold(probabilities, labels) == 0.5
        return
    threshold = tune_threshold(probabilities, labels)
    below = max([0.0, *probabilities[probabilities < threshold]])
    above = min([1.0, *probabilities[probabilities >= threshold]])
    assert threshold == pytest.approx((below + above) / 2, abs=1e-9)


@settings(deadline=None, max_examples=100)
@given(ROWS, st.randoms())
def test_the_order_of_the_examples_does_not_matter(rows: list[tuple[float, int]], random: object) -> None:
    shuffled = list(rows)
    random.shuffle(shuffled)
    assert tune_threshold(*arrays(rows)) == tune_threshold(*arrays(shuffled))


def test_of_equal_thresholds_the_one_nearest_one_half_is_taken() -> None:
    # one taken gives F1 = 2/3, and so do four
    assert tune_threshold([0.9, 0.8, 0.7, 0.45, 0.35], [1, 0, 0, 1, 0]) == pytest.approx(0.4)
    assert tune_threshold([0.7, 0.6, 0.5, 0.1, 0.05], [1, 0, 0, 1, 0]) == pytest.approx(0.65)


def test_a_clean_gap_is_cut_in_its_middle() -> None:
    assert tune_threshold([0.1, 0.2, 0.6, 0.9], [0, 0, 1, 1]) == pytest.approx(0.4)
    assert tune_threshold([0.1, 0.2, 0.6, 0.9], [0, 0, 1, 1], objective="macro_f1") == pytest.approx(0.4)


def test_macro_f1_may_prefer_to_take_none() -> None:
    probabilities, labels = [0.7, 0.6, 0.55, 0.4], [0, 0, 0, 1]
    assert tune_threshold(probabilities, labels, objective="macro_f1") == pytest.approx(0.85)
    assert tune_threshold(probabilities, labels, objective="f1") == pytest.approx(0.2)
    # a score of 1 is taken by every threshold up to 1, so the next best cut is chosen
    assert tune_threshold([1.0, 0.9, 0.8, 0.4], labels, objective="macro_f1") == pytest.approx(0.95)


def test_neighbouring_floats_are_still_parted() -> None:
    low = 0.3
    high = math.nextafter(low, 1)
    assert low < tune_threshold([low, high], [0, 1]) <= high


@pytest.mark.parametrize(("probabilities", "labels"), [([], []), ([0.9, 0.1], [1, 1]), ([0.9, 0.1], [0, 0])])
def test_one_class_leaves_one_half(probabilities: list[float], labels: list[int]) -> None:
    assert tune_threshold(probabilities, labels) == 0.5


@pytest.mark.parametrize(
    ("probabilities", "labels", "message"),
    [
        ([0.1], [0, 1], "as many labels"),
        ([[0.1]], [[0]], "as many labels"),
        ([0.1, 1.2], [0, 1], "from 0 to 1"),
        ([0.1, math.nan], [0, 1], "from 0 to 1"),
        ([0.1, 0.2], [0, -100], "labels 0 and 1"),
    ],
)
def test_bad_input_is_named(probabilities: list[float], labels: list[int], message: str) -> None:
    with pytest.raises(InputError, match=message):
        tune_threshold(probabilities, labels)
