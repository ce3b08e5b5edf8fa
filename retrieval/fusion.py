"""Scores of several legs of a search joined into one: convex min-max fusion and reciprocal rank fusion."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal

import numpy as np

from mtl_core.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["FusionMethod", "min_max", "min_max_fusion", "reciprocal_rank_fusion"]

FusionMethod = Literal["min_max", "rrf"]
"""``min_max`` adds normalised scores, ``rrf`` adds reciprocal ranks."""


def min_max(scores: NDArray[np.float32]) -> NDArray[np.float32]:
    """Stretch scores to 0 to 1.

    Args:
        scores: ``[n]`` finite scores.

    Returns:
        ``[n]`` float32; all 0 where all scores are equal.
    """
    if not len(scores):
        return np.zeros(0, np.float32)
    lowest, highest = float(scores.min()), float(scores.max())
    if highest <= lowest:
        return np.zeros(len(scores), np.float32)
    return np.clip((np.asarray(scores, np.float64) - lowest) / (highest - lowest), 0, 1).astype(np.float32)


def min_max_fusion(
    legs: Mapping[str, NDArray[np.float32]], *, weights: Mapping[str, float]
) -> dict[str, NDArray[np.float32]]:
    """What each leg gives each candidate: its min-max score times the leg's share of the weights.

    The convex combination of Bruch, Gai and Ingber (ACM TOIS 42(1), 2023). Add the parts to get
    the fused score, 0 to 1.

    Args:
        legs: Scores ``[n]`` of the same n candidates by leg.
        weights: Weight by leg, 0 or more, at least one above 0.

    Returns:
        Parts ``[n]`` float32 by leg.

    Raises:
        InputError: If a leg has no weight, a weight is negative or all are 0.
    """
    shares = _shares(legs, weights)
    return {name: np.float32(shares[name]) * min_max(scores) for name, scores in legs.items()}


def reciprocal_rank_fusion(
    legs: Mapping[str, NDArray[np.float32]], *, weights: Mapping[str, float], offset: int = 60
) -> dict[str, NDArray[np.float32]]:
    """What each leg gives each candidate: its share of the weights over its rank plus an offset.

    Reciprocal rank fusion of Cormack, Clarke and Buettcher (SIGIR 2009). Equal scores share a rank.

    Args:
        legs: Scores ``[n]`` of the same n candidates by leg.
        weights: Weight by leg, 0 or more, at least one above 0.
        offset: Added to every rank, 0 or more.

    Returns:
        Parts ``[n]`` float32 by leg.

    Raises:
        InputError: If a leg has no weight, a weight is negative or all are 0.
    """
    shares = _shares(legs, weights)
    parts = {}
    for name, scores in legs.items():
        ordered = np.sort(np.asarray(scores, np.float64))
        better = len(scores) - np.searchsorted(ordered, np.asarray(scores, np.float64), side="right")
        parts[name] = (shares[name] / (offset + 1 + better)).astype(np.float32)
    return parts


def _shares(legs: Mapping[str, NDArray[np.float32]], weights: Mapping[str, float]) -> dict[str, float]:
    if missing := sorted(set(legs) - set(weights)):
        raise InputError(f"The leg {missing[0]!r} has no weight; give one.")
    total = sum(weights[name] for name in legs)
    if min((weights[name] for name in legs), default=0.0) < 0 or (legs and total <= 0):
        raise InputError("The weights of the legs must be 0 or more, and one of them above 0.")
    return {name: weights[name] / total for name in legs}
