"""Rows in memory: ids, payloads and vectors that only grow, with a mark on those that stand, and their exact scan."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Rows", "best_rows"]

_BLOCK = 1 << 15
_GATHER_BELOW = 0.125


class Rows:
    """A matrix that grows by doubling, and what belongs to its rows. A change appends and marks the old row dead.

    Args:
        dimension: Numbers in a vector.
    """

    def __init__(self, dimension: int) -> None:
        self.ids: list[str] = []
        self.payloads: list[bytes] = []
        self.by_id: dict[str, int] = {}
        self._matrix = np.zeros((0, dimension), np.float32)
        self._alive = np.zeros(0, np.bool_)

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def vectors(self) -> NDArray[np.float32]:
        """``[rows, dimension]``, a view."""
        return self._matrix[: len(self.ids)]

    @property
    def alive(self) -> NDArray[np.bool_]:
        """``[rows]`` true for the rows that stand, a view."""
        return self._alive[: len(self.ids)]

    @property
    def dead(self) -> int:
        """Rows that no longer stand."""
        return len(self.ids) - len(self.by_id)

    def append(self, ids: Sequence[str], vectors: NDArray[np.float32], payloads: Sequence[bytes]) -> None:
        """Add rows; the caller has dropped rows of the same ids.

        Args:
            ids: Ids, none twice.
            vectors: ``[n, dimension]``.
            payloads: JSON.
        """
        first, count = len(self.ids), len(self.ids) + len(ids)
        if count > len(self._matrix):
            room = max(count, 2 * first) if first else count
            matrix = np.empty((room, self._matrix.shape[1]), np.float32)
            matrix[:first] = self._matrix[:first]
            self._matrix = matrix
            self._alive = np.concatenate([self._alive[:first], np.zeros(room - first, np.bool_)])
        self._matrix[first:count] = vectors
        self._alive[first:count] = True
        self.ids.extend(ids)
        self.payloads.extend(payloads)
        self.by_id.update(zip(ids, range(first, count), strict=True))

    def drop(self, name: str) -> int | None:
        """Mark the row of an id dead.

        Args:
            name: The id.

        Returns:
            The row, ``None`` where there is none.
        """
        row = self.by_id.pop(name, None)
        if row is not None:
            self._alive[row] = False
        return row


def best_rows(
    held: Rows, queries: NDArray[np.float32], most: int, wanted: NDArray[np.bool_]
) -> list[list[tuple[int, float]]]:
    """The nearest rows by an exact scan; equal scores by id.

    One query is a matrix-vector product and several are one matrix product a block, whatever FAISS's own thresholds
    are: its flat search takes neither path for a handful of queries.

    Args:
        held: The rows.
        queries: ``[q, dimension]``.
        most: Rows a query.
        wanted: ``[rows]`` true for the rows that may be found.

    Returns:
        Row and score, best first, a list a query.
    """
    kept: list[list[tuple[NDArray[np.int64], NDArray[np.float32]]]] = [[] for _ in queries]
    for start in range(0, len(held), _BLOCK):
        chosen = wanted[start : start + _BLOCK]
        rows = np.flatnonzero(chosen)
        if not len(rows):
            continue
        # copying most of a block together costs more than scoring all of it
        whole = len(rows) > _GATHER_BELOW * len(chosen)
        block = held.vectors[start : start + len(chosen)] if whole else held.vectors[start + rows]
        scores = (block @ queries[0])[None] if len(queries) == 1 else queries @ block.T
        if whole and len(rows) < len(chosen):
            scores[:, ~chosen] = -np.inf
        for number, row_scores in enumerate(scores):
            edge = np.partition(row_scores, len(row_scores) - most)[-most] if len(row_scores) > most else -np.inf
            # every score at the edge stays, so that the id decides between equals
            near = np.flatnonzero((row_scores >= edge) & (row_scores > -np.inf))
            kept[number].append(((near if whole else rows[near]) + start, row_scores[near]))
    return [_ordered(parts, held.ids, most) for parts in kept]


def _ordered(
    parts: Sequence[tuple[NDArray[np.int64], NDArray[np.float32]]], ids: Sequence[str], most: int
) -> list[tuple[int, float]]:
    pairs = [pair for rows, scores in parts for pair in zip(rows.tolist(), scores.tolist(), strict=True)]
    return sorted(pairs, key=lambda pair: (-pair[1], ids[pair[0]]))[:most]
