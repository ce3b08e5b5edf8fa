"""Measures of a ranking against graded judgements, as trec_eval counts them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

__all__ = ["mrr", "ndcg", "recall"]


def ndcg(ranking: Sequence[str], judged: Mapping[str, int], *, k: int = 10) -> float:
    """Normalised discounted cumulative gain (Jarvelin and Kekalainen, ACM TOIS 20(4), 2002), linear gains.

    Args:
        ranking: Ids, best first, none twice.
        judged: Grade by id; a document that is not judged counts 0.
        k: How far down the ranking is read.

    Returns:
        0 to 1; 0 where nothing is judged above 0.
    """
    gains = [max(judged.get(name, 0), 0) for name in ranking[:k]]
    ideal = sorted((grade for grade in judged.values() if grade > 0), reverse=True)[:k]
    best = _discounted(ideal)
    return _discounted(gains) / best if best else 0.0


def mrr(ranking: Sequence[str], judged: Mapping[str, int], *, k: int = 10) -> float:
    """Reciprocal rank of the first document judged above 0.

    Args:
        ranking: Ids, best first.
        judged: Grade by id.
        k: How far down the ranking is read.

    Returns:
        1 over the rank; 0 where there is none among the first k.
    """
    return next((1 / rank for rank, name in enumerate(ranking[:k], 1) if judged.get(name, 0) > 0), 0.0)


def recall(ranking: Sequence[str], judged: Mapping[str, int], *, k: int = 100) -> float:
    """Share of the documents judged above 0 that are among the first k.

    Args:
        ranking: Ids, best first, none twice.
        judged: Grade by id.
        k: How far down the ranking is read.

    Returns:
        0 to 1; 0 where nothing is judged above 0.
    """
    wanted = {name for name, grade in judged.items() if grade > 0}
    return len(wanted.intersection(ranking[:k])) / len(wanted) if wanted else 0.0


def _discounted(gains: Sequence[int]) -> float:
    return sum(gain / math.log2(rank + 1) for rank, gain in enumerate(gains, 1))
