"""Diversity by similarity alone: maximal marginal relevance."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mtl_core.errors import InputError
from retrieval.coverage import cover_greedily

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["pairwise_similarity", "rank_by_mmr"]


def pairwise_similarity(vectors: NDArray[np.float32]) -> NDArray[np.float64]:
    """Similarity of every two items: their cosine, 0 where they point away from each other.

    Args:
        vectors: ``[items, dimension]`` unit vectors.

    Returns:
        ``[items, items]``, 0 to 1.
    """
    rows = vectors.astype(np.float64)
    return np.clip(rows @ rows.T, 0.0, 1.0)


def rank_by_mmr(
    relevance: NDArray[np.float64], similarity: NDArray[np.float64], *, k: int, trade_off: float = 0.7
) -> list[int]:
    """Maximal marginal relevance (Carbonell and Goldstein 1998).

    Each step takes the item of the largest ``trade_off * relevance - (1 - trade_off) * similarity to the nearest
    item chosen before``. It is greedy coverage where the one aspect is the text itself.

    Args:
        relevance: ``[items]``.
        similarity: ``[items, items]``.
        k: The most items.
        trade_off: 1 looks at relevance alone, 0 at novelty alone.

    Returns:
        Rows in order; ties go to the lower row.

    Raises:
        InputError: If ``trade_off`` is outside 0 to 1, or shapes do not fit.
    """
    if not 0 <= trade_off <= 1:
        raise InputError(f"The trade-off is {trade_off}; give 0 (novelty alone) to 1 (relevance alone).")
    picks = cover_greedily(
        trade_off * relevance,
        np.zeros((len(relevance), 0)),
        np.zeros(0),
        k=k,
        similarity=similarity,
        redundancy=1 - trade_off,
    )
    return [pick.row for pick in picks]
