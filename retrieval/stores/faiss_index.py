"""Which FAISS structure searches how many vectors, and how it is asked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal

import faiss
import numpy as np

from mtl_core.errors import InputError
from retrieval.stores.faiss_codes import as_codes

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

__all__ = [
    "Chosen",
    "Graph",
    "IndexKind",
    "IndexRule",
    "build_graph",
    "candidates_of",
    "extended",
    "faiss_threads",
    "read_graph",
]

IndexKind = Literal["flat", "hnsw", "ivf"]

_BYTES: Any = faiss.ScalarQuantizer.QT_8bit_direct_signed
_LINKS = 32
_HNSW_BYTES_A_VECTOR = 4 * 2 * _LINKS + 16
_TRAIN_A_LIST = 64
_ROWS_A_BLOCK = 1 << 16
_QUERIES_A_THREAD = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexRule:
    """When vectors are scanned exactly, and when FAISS searches approximately.

    Encoding a query costs about as much as an exact scan of 100,000 vectors of 384 numbers, so up to there an exact
    scan costs nothing that is felt; it also needs no building and forgets deleted vectors at once.

    Args:
        kind: ``flat``, ``hnsw`` or ``ivf`` whatever the size; ``None`` lets the size decide.
        flat_up_to: Most vectors that are scanned exactly.
        memory: Bytes that an HNSW graph with its 8-bit vectors may take; above them IVF with 8-bit numbers is built.
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
    construction: int = 48
    width: int = 144
    probes: float = 0.02
    exact_share: float = 0.05
    exact_up_to: int = 20_000

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
        return "hnsw" if count * (dimension + _HNSW_BYTES_A_VECTOR) <= self.memory else "ivf"


@dataclass(frozen=True, slots=True, eq=False)
class Graph:
    """An approximate index of the first rows of a store; it is never changed, only replaced.

    Args:
        kind: ``hnsw`` or ``ivf``.
        index: The FAISS index; its labels are row numbers.
        rows: How many rows it covers.
    """

    kind: str
    index: Any
    rows: int

    def save(self, path: Path) -> None:
        """Write it to a file.

        Args:
            path: The file.

        Raises:
            OSError: If it cannot be written.
        """
        try:
            faiss.write_index(self.index, str(path))
        except RuntimeError as error:
            # FAISS says no more than that a write came up short, which is what a full disk looks like
            raise OSError(28, "No space left on device") from error


class Chosen:
    """Rows that may be found, in the form that FAISS wants.

    Args:
        mask: ``[rows]`` true for those rows.
    """

    def __init__(self, mask: NDArray[np.bool_]) -> None:
        self.count = int(mask.sum())
        self.share = self.count / max(1, len(mask))
        # the bits must live as long as the selector that points to them
        self._bits = np.packbits(mask, bitorder="little")
        self.selector = faiss.IDSelectorBitmap(len(mask), faiss.swig_ptr(self._bits))


