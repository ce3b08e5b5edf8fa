from __future__ import annotations

import itertools
from dataclasses import dataclass
from math import e

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mtl_core.errors import InputError
from retrieval.coverage import cover_greedily, set_value
from retrieval.diversity import pairwise_similarity, rank_by_mmr


@dataclass
class Case:
    relevance: np.ndarray
    coverage: np.ndarray
    weights: np.ndarray

    def value(self, rows: tuple[int, ...] | list[int]) -> float:
        return set_value(rows, relevance=self.relevance, coverage=self.coverage, weights=self.weights)

    def greedy(self, k: int) -> list[int]:
        return [pick.row for pick in cover_greedily(self.relevance, self.coverage, self.weights, k=k)]


# hundredths keep the sums exact enough that a tie is a tie
shares = st.integers(0, 100).map(lambda number: number / 100)


@st.composite
def cases(draw: st.DrawFn, most: int = 6) -> Case:
    items, aspects = draw(st.integers(1, most)), draw(st.integers(0, 4))
    numbers = draw(st.lists(shares, min_size=items * (aspects + 1), max_size=items * (aspects + 1)))
    weights = draw(st.lists(shares, min_size=aspects, max_size=aspects))
    table = np.array(numbers).reshape(items, aspects + 1)
    return Case(table[:, 0], table[:, 1:], np.array(weights))


def test_the_best_single_item_is_not_always_in_the_company_of_the_second_best() -> None:
    # 0 and 1 cover the same aspect, 2 covers less but another one
    coverage = np.array([[0.9, 0.0], [0.8, 0.0], [0.0, 0.5]])
    assert Case(np.zeros(3), coverage, np.ones(2)).greedy(2) == [0, 2]
    assert Case(np.array([0.0, 0.6, 0.0]), coverage, np.ones(2)).greedy(2) == [1, 2]


def test_a_hand_computed_example() -> None:
    relevance = np.array([0.2, 0.1])
    coverage = np.array([[0.5, 1.0], [0.5, 0.0]])
    first, second = cover_greedily(relevance, coverage, np.array([0.8, 0.4]), k=2)
    # 0.2 + 0.8 * 0.5 + 0.4 * 1, then 0.1 + what is open of the first aspect: 0.4 * 0.5
    assert (first.row, first.gain, first.aspects) == (0, pytest.approx(1.0), pytest.approx((0.4, 0.4)))
    assert (second.row, second.gain, second.aspects) == (1, pytest.approx(0.3), pytest.approx((0.2, 0.0)))


@given(cases(), st.data())
def test_the_objective_never_falls_and_each_item_adds_less_to_a_larger_set(case: Case, data: st.DataObject) -> None:
    rows = list(range(len(case.relevance)))
    large = data.draw(st.lists(st.sampled_from(rows), unique=True))
    small = data.draw(st.lists(st.sampled_from(large), unique=True)) if large else []
    item = data.draw(st.sampled_from(rows))
    assert case.value(large) >= case.value(small) - 1e-12
    if item not in large:
        to_small = case.value([*small, item]) - case.value(small)
        to_large = case.value([*large, item]) - case.value(large)
        assert to_large >= -1e-12
        assert to_large <= to_small + 1e-12


@given(cases(), st.integers(1, 4))
def test_greedy_reaches_its_share_of_the_best_set(case: Case, k: int) -> None:
    size = min(k, len(case.relevance))
    best = max(case.value(rows) for rows in itertools.combinations(range(len(case.relevance)), size))
    assert case.value(case.greedy(k)) >= (1 - 1 / e) * best - 1e-12


@given(cases(), st.integers(1, 8))
def test_picks_are_distinct_and_their_gains_sum_up_to_the_objective(case: Case, k: int) -> None:
    picks = cover_greedily(case.relevance, case.coverage, case.weights, k=k)
    rows = [pick.row for pick in picks]
    assert len(set(rows)) == len(rows) == min(k, len(case.relevance))
    gains = [pick.gain for pick in picks]
    assert all(later <= earlier + 1e-12 for earlier, later in itertools.pairwise(gains))
    for count in range(1, len(rows) + 1):
        assert sum(gains[:count]) == pytest.approx(case.value(rows[:count]), abs=1e-9)
    for pick in picks:
        assert pick.gain == pytest.approx(pick.relevance + sum(pick.aspects), abs=1e-9)


@given(cases(), st.integers(1, 5))
def test_fewer_items_are_the_beginning_of_more(case: Case, k: int) -> None:
    assert case.greedy(k) == case.greedy(k + 3)[:k]


