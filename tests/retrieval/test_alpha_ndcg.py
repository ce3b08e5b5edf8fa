from __future__ import annotations

import itertools
from math import log2

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mtl_core.errors import InputError
from retrieval.alpha_ndcg import alpha_dcg, alpha_ndcg, ideal_ranking, ndcg

ITEMS = ("d0", "d1", "d2", "d3", "d4", "d5")
judgements = st.dictionaries(st.sampled_from(ITEMS), st.sets(st.sampled_from("abcd")), max_size=6)
rankings = st.permutations(ITEMS)


def test_a_hand_computed_example() -> None:
    judged = {"one": {"a", "b"}, "two": {"a"}, "three": {"c"}}
    # gains: two new aspects; a for the second time, so half; nothing; one new aspect
    expected = 2 / log2(2) + 0.5 / log2(3) + 0 / log2(4) + 1 / log2(5)
    assert alpha_dcg(["one", "two", "none", "three"], judged, k=4) == pytest.approx(expected)
    ideal = 2 / log2(2) + 1 / log2(3) + 0.5 / log2(4)
    assert ideal_ranking(judged, k=4) == ["one", "three", "two"]
    assert alpha_ndcg(["one", "two", "none", "three"], judged, k=4) == pytest.approx(expected / ideal)
    assert alpha_ndcg(["one", "two", "none", "three"], judged, k=1) == 1


@pytest.mark.parametrize(
    ("ranking", "judged", "ndeval"),
    [
        ("d1 d5 d3 d2 x d0 d4", {"d0": "bc", "d1": "ad", "d2": "ac", "d3": "a", "d4": "bd", "d5": "ac"}, 0.763557),
        ("x d1 d3 d0 d4 d2", {"d0": "c", "d1": "abc", "d2": "b", "d3": "ad"}, 0.647847),
        ("d0 d1 d4 d2 d3 x", {"d0": "bd", "d2": "a", "d4": "b"}, 0.930490),
        (
            "d6 d5 x d2 d3 d1 d0 d4",
            {"d0": "ac", "d1": "bc", "d2": "ad", "d3": "bc", "d5": "abcd", "d6": "bd"},
            0.813391,
        ),
        ("d2 d3 x d0 d4 d1", {"d1": "a", "d2": "bcd", "d3": "bcd", "d4": "abcd"}, 0.835039),
        ("d3 x d2 d0 d4 d1", {"d0": "cd", "d1": "abc", "d2": "d", "d3": "abc", "d4": "ab"}, 0.866946),
    ],
)
def test_the_ndeval_program_gives_the_same(ranking: str, judged: dict[str, str], ndeval: float) -> None:
    """Expected values are those of NIST's ndeval, as pyndeval 0.0.8 runs it: alpha 0.5, cut at 5."""
    assert alpha_ndcg(ranking.split(), judged, k=5) == pytest.approx(ndeval, abs=1e-6)


@given(rankings, judgements, st.integers(1, 6), st.sampled_from([0.0, 0.3, 0.5, 1.0]))
def test_no_ranking_is_far_above_the_ideal(
    ranking: list[str], judged: dict[str, set[str]], k: int, alpha: float
) -> None:
    value = alpha_ndcg(ranking, judged, k=k, alpha=alpha)
    # greedy reaches at least 1 - 1/e of the exact ideal
    assert 0 <= value <= 1 / (1 - 0.368)
    ideal = ideal_ranking(judged, k=k, alpha=alpha)
    assert alpha_ndcg(ideal, judged, k=k, alpha=alpha) == (1 if any(judged.values()) else 0)


@given(judgements, st.integers(1, 4))
def test_the_greedy_ideal_is_at_least_its_share_of_the_exact_one(judged: dict[str, set[str]], k: int) -> None:
    exact = max(alpha_dcg(ranking, judged, k=k) for ranking in itertools.permutations(ITEMS, k))
    assert alpha_dcg(ideal_ranking(judged, k=k), judged, k=k) >= (1 - 0.368) * exact


@given(rankings, judgements, st.integers(1, 6))
def test_with_alpha_0_it_is_ndcg_over_the_number_of_aspects(
    ranking: list[str], judged: dict[str, set[str]], k: int
) -> None:
    counts = {item: float(len(aspects)) for item, aspects in judged.items()}
    assert alpha_ndcg(ranking, judged, k=k, alpha=0) == pytest.approx(ndcg(ranking, counts, k=k))


@given(rankings, judgements, st.integers(1, 6))
def test_one_aspect_at_alpha_0_is_plain_ndcg(ranking: list[str], judged: dict[str, set[str]], k: int) -> None:
    one = {item: aspects & {"a"} for item, aspects in judged.items()}
    grades = {item: float(len(aspects)) for item, aspects in one.items()}
    assert alpha_ndcg(ranking, one, k=k, alpha=0) == pytest.approx(ndcg(ranking, grades, k=k))


@given(rankings, judgements, st.integers(1, 5), st.sampled_from([0.0, 0.5, 1.0]))
def test_an_earlier_useful_item_never_counts_less(
    ranking: list[str], judged: dict[str, set[str]], k: int, alpha: float
) -> None:
    useless = [item for item in ranking if not judged.get(item)]
    useful = [item for item in ranking if judged.get(item)]
    assert alpha_dcg(useful + useless, judged, k=k, alpha=alpha) >= alpha_dcg(ranking, judged, k=k, alpha=alpha)


# powers of two scale exactly, so that ties stay ties
@given(rankings, judgements, st.integers(1, 6), st.sampled_from([0.25, 0.5, 2.0, 8.0]))
def test_equal_weights_change_no_quotient(
    ranking: list[str], judged: dict[str, set[str]], k: int, weight: float
) -> None:
    weights = dict.fromkeys("abcd", weight)
    plain = alpha_ndcg(ranking, judged, k=k)
    assert alpha_ndcg(ranking, judged, k=k, weights=weights) == pytest.approx(plain)
    assert alpha_dcg(ranking, judged, k=k, weights=weights) == pytest.approx(weight * alpha_dcg(ranking, judged, k=k))


def test_weights_say_which_aspect_matters() -> None:
    judged = {"heavy": {"a"}, "light": {"b"}}
    weights = {"a": 1.0, "b": 0.25}
    assert ideal_ranking(judged, k=2, weights=weights) == ["heavy", "light"]
    assert alpha_dcg(["light", "heavy"], judged, k=2, weights=weights) == pytest.approx(0.25 + 1 / log2(3))


def test_the_order_after_the_cut_does_not_matter() -> None:
    judged = {"d0": {"a"}, "d1": {"b"}, "d2": {"c"}}
    assert alpha_ndcg(["d0", "x", "d1", "d2"], judged, k=2) == alpha_ndcg(["d0", "x", "d2", "d1"], judged, k=2)


def test_ndcg_of_grades() -> None:
    grades = {"best": 2.0, "good": 1.0}
    expected = (1 + 2 / log2(3)) / (2 + 1 / log2(3))
    assert ndcg(["good", "best"], grades, k=5) == pytest.approx(expected)
    assert ndcg(["other"], grades, k=5) == 0
    assert ndcg(["other"], {}, k=5) == 0


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(InputError, match="comes twice"):
        alpha_dcg(["a", "a"], {}, k=2)
    with pytest.raises(InputError, match="k is 0"):
        alpha_ndcg(["a"], {}, k=0)
    with pytest.raises(InputError, match=r"alpha is 1\.5"):
        alpha_ndcg(["a"], {}, k=1, alpha=1.5)
