"""Fusion: bounds, invariances, and hand-counted values."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mtl_core.errors import InputError
from retrieval.fusion import min_max, min_max_fusion, reciprocal_rank_fusion

SCORES = st.lists(st.floats(-100, 100, width=32), min_size=1, max_size=12).map(
    lambda values: np.asarray(values, np.float32)
)
EVEN = {"a": 1.0, "b": 1.0}


@given(SCORES)
def test_min_max_spans_0_to_1_and_keeps_the_order(scores: np.ndarray) -> None:
    scaled = min_max(scores)
    assert scaled.min() == 0
    assert scaled.max() == (1 if scores.max() > scores.min() else 0)
    assert (np.diff(scaled[np.argsort(scores, kind="stable")]) >= 0).all()


@given(SCORES, st.sampled_from([0.5, 2.0, 8.0]))
def test_min_max_does_not_see_the_unit(scores: np.ndarray, factor: float) -> None:
    np.testing.assert_allclose(min_max(scores * np.float32(factor)), min_max(scores), atol=1e-5)


@given(SCORES, st.floats(0.1, 5), st.floats(0.1, 5))
def test_parts_add_up_to_at_most_1(scores: np.ndarray, first: float, second: float) -> None:
    parts = min_max_fusion({"a": scores, "b": -scores}, weights={"a": first, "b": second})
    total = parts["a"] + parts["b"]
    assert (total >= 0).all()
    assert (total <= 1 + 1e-6).all()


@given(SCORES)
def test_a_leg_of_weight_0_changes_nothing(scores: np.ndarray) -> None:
    parts = min_max_fusion({"a": scores, "b": -scores}, weights={"a": 3.0, "b": 0.0})
    np.testing.assert_allclose(parts["a"] + parts["b"], min_max(scores))


def test_reciprocal_ranks_by_hand() -> None:
    legs = {"a": np.asarray([0.9, 0.5, 0.5], np.float32), "b": np.asarray([1.0, 3.0, 2.0], np.float32)}
    parts = reciprocal_rank_fusion(legs, weights=EVEN, offset=60)
    np.testing.assert_allclose(parts["a"], [0.5 / 61, 0.5 / 62, 0.5 / 62])
    np.testing.assert_allclose(parts["b"], [0.5 / 63, 0.5 / 61, 0.5 / 62])


@given(SCORES, st.sampled_from([np.exp2, np.cbrt]))
def test_reciprocal_ranks_see_the_order_alone(scores: np.ndarray, change: np.ufunc) -> None:
    scores = np.round(scores / 10).astype(np.float32)
    legs, changed = {"a": scores}, {"a": change(scores).astype(np.float32)}
    np.testing.assert_array_equal(
        reciprocal_rank_fusion(legs, weights=EVEN)["a"], reciprocal_rank_fusion(changed, weights=EVEN)["a"]
    )


@pytest.mark.parametrize("weights", [{"a": 0.0, "b": 0.0}, {"a": -1.0, "b": 2.0}, {"a": 1.0}])
def test_weights_that_cannot_be_used_are_refused(weights: dict[str, float]) -> None:
    legs = {name: np.zeros(2, np.float32) for name in ("a", "b")}
    for fuse in (min_max_fusion, reciprocal_rank_fusion):
        with pytest.raises(InputError, match="weight"):
            fuse(legs, weights=weights)


def test_no_candidates_give_no_scores() -> None:
    empty = {"a": np.zeros(0, np.float32)}
    assert min_max_fusion(empty, weights=EVEN)["a"].shape == (0,)
    assert reciprocal_rank_fusion(empty, weights=EVEN)["a"].shape == (0,)
