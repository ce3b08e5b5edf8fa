"""Exact scan of rows that lie in several segments.

One query is a matrix-vector product and several are one matrix product a block, whatever FAISS's own thresholds are:
its flat search takes neither path for a handful of queries, and with several threads takes a slower one for one query.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

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
    if chosen is not None and chosen.all():
        chosen = None
    rows = None
    if chosen is not None:
        passing = np.flatnonzero(chosen)
        if not len(passing):
            return
        # copying most of a block together costs more than scoring all of it
        if len(passing) <= _GATHER_BELOW * len(chosen):
            block, rows, chosen = block[passing], passing, None
    scores = (block @ queries[0])[None] if len(queries) == 1 else queries @ block.T
    if chosen is not None:
        scores[:, ~chosen] = -np.inf
    for one, of_query in zip(best, scores, strict=True):
        edge = one.edge if one.edge > -np.inf else _first_edge(of_query, one.most)
        near = np.flatnonzero(of_query >= edge) if edge > -np.inf else np.flatnonzero(of_query > -np.inf)
        one.add((near if rows is None else rows[near]) + start, of_query[near])


def _first_edge(scores: NDArray[np.float32], most: int) -> float:
    """A score that enough of the first rows reach, so that few of the others are looked at twice."""
    sample = scores[: max(_SAMPLE, 4 * most)]
    return float(np.partition(sample, len(sample) - most)[-most]) if len(sample) > most else -np.inf
