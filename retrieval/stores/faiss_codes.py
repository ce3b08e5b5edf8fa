"""Vectors as the 8-bit numbers that an HNSW graph walks over.

FAISS compares signed bytes as whole numbers (``QT_8bit_direct_signed``), which took two thirds of the time of its 8-bit
numbers with a range for each dimension, and less than 32-bit ones. It leaves the scale to us. A fixed random rotation
spreads a vector evenly over its numbers, so one scale fits vectors of any encoder, and nothing is learned from the data
(the rotation of RaBitQ: Gao and Long, SIGMOD 2024).
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

import faiss
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["as_codes"]

_SEED = 7
_SPREADS = 8.0
"""A number of a rotated unit vector is cut at so many times its usual size, which hardly ever happens."""
_LARGEST = 127.0


def as_codes(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Rotate and round vectors; inner products keep their order but for the rounding.

    Args:
        vectors: Unit vectors ``[n, dimension]``, contiguous.

    Returns:
        ``[n, dimension]`` whole numbers from -127 to 127.
    """
    rotation, dimension = _rotation(vectors.shape[1]), vectors.shape[1]
    if len(vectors) == 1:
        # BLAS would wake a second thread for one vector, which costs more than it saves
        turned = np.empty_like(vectors)
        pointers = faiss.swig_ptr(turned), faiss.swig_ptr(vectors), faiss.swig_ptr(rotation)
        kernels: Any = faiss
        kernels.fvec_inner_products_ny(*pointers, dimension, dimension)
    else:
        turned = vectors @ rotation.T
    np.rint(turned, out=turned)
    return np.clip(turned, -_LARGEST, _LARGEST, out=turned)


@lru_cache(maxsize=8)
def _rotation(dimension: int) -> NDArray[np.float32]:
    """A random rotation times the scale, its columns as rows; the same on every machine, but for rounding."""
    gauss = np.random.default_rng(_SEED).standard_normal((dimension, dimension))
    turned, triangle = np.linalg.qr(gauss)
    # the signs that LAPACK happens to choose are undone
    turned *= np.sign(np.diag(triangle))
    scale = _LARGEST / min(1.0, _SPREADS / dimension**0.5)
    return np.ascontiguousarray(turned.T * scale, np.float32)