@given(cases(), st.randoms(use_true_random=False))
def test_the_order_of_the_items_decides_ties_alone(case: Case, random: object) -> None:
    order = list(range(len(case.relevance)))
    random.shuffle(order)  # type: ignore[attr-defined]
    shuffled = Case(case.relevance[order], case.coverage[order], case.weights)
    first, again = case.greedy(1)[0], order[shuffled.greedy(1)[0]]
    assert case.value([first]) == pytest.approx(case.value([again]), abs=1e-9)


def test_ties_go_to_the_lower_row() -> None:
    same = Case(np.full(4, 0.1), np.full((4, 1), 0.3), np.ones(1))
    assert same.greedy(4) == [0, 1, 2, 3]
    # 0.1 + 0.2 and 0.3 differ in the last bit of a float and are a tie all the same
    rounded = Case(np.array([0.3, 0.1]), np.array([[0.0], [0.2]]), np.ones(1))
    assert rounded.greedy(2) == [0, 1]


@given(cases())
def test_the_input_is_not_changed(case: Case) -> None:
    before = [case.relevance.copy(), case.coverage.copy(), case.weights.copy()]
    case.greedy(3)
    for old, new in zip(before, (case.relevance, case.coverage, case.weights), strict=True):
        np.testing.assert_array_equal(old, new)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"k": 0}, "k is 0"),
        ({"relevance": np.array([np.nan, 0.0])}, "finite"),
        ({"weights": np.array([-1.0])}, "no weight is below 0"),
        ({"coverage": np.array([[1.5], [0.0]])}, "between 0 and 1"),
        ({"coverage": np.zeros((1, 1))}, "one row an item"),
        ({"weights": np.ones(2)}, "one column an aspect"),
        ({"redundancy": -0.1}, "redundancy is -0.1"),
        ({"redundancy": 0.5}, "similarity of every two items"),
        ({"redundancy": 0.5, "similarity": np.eye(3)}, "similarity of every two items"),
    ],
)
def test_what_does_not_fit_is_refused(changed: dict[str, object], said: str) -> None:
    given: dict[str, object] = {"relevance": np.zeros(2), "coverage": np.zeros((2, 1)), "weights": np.ones(1), "k": 1}
    with pytest.raises(InputError, match=said):
        cover_greedily(**(given | changed))  # type: ignore[arg-type]


def unit_rows(count: int, seed: int) -> np.ndarray:
    rows = np.random.default_rng(seed).standard_normal((count, 5)).astype(np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def mmr_by_definition(relevance: np.ndarray, similarity: np.ndarray, *, k: int, trade_off: float) -> list[int]:
    """The formula of the paper, written once more."""
    chosen: list[int] = []
    while len(chosen) < min(k, len(relevance)):
        left = [row for row in range(len(relevance)) if row not in chosen]

        def score(row: int) -> float:
            nearest = max((similarity[row, other] for other in chosen), default=0.0)
            return trade_off * relevance[row] - (1 - trade_off) * nearest

        chosen.append(max(left, key=lambda row: (round(score(row), 10), -row)))
    return chosen


@given(st.integers(1, 9), st.integers(0, 10_000), st.integers(1, 9), st.sampled_from([0.0, 0.3, 0.5, 0.7, 1.0]))
def test_mmr_equals_its_definition(count: int, seed: int, k: int, trade_off: float) -> None:
    similarity = pairwise_similarity(unit_rows(count, seed))
    relevance = np.random.default_rng(seed + 1).random(count)
    expected = mmr_by_definition(relevance, similarity, k=k, trade_off=trade_off)
    assert rank_by_mmr(relevance, similarity, k=k, trade_off=trade_off) == expected


def test_mmr_looks_at_relevance_alone_or_steps_away_from_a_twin() -> None:
    vectors = np.array([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]], np.float32)
    relevance = np.array([0.9, 0.8, 0.3])
    assert rank_by_mmr(relevance, pairwise_similarity(vectors), k=3, trade_off=1.0) == [0, 1, 2]
    assert rank_by_mmr(relevance, pairwise_similarity(vectors), k=3, trade_off=0.5) == [0, 2, 1]
    with pytest.raises(InputError, match=r"trade-off is 1\.1"):
        rank_by_mmr(relevance, pairwise_similarity(vectors), k=3, trade_off=1.1)


def test_similarity_is_the_cosine_and_never_below_zero() -> None:
    similarity = pairwise_similarity(np.array([[1.0, 0.0], [-1.0, 0.0], [0.6, 0.8]], np.float32))
    np.testing.assert_allclose(similarity, [[1, 0, 0.6], [0, 1, 0], [0.6, 0, 1]], atol=1e-7)
