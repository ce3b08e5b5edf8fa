"""Which FAISS structure searches how many vectors, and how it is asked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import faiss
import numpy as np

from mtl_core.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["IndexKind", "IndexRule", "build_index", "candidates_of"]

IndexKind = Literal["flat", "hnsw", "ivf"]

_LINKS = 32
_HNSW_BYTES_A_VECTOR = 4 * 2 * _LINKS + 16
_TRAIN_A_LIST = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexRule:
    """When vectors are scanned exactly, and when FAISS searches approximately.

    Encoding a query costs about as much as an exact scan of 100,000 vectors of 384 numbers, so up to there an exact
    scan costs nothing that is felt; it also needs no building and forgets deleted vectors at once.

    Args:
        kind: ``flat``, ``hnsw`` or ``ivf`` whatever the size; ``None`` lets the size decide.
        flat_up_to: Most vectors that are scanned exactly.
        memory: Bytes that an HNSW graph with its vectors may take; above them IVF with 8-bit numbers is built.
        construction: HNSW's width while it is built.
        width: HNSW's width while it is searched; it grows as filters get narrow.
        probes: Share of IVF's lists that is searched.
        exact_share: A filter that admits at most this share of the vectors is answered by an exact scan of them.
        exact_up_to: The same as a number; the larger of both counts.

    Raises:
        InputError: If a value is out of range.
    """

    kind: IndexKind | None = None
    flat_up_to: int = 100_000
    memory: int = 8 << 30
    construction: int = 60
    width: int = 160
    probes: float = 0.02
    exact_share: float = 0.05
    exact_up_to: int = 10_000

    def __post_init__(self) -> None:
        if self.kind not in {None, "flat", "hnsw", "ivf"}:
            raise InputError(f"There is no kind of index {self.kind!r}; use flat, hnsw or ivf.")
        if min(self.flat_up_to, self.exact_up_to, self.memory) < 0 or min(self.construction, self.width) < 1:
            raise InputError("A limit of the index rule is negative or 0; give positive numbers.")
        if not 0 < self.probes <= 1 or not 0 <= self.exact_share <= 1:
            raise InputError("probes and exact_share are shares; give numbers from 0 to 1.")

    def choose(self, count: int, dimension: int) -> IndexKind:
        """The structure for so many vectors.

        Args:
            count: Number of vectors.
            dimension: Numbers in a vector.

        Returns:
            The kind.
        """
        if self.kind is not None:
            return self.kind
        if count <= self.flat_up_to:
            return "flat"
        return "hnsw" if count * (4 * dimension + _HNSW_BYTES_A_VECTOR) <= self.memory else "ivf"


def build_index(kind: IndexKind, vectors: NDArray[np.float32], *, rule: IndexRule) -> Any:
    """Build an approximate index over all rows of a matrix.

    Args:
        kind: ``hnsw`` or ``ivf``.
        vectors: ``[n, dimension]`` unit vectors.
        rule: Widths.

    Returns:
        A FAISS index whose labels are the row numbers.
    """
    count, dimension = vectors.shape
    index: Any
    if kind == "hnsw":
        index = faiss.IndexHNSWFlat(dimension, _LINKS, faiss.METRIC_INNER_PRODUCT)
        index.hnsw.efConstruction = rule.construction
    else:
        lists = max(1, min(int(4 * count**0.5), count // _TRAIN_A_LIST))
        index = faiss.index_factory(dimension, f"IVF{lists},SQ8", faiss.METRIC_INNER_PRODUCT)
        step = max(1, count // (lists * _TRAIN_A_LIST))
        index.train(np.ascontiguousarray(vectors[::step]))
    index.add(vectors)
    return index


def candidates_of(
    index: Any, queries: NDArray[np.float32], *, most: int, rows: NDArray[np.bool_] | None, rule: IndexRule
) -> NDArray[np.int64]:
    """Rows that are likely among the nearest; they are scored exactly afterwards.

    Args:
        index: From ``build_index``.
        queries: ``[q, dimension]``.
        most: Candidates a query.
        rows: ``[n]`` true for the rows that may be found; ``None`` for all.
        rule: Widths.

    Returns:
        ``[q, most]`` row numbers, -1 where there are fewer.
    """
    share = 1.0 if rows is None else max(float(rows.mean()), 1e-6)
    selector = None
    if rows is not None:
        # the bits must live as long as the selector that points to them
        bits = np.packbits(rows, bitorder="little")
        selector = faiss.IDSelectorBitmap(len(rows), faiss.swig_ptr(bits))
    parameters: Any
    if isinstance(index, faiss.IndexHNSW):
        parameters = faiss.SearchParametersHNSW()  # type: ignore[attr-defined]  # made at run time by SWIG
        parameters.efSearch = int(max(rule.width, most) / min(1.0, share * 1.5) ** 0.75)
    else:
        parameters = faiss.SearchParametersIVF()
        parameters.nprobe = max(1, min(index.nlist, int(index.nlist * rule.probes / share**0.5)))
    if selector is not None:
        parameters.sel = selector
    _, found = index.search(queries, most, params=parameters)
    return np.asarray(found, np.int64)
