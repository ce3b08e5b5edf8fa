"""Rows in memory: ids, payloads and vectors that only grow, with a mark on those that stand, and their exact scan."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Rows", "best_rows"]

_BLOCK = 1 << 15


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
    held: Rows, queries: NDArray[np.float32], most: int, rows: NDArray[np.int64] | None
) -> list[list[tuple[int, float]]]:
    """The nearest rows by an exact scan; equal scores by id.

    One query is a matrix-vector product and several are one matrix product a block, whatever FAISS's own thresholds
    are: its flat search takes neither path for a handful of queries.

    Args:
        held: The rows.
        queries: ``[q, dimension]``.
        most: Rows a query.
        rows: Rows that may be found; ``None`` for all.

    Returns:
        Row and score, best first, a list a query.
    """
    total = len(held) if rows is None else len(rows)
    kept: list[tuple[NDArray[np.int64], NDArray[np.float32]]] = [
        (np.zeros(0, np.int64), np.zeros(0, np.float32)) for _ in queries
    ]
    for start in range(0, total, _BLOCK):
        chosen = slice(start, min(start + _BLOCK, total)) if rows is None else rows[start : start + _BLOCK]
        block = held.vectors[chosen]
        scores = (block @ queries[0])[None] if len(queries) == 1 else queries @ block.T
        for number, row_scores in enumerate(scores):
            edge = np.partition(row_scores, len(row_scores) - most)[-most] if len(row_scores) > most else -np.inf
            # every score at the edge stays, so that the id decides between equals
            near = np.flatnonzero(row_scores >= edge)
            numbers = near + start if rows is None else rows[start + near]
            before = kept[number]
            kept[number] = (np.concatenate([before[0], numbers]), np.concatenate([before[1], row_scores[near]]))
    return [
        sorted(
            zip(numbers.tolist(), scores.astype(float).tolist(), strict=True),
            key=lambda pair: (-pair[1], held.ids[pair[0]]),
        )[:most]
        for numbers, scores in kept
    ]
