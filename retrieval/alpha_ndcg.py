"""Alpha-nDCG: how well a ranking covers the aspects of a need, where the second answer to one aspect counts less.

Clarke et al., Novelty and diversity in information retrieval evaluation, SIGIR 2008. The discount is log2(rank + 1).
The ideal ranking is the greedy one, as in the ndeval program of the TREC Web track, because the exact one is
NP-hard; a ranking may therefore pass 1 by a little in rare cases.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from math import log2

from mtl_core.errors import InputError

__all__ = ["alpha_dcg", "alpha_ndcg", "ideal_ranking", "ndcg"]

Judged = Mapping[str, Collection[str]]
"""Aspects that an item answers, by item; an item that is missing answers none."""


def alpha_dcg(
    ranking: Sequence[str], judged: Judged, *, k: int, alpha: float = 0.5, weights: Mapping[str, float] | None = None
) -> float:
    """Discounted gain of the first k items.

    Args:
        ranking: Items, best first.
        judged: Aspects by item.
        k: How many items count.
        alpha: What an aspect loses with each item that answered it before, 0 to 1.
        weights: Gain by aspect; ``None`` counts each as 1.

    Returns:
        The gain, 0 or more.

    Raises:
        InputError: If an item comes twice, or ``k`` or ``alpha`` is out of range.
    """
    _check(ranking, k=k, alpha=alpha)
    seen: Counter[str] = Counter()
    total = 0.0
    for rank, item in enumerate(ranking[:k], 1):
        total += _gain(judged.get(item, ()), seen, alpha, weights) / log2(rank + 1)
        seen.update(set(judged.get(item, ())))
    return total


def ideal_ranking(
    judged: Judged, *, k: int, alpha: float = 0.5, weights: Mapping[str, float] | None = None
) -> list[str]:
    """The greedy ranking of the judged items: each time the one of the largest gain.

    Of equals the last by name comes first, as ndeval does it, so that figures can be compared.

    Args:
        judged: Aspects by item.
        k: The most items.
        alpha: As in :func:`alpha_dcg`.
        weights: As in :func:`alpha_dcg`.

    Returns:
        Items in order.
    """
    _check((), k=k, alpha=alpha)
    left = sorted(judged, reverse=True)
    seen: Counter[str] = Counter()
    ranking: list[str] = []
    while left and len(ranking) < k:
        # max keeps the first of equals, and names are in falling order
        best = max(left, key=lambda item: _gain(judged[item], seen, alpha, weights))
        left.remove(best)
        ranking.append(best)
        seen.update(set(judged[best]))
    return ranking


def alpha_ndcg(
    ranking: Sequence[str], judged: Judged, *, k: int, alpha: float = 0.5, weights: Mapping[str, float] | None = None
) -> float:
    """Gain of a ranking over that of the greedy ideal.

    Args:
        ranking: Items, best first.
        judged: Aspects by item.
        k: How many items count.
        alpha: As in :func:`alpha_dcg`.
        weights: As in :func:`alpha_dcg`.

    Returns:
        0 where nothing judged can be gained, else the quotient.

    Raises:
        InputError: If an item comes twice, or ``k`` or ``alpha`` is out of range.
    """
    best = alpha_dcg(
        ideal_ranking(judged, k=k, alpha=alpha, weights=weights), judged, k=k, alpha=alpha, weights=weights
    )
    gained = alpha_dcg(ranking, judged, k=k, alpha=alpha, weights=weights)
    return gained / best if best > 0 else 0.0


def ndcg(ranking: Sequence[str], grades: Mapping[str, float], *, k: int) -> float:
    """Normalised discounted cumulative gain with linear gains, as trec_eval counts it.

    Args:
        ranking: Items, best first.
        grades: Grade by item, 0 or more; an item that is missing has 0.
        k: How many items count.

    Returns:
        0 to 1; 0 where no item has a grade above 0.

    Raises:
        InputError: If an item comes twice or ``k`` is below 1.
    """
    _check(ranking, k=k, alpha=0.0)

    def gain(values: Sequence[float]) -> float:
        return sum(value / log2(rank + 1) for rank, value in enumerate(values[:k], 1))

    best = gain(sorted(grades.values(), reverse=True))
    return gain([grades.get(item, 0.0) for item in ranking]) / best if best > 0 else 0.0


def _gain(aspects: Collection[str], seen: Counter[str], alpha: float, weights: Mapping[str, float] | None) -> float:
    return sum(
        (1.0 if weights is None else weights.get(aspect, 0.0)) * (1 - alpha) ** seen[aspect]
        for aspect in sorted(set(aspects))
    )


def _check(ranking: Sequence[str], *, k: int, alpha: float) -> None:
    if k < 1:
        raise InputError(f"k is {k}; count 1 item or more.")
    if not 0 <= alpha <= 1:
        raise InputError(f"alpha is {alpha}; give 0 to 1.")
    if len(set(ranking)) != len(ranking):
        raise InputError("An item comes twice in the ranking; give each once.")
