"""Synthetic vectors that resemble a corpus: clusters of very different sizes, a few strong directions, unit length."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["clustered", "queries_and_corpus"]

_CLUSTERS = 1000
_PIECE = 50_000


def clustered(count: int, dimension: int, *, seed: int, centres_seed: int = 0) -> NDArray[np.float32]:
    """Unit vectors in 1,000 clusters of Zipf sizes, with a power-law spectrum.

    Args:
        count: How many.
        dimension: Numbers in a vector.
        seed: Of the draw.
        centres_seed: Of the clusters; the same for corpus and queries.

    Returns:
        ``[count, dimension]`` float32.
    """
    rng_centres = np.random.default_rng(centres_seed)
    spectrum = (np.arange(1, dimension + 1) ** -0.5).astype(np.float32)
    centres = rng_centres.standard_normal((_CLUSTERS, dimension), dtype=np.float32) * spectrum
    weights = 1 / np.arange(1, _CLUSTERS + 1)
    rng = np.random.default_rng(seed)
    vectors = np.empty((count, dimension), dtype=np.float32)
    for start in range(0, count, _PIECE):
        piece = vectors[start : start + _PIECE]
        cluster = rng.choice(_CLUSTERS, size=len(piece), p=weights / weights.sum())
        piece[:] = centres[cluster]
        piece += rng.standard_normal(piece.shape, dtype=np.float32) * spectrum * 0.8
        piece /= np.linalg.norm(piece, axis=1, keepdims=True)
    return vectors


def queries_and_corpus(
    count: int, dimension: int, *, queries: int, seed: int = 1
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Held-out queries and a corpus of the same clusters.

    Args:
        count: Size of the corpus.
        dimension: Numbers in a vector.
        queries: How many queries.
        seed: Of both draws.

    Returns:
        Queries and corpus.
    """
    return clustered(queries, dimension, seed=seed + 1000), clustered(count, dimension, seed=seed)
