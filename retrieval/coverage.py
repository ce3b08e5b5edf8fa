"""Greedy coverage of weighted aspects: which items together answer the most of what is asked for.

The objective of a set S of items is

    F(S) = sum of relevance over S + sum over aspects a of weight_a * (1 - product over i in S of (1 - coverage_ia))

It never falls as S grows and each item adds less to a larger set, so the greedy choice reaches at least 1 - 1/e of
the best set of k items (Nemhauser, Wolsey and Fisher 1978). With relevance 0 this is IA-Select (Agrawal et al. 2009),
with relevance it is xQuAD (Santos, Macdonald and Ounis 2010).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mtl_core.errors import InputError

__all__ = ["Pick", "cover_greedily", "set_value"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Pick:
    """One item as it was chosen.

    Args:
        row: Row of the item.
        gain: What it added, its redundancy taken off.
        relevance: Its own relevance.
        aspects: ``[aspects]`` weight that it newly covers.
        redundancy: What was taken off because it resembles an item chosen before.
    """

    row: int
    gain: float
    relevance: float
    aspects: tuple[float, ...]
    redundancy: float


def set_value(rows: Iterable[int], *, relevance: Floats, coverage: Floats, weights: Floats) -> float:
    """The objective F of a set of items.

    Args:
        rows: The set; the order does not matter and a row counts once.
        relevance: ``[items]``, 0 or more.
        coverage: ``[items, aspects]``, 0 to 1.
        weights: ``[aspects]``, 0 or more.

    Returns:
        The value, 0 for the empty set.
    """
    chosen = sorted(set(rows))
    open_share = np.prod(1.0 - coverage[chosen], axis=0)
    return float(relevance[chosen].sum() + weights @ (1.0 - open_share))


def cover_greedily(
    relevance: Floats,
    coverage: Floats,
    weights: Floats,
    *,
    k: int,
    similarity: Floats | None = None,
    redundancy: float = 0.0,
) -> list[Pick]:
    """Choose items one by one, each time the one that adds the most.

    With ``redundancy`` above 0, an item also loses ``redundancy`` times its largest similarity to an item chosen
    before, as in maximal marginal relevance (Carbonell and Goldstein 1998); the bound above then no longer holds.

    Args:
        relevance: ``[items]``, finite, 0 or more (any sign if ``redundancy`` is used).
        coverage: ``[items, aspects]``, 0 to 1.
        weights: ``[aspects]``, finite, 0 or more.
        k: The most items, 1 or more; all are taken where there are fewer.
        similarity: ``[items, items]``; needed with ``redundancy``.
        redundancy: Weight of the largest similarity, 0 or more.

    Returns:
        The picks in the order in which they were made; ties go to the lower row.

    Raises:
        InputError: If shapes or values do not fit.
    """
    _check(relevance, coverage, weights, k=k, similarity=similarity, redundancy=redundancy)
    open_weights = weights.astype(np.float64, copy=True)
    taken = np.zeros(len(relevance), bool)
    nearest = np.zeros(len(relevance))
    picks: list[Pick] = []
    for _ in range(min(k, len(relevance))):
        gains = relevance + coverage @ open_weights - redundancy * nearest
        # rounding may part equal gains, and then the order of items would decide no more
        best = float(gains[~taken].max())
        row = int(np.flatnonzero(~taken & (gains >= best - 1e-12))[0])
        newly = coverage[row] * open_weights
        lost = redundancy * float(nearest[row])
        picks.append(Pick(row, float(gains[row]), float(relevance[row]), tuple(map(float, newly)), lost))
        taken[row] = True
        open_weights = open_weights - newly
        if similarity is not None:
            nearest = similarity[:, row].copy() if len(picks) == 1 else np.maximum(nearest, similarity[:, row])
    return picks


def _check(
    relevance: Floats, coverage: Floats, weights: Floats, *, k: int, similarity: Floats | None, redundancy: float
) -> None:
    items = len(relevance)
    if k < 1:
        raise InputError(f"k is {k}; ask for 1 item or more.")
    if relevance.ndim != 1 or weights.ndim != 1 or coverage.shape != (items, len(weights)):
        raise InputError("Coverage needs one row an item and one column an aspect.")
    if not (np.isfinite(relevance).all() and np.isfinite(weights).all() and np.isfinite(coverage).all()):
        raise InputError("Relevance, coverage and weights must be finite numbers.")
    if (coverage < 0).any() or (coverage > 1).any() or (weights < 0).any():
        raise InputError("Coverage lies between 0 and 1, and no weight is below 0.")
    if redundancy < 0 or not np.isfinite(redundancy):
        raise InputError(f"The redundancy is {redundancy}; give 0 or more.")
    if redundancy > 0 and (similarity is None or similarity.shape != (items, items)):
        raise InputError("Redundancy needs the similarity of every two items.")