def build_graph(kind: IndexKind, blocks: Sequence[NDArray[np.float32]], *, rule: IndexRule) -> Graph:
    """Build an approximate index over all rows.

    Args:
        kind: ``hnsw`` or ``ivf``.
        blocks: Unit vectors ``[n, dimension]``, one after another.
        rule: Widths.

    Returns:
        The index.
    """
    count, dimension = sum(len(block) for block in blocks), blocks[0].shape[1]
    index: Any
    if kind == "hnsw":
        # a walk waits for memory above all, and 8 bits a number find the way; candidates are scored again with all 32
        index = faiss.IndexHNSWSQ(dimension, _BYTES, _LINKS, faiss.METRIC_INNER_PRODUCT)
        index.hnsw.efConstruction = rule.construction
    else:
        lists = max(1, min(int(4 * count**0.5), count // _TRAIN_A_LIST))
        index = faiss.index_factory(dimension, f"IVF{lists},SQ8", faiss.METRIC_INNER_PRODUCT)
        step = max(1, count // (lists * _TRAIN_A_LIST))
        index.train(np.concatenate([block[::step] for block in blocks]))
    _add(kind, index, blocks)
    return Graph(kind, index, count)


def extended(graph: Graph, blocks: Sequence[NDArray[np.float32]]) -> Graph:
    """The same index with more rows; nothing is built again.

    Args:
        graph: The index; searches of it may go on.
        blocks: The rows that come after those it covers.

    Returns:
        A new index.
    """
    index: Any = faiss.deserialize_index(faiss.serialize_index(graph.index))
    _add(graph.kind, index, blocks)
    return Graph(graph.kind, index, graph.rows + sum(len(block) for block in blocks))


def read_graph(kind: str, path: Path, rows: int) -> Graph | None:
    """Read an index; the vectors and links of an HNSW graph stay in the file, mapped.

    Args:
        kind: ``hnsw`` or ``ivf``.
        path: A file whose bytes have been verified.
        rows: How many rows it should cover.

    Returns:
        The index; ``None`` where this version of FAISS cannot read it or it does not fit.
    """
    try:
        index: Any = faiss.read_index(str(path), faiss.IO_FLAG_MMAP_IFC if kind == "hnsw" else 0)
    except RuntimeError:
        return None
    # a graph over numbers of another kind is no use: the next writer builds one
    held: Any = faiss.downcast_index(index.storage) if kind == "hnsw" else None
    fits = index.ntotal == rows and (held is None or held.sq.qtype == _BYTES)
    return Graph(kind, index, rows) if fits else None


def candidates_of(
    graph: Graph, queries: NDArray[np.float32], *, most: int, chosen: Chosen | None, rule: IndexRule
) -> NDArray[np.int64]:
    """Rows that are likely among the nearest; they are scored exactly afterwards.

    Args:
        graph: The index.
        queries: ``[q, dimension]``.
        most: Candidates a query.
        chosen: The rows that may be found; ``None`` for all.
        rule: Widths.

    Returns:
        ``[q, most]`` row numbers, -1 where there are fewer.
    """
    share = 1.0 if chosen is None else max(chosen.share, 1e-6)
    parameters: Any
    if graph.kind == "hnsw":
        width = int(max(rule.width, most) / min(1.0, share * 1.5) ** 0.75)
        # they are only read once they are made, so threads may share those without a selector
        parameters = _hnsw_parameters(width) if chosen is None else _hnsw_parameters.__wrapped__(width)
        queries = as_codes(queries)
    else:
        parameters = faiss.SearchParametersIVF()
        parameters.nprobe = max(1, min(graph.index.nlist, int(graph.index.nlist * rule.probes / share**0.5)))
    if chosen is not None:
        parameters.sel = chosen.selector
    # waking a second thread costs more than a few queries, and parallel callers share the cores anyway
    if len(queries) >= _QUERIES_A_THREAD or faiss.omp_get_max_threads() == 1:
        _, found = graph.index.search(queries, most, params=parameters)
    else:
        with faiss_threads(1):
            _, found = graph.index.search(queries, most, params=parameters)
    return np.asarray(found, np.int64)


@lru_cache(maxsize=64)
def _hnsw_parameters(width: int) -> Any:
    parameters = faiss.SearchParametersHNSW()  # type: ignore[attr-defined]  # made at run time by SWIG
    parameters.efSearch = width
    return parameters


def _add(kind: str, index: Any, blocks: Sequence[NDArray[np.float32]]) -> None:
    with faiss_threads(None):
        for block in blocks:
            for start in range(0, len(block), _ROWS_A_BLOCK):
                part = block[start : start + _ROWS_A_BLOCK]
                index.add(as_codes(part) if kind == "hnsw" else part)


@contextmanager
def faiss_threads(count: int | None) -> Iterator[None]:
    """FAISS's threads for what this thread calls; OpenMP keeps the number for each calling thread.

    Args:
        count: How many; ``None`` leaves it to OpenMP's setting.
    """
    before = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(count or before)
    try:
        yield
    finally:
        faiss.omp_set_num_threads(before)
