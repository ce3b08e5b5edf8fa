"""Vectors of any embedding as the unit vectors that the stores keep."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from mtl_core.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["unit_vectors"]


def unit_vectors(given: Sequence[Sequence[float]], *, dimension: int) -> NDArray[np.float32]:
    """Check vectors and scale each to length 1, so that an inner product is a cosine.

    Args:
        given: n vectors of any length above zero.
        dimension: Numbers in each.

    Returns:
        ``[n, dimension]`` float32 unit vectors.

    Raises:
        InputError: If a vector has another dimension, is not finite, or is zero.
    """
    for row, vector in enumerate(given):
        if len(vector) != dimension:
            raise InputError(
                f"Vector {row} has {len(vector)} numbers but the store keeps {dimension}; "
                "use the embedding with which the store was filled."
            )
    vectors = np.asarray(given, dtype=np.float64).reshape(len(given), dimension)
    lengths = np.linalg.norm(vectors, axis=1)
    bad = np.flatnonzero(~(np.isfinite(lengths) & (lengths > 0)))
    if bad.size:
        what = "is zero" if lengths[bad[0]] == 0 else "holds numbers that are not finite"
        raise InputError(f"Vector {bad[0]} {what} and has no direction; check the embedding of its text.")
    units: NDArray[np.float32] = (vectors / lengths[:, None]).astype(np.float32)
    return units
