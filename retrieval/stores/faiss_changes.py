"""Changes of one store that are not published yet, on top of the state that is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from retrieval.stores.faiss_base import Base
from retrieval.stores.faiss_view import View
from retrieval.stores.rows import Segment, merged

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Changes", "kept_parts"]

_MOST_PARTS = 24
_MOST_DEAD = 0.25


@dataclass(frozen=True, eq=False)
class Changes:
    """What one store holds: the published state, and its own changes.

    Args:
        base: The published state.
        view: Its rows and, after them, those of the changes.
        deleted: Ids that were deleted and not added again.
    """

    base: Base
    view: View
    deleted: frozenset[str] = frozenset()

    @classmethod
    def none(cls, base: Base) -> Changes:
        """The published state alone.

        Args:
            base: The state.

        Returns:
            No changes to it.
        """
        return cls(base, View(tuple(part.segment for part in base.parts), base.alive(), base.graph))

    @property
    def is_any(self) -> bool:
        """Whether something is to be published."""
        return bool(self.deleted) or len(self.view.segments) > len(self.base.parts)

    @cached_property
    def saved_rows(self) -> int:
        """How many rows are published."""
        return sum(len(part.segment) for part in self.base.parts)

    def upserted(self, ids: Sequence[str], segment: Segment) -> Changes:
        """With more rows, in place of those of the same ids.

        Args:
            ids: Ids of the segment.
            segment: The rows.

        Returns:
            The changes.
        """
        rows = self.view.find(ids)
        view = self.view.after(segment, rows[rows >= 0])
        return Changes(self.base, _merged_last(view, len(self.base.parts)), self.deleted.difference(ids))

    def without(self, ids: Sequence[str]) -> Changes:
        """Without some rows.

        Args:
            ids: Ids; those that are not there change nothing.

        Returns:
            The changes.
        """
        rows = self.view.find(ids)
        gone = [name for name, row in zip(ids, rows.tolist(), strict=True) if row >= 0]
        return Changes(self.base, self.view.after(None, rows[rows >= 0]), self.deleted.union(gone))

    def onto(self, base: Base) -> Changes:
        """The same changes on top of another state.

        Args:
            base: The state.

        Returns:
            The changes.
        """
        changes = Changes.none(base).without(sorted(self.deleted))
        for number in range(len(self.base.parts), len(self.view.segments)):
            segment, alive = self.view.segments[number], self.view.alive_in(number)
            fresh = merged([(segment, alive)], segment.vectors.shape[1])
            changes = changes.upserted([name.decode() for name in fresh.ids.listed()], fresh)
        return Changes(base, changes.view, self.deleted)


def kept_parts(changes: Changes, dimension: int) -> tuple[int, Segment, NDArray[np.int64]]:
    """Which parts stay as they are, and the part that comes after them.

    Args:
        changes: What is to be published.
        dimension: Numbers in a vector.

    Returns:
        How many parts stay, the rows of the new part, and which rows of the parts that stay it overrules.
    """
    base, view = changes.base, changes.view
    fresh = int(view.alive[changes.saved_rows :].sum())
    keep = len(base.parts)
    while keep > base.graph_parts and len(base.parts[keep - 1].segment) <= 2 * fresh:
        keep -= 1
        fresh += len(base.parts[keep].segment)
    kept_rows = sum(len(part.segment) for part in base.parts[:keep])
    dead = kept_rows - int(view.alive[:kept_rows].sum())
    if keep >= _MOST_PARTS or dead > _MOST_DEAD * len(view.alive):
        keep = kept_rows = 0
    new = merged(
        [(view.segments[number], view.alive_in(number)) for number in range(keep, len(view.segments))], dimension
    )
    dropped = np.flatnonzero(base.alive(keep) & ~view.alive[:kept_rows])
    return keep, new, dropped


def _merged_last(view: View, saved: int) -> View:
    """Merge unpublished segments as they come, so that many small changes do not make many segments."""
    first = len(view.segments) - 1
    size = len(view.segments[first])
    while first > saved and len(view.segments[first - 1]) <= 2 * size:
        first -= 1
        size += len(view.segments[first])
    if first == len(view.segments) - 1:
        return view
    parts = [(view.segments[number], view.alive_in(number)) for number in range(first, len(view.segments))]
    together = merged(parts, view.segments[first].vectors.shape[1])
    before = view.alive[: int(view.starts[first])]
    alive = np.concatenate([before, np.ones(len(together), np.bool_)])
    return View((*view.segments[:first], together), alive, view.graph)
