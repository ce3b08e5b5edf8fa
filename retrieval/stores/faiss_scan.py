"""Exact scan of rows that lie in several segments.

One query is scored by FAISS's own kernels on the thread that asks: two threads for one query wait for each other longer
than they work as soon as something else runs. Several queries are one matrix product a block, whatever FAISS's
threshold for it is. Both are the paths that FAISS's flat search misses by default.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import faiss
import numpy as np

from retrieval.stores.faiss_index import faiss_threads

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from retrieval.stores.rows import Segment

__all__ = ["Found", "best_of", "joined", "scan_rows"]

_NUMBERS_A_BLOCK = 1 << 23
_MOST_ROWS_A_BLOCK = 1 << 17
_GATHER_BELOW = 0.125
_SAMPLE = 4096


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """Rows that may be among the nearest of one query, in no order.

    Args:
        rows: ``[n]`` row numbers.
        scores: ``[n]`` their scores.
    """

    rows: NDArray[np.int64]
    scores: NDArray[np.float32]


class _Best:
    """The nearest rows of one query so far, and the score below which a row cannot be one of them."""

    def __init__(self, most: int) -> None:
        self.most = most
        self._rows: list[NDArray[np.int64]] = []
        self._scores: list[NDArray[np.float32]] = []
        self.edge = -np.inf

    def add(self, rows: NDArray[np.int64], scores: NDArray[np.float32]) -> None:
        if not len(rows):
            return
        if self._rows:
            rows, scores = np.concatenate([*self._rows, rows]), np.concatenate([*self._scores, scores])
        if len(rows) > self.most:
            self.edge = float(np.partition(scores, len(scores) - self.most)[-self.most])
            # every score at the edge stays, so that the id decides between equals
            near = scores >= self.edge
            rows, scores = rows[near], scores[near]
        self._rows, self._scores = [rows], [scores]

    def found(self) -> Found:
        none = (np.zeros(0, np.int64), np.zeros(0, np.float32))
        return Found(self._rows[0], self._scores[0]) if self._rows else Found(*none)


def scan_rows(
    segments: Sequence[Segment],
    starts: Sequence[int],
    queries: NDArray[np.float32],
    *,
    most: int,
    wanted: NDArray[np.bool_] | None,
    since: int = 0,
) -> list[Found]:
    """The nearest rows of each query by an exact scan.

    Args:
        segments: Where the rows lie.
        starts: First row number of each segment.
        queries: ``[q, dimension]``.
        most: Rows a query; more come where scores are equal.
        wanted: ``[rows]`` true for the rows that may be found; ``None`` for all.
        since: The first row that is scanned.

    Returns:
        One a query.
    """
    best = [_Best(most) for _ in queries]
    step = max(1, min(_MOST_ROWS_A_BLOCK, _NUMBERS_A_BLOCK // max(1, len(queries))))
    for segment, start in zip(segments, starts, strict=True):
        for first in range(max(0, since - start), len(segment), step):
            block = segment.vectors[first : first + step]
            chosen = None if wanted is None else wanted[start + first : start + first + len(block)]
            _scan_block(block, start + first, chosen, queries, best)
    return [one.found() for one in best]


def joined(one: Found, other: Found) -> Found:
    """Rows of two searches together.

    Args:
        one: Rows.
        other: Other rows.

    Returns:
        Both.
    """
    return Found(np.concatenate([one.rows, other.rows]), np.concatenate([one.scores, other.scores]))


def best_of(found: Found, ids_of: Sequence[Segment], starts: NDArray[np.int64], most: int) -> list[tuple[int, float]]:
    """The nearest of some rows, best first, equal scores by id.

    Args:
        found: The rows.
        ids_of: Segments with the ids.
        starts: First row number of each segment.
        most: How many.

    Returns:
        Row and score.
    """
    rows, scores = found.rows, found.scores
    order = np.argsort(-scores, kind="stable")
    if len(order) > most:
        order = order[scores[order] >= scores[order[most - 1]]]
    pairs = list(zip(rows[order].tolist(), scores[order].tolist(), strict=True))
    if len({score for _, score in pairs}) < len(pairs):
        places = np.searchsorted(starts, rows[order], side="right") - 1
        ids = {
            row: ids_of[place].ids[row - int(starts[place])]
            for (row, _), place in zip(pairs, places.tolist(), strict=True)
        }
        pairs.sort(key=lambda pair: (-pair[1], ids[pair[0]]))
    return pairs[:most]


def _scan_block(
    block: NDArray[np.float32],
    start: int,
    chosen: NDArray[np.bool_] | None,
    queries: NDArray[np.float32],
    best: Sequence[_Best],
) -> None:
    rows = None if chosen is None or chosen.all() else np.flatnonzero(chosen)
    if rows is not None and not len(rows):
        return
    scores = _scores_of_one(block, queries[0], rows)[None] if len(queries) == 1 else _scores(block, queries, rows)
    for one, of_query in zip(best, scores, strict=True):
        edge = one.edge if one.edge > -np.inf else _first_edge(of_query, one.most)
        near = np.flatnonzero(of_query >= edge)
        one.add((near if rows is None else rows[near]) + start, of_query[near])


def _scores_of_one(
    block: NDArray[np.float32], query: NDArray[np.float32], rows: NDArray[np.int64] | None
) -> NDArray[np.float32]:
    count, dimension = len(block) if rows is None else len(rows), block.shape[1]
    scores = np.empty(count, np.float32)
    out, asked, held = faiss.swig_ptr(scores), faiss.swig_ptr(query), faiss.swig_ptr(block)
    kernels: Any = faiss
    if rows is None:
        kernels.fvec_inner_products_ny(out, asked, held, dimension, count)
    else:
        with faiss_threads(1):
            kernels.fvec_inner_products_by_idx(out, asked, held, faiss.swig_ptr(rows), dimension, 1, count)
    return scores


def _scores(
    block: NDArray[np.float32], queries: NDArray[np.float32], rows: NDArray[np.int64] | None
) -> NDArray[np.float32]:
    # copying most of a block together costs more than scoring all of it
    if rows is None or len(rows) <= _GATHER_BELOW * len(block):
        held = block if rows is None else block[rows]
        return np.asarray(queries @ held.T, np.float32)
    return np.asarray(np.take(queries @ block.T, rows, axis=1), np.float32)


def _first_edge(scores: NDArray[np.float32], most: int) -> float:
    """A score that enough of the first rows reach, so that few of the others are looked at twice."""
    sample = scores[: max(_SAMPLE, 4 * most)]
    return float(np.partition(sample, len(sample) - most)[-most]) if len(sample) > most else -np.inf
