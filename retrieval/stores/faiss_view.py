"""What a store holds at one moment: it never changes, so any number of threads search it at the same time."""

from __future__ import annotations

import json
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from retrieval.filters import Filter, fields_of
from retrieval.stores.base import Hit, Record
from retrieval.stores.checks import check_fields
from retrieval.stores.faiss_index import Chosen, Graph, IndexRule, candidates_of
from retrieval.stores.faiss_scan import Found, best_of, joined, scan_rows
from retrieval.stores.faiss_texts import hashes_of
from retrieval.stores.rows import Segment

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["View"]

_OVERSAMPLE = 2
_FEW = 64


@dataclass(frozen=True, eq=False)
class View:
    """Rows of several segments under running numbers.

    Args:
        segments: Oldest first.
        alive: ``[rows]`` true for the rows that stand; an id stands once at most.
        graph: Approximate index of the first rows.
    """

    segments: tuple[Segment, ...]
    alive: NDArray[np.bool_]
    graph: Graph | None = None

    @cached_property
    def starts(self) -> NDArray[np.int64]:
        """First row number of each segment."""
        return np.cumsum([0, *(len(segment) for segment in self.segments)], dtype=np.int64)[:-1]

    @cached_property
    def _start_list(self) -> list[int]:
        starts: list[int] = self.starts.tolist()
        return starts

    @cached_property
    def count(self) -> int:
        """How many rows stand."""
        return int(self.alive.sum())

    def find(self, ids: Sequence[str]) -> NDArray[np.int64]:
        """The row of each id that stands.

        Args:
            ids: Ids.

        Returns:
            Row numbers, -1 where there is none.
        """
        # a lone surrogate is in no stored id
        names = [name.encode(errors="surrogatepass") for name in ids]
        hashes, rows = hashes_of(names), np.full(len(names), -1, np.int64)
        for segment, start in zip(self.segments, self.starts.tolist(), strict=True):
            found = segment.find(names, hashes)
            there = np.flatnonzero(found >= 0)
            there = there[self.alive[found[there] + start]]
            rows[there] = found[there] + start
        return rows

    def after(self, segment: Segment | None, dropped: NDArray[np.int64]) -> View:
        """What is held after a change.

        Args:
            segment: New rows.
            dropped: Rows that no longer stand.

        Returns:
            The view.
        """
        fresh = 0 if segment is None else len(segment)
        alive = np.concatenate([self.alive, np.ones(fresh, np.bool_)])
        alive[dropped] = False
        return View(self.segments if segment is None else (*self.segments, segment), alive, self.graph)

    def alive_in(self, number: int) -> NDArray[np.bool_]:
        """Which rows of a segment stand.

        Args:
            number: Place of the segment.

        Returns:
            ``[rows]``.
        """
        start = int(self.starts[number])
        return self.alive[start : start + len(self.segments[number])]

    def admitted(self, where: Filter | None) -> NDArray[np.bool_] | None:
        """Which rows a question is about.

        Args:
            where: The filter.

        Returns:
            ``[rows]``; ``None`` for all rows.

        Raises:
            InputError: If no row that stands has a field of the filter; it names the known ones.
        """
        if where is None:
            return None if self.count == len(self.alive) else self.alive
        missing = [path for path in fields_of(where) if not self._has(path)]
        if missing:
            check_fields(where, self._fields())
        masks = [segment.mask(where) for segment in self.segments]
        return np.concatenate([*masks, np.zeros(0, np.bool_)]) & self.alive

    def ordered(self, where: Filter | None) -> list[int]:
        """Rows that pass a filter, by id.

        Args:
            where: The filter.

        Returns:
            Row numbers.
        """
        admitted = self.admitted(where)
        rows = np.arange(len(self.alive)) if admitted is None else np.flatnonzero(admitted)
        names = [name for segment in self.segments for name in segment.ids.listed()]
        # bytes of UTF-8 sort as their code points do
        return sorted(rows.tolist(), key=names.__getitem__)

    def record(self, row: int) -> Record:
        """A row as it was stored.

        Args:
            row: Its number.

        Returns:
            The record.
        """
        segment, place = self._place(row)
        return Record(
            segment.ids[place].decode(), np.array(segment.vectors[place]), json.loads(segment.payloads[place])
        )

    def nearest(
        self, queries: NDArray[np.float32], *, most: int, where: Filter | None, rule: IndexRule
    ) -> list[list[Hit]]:
        """The nearest rows that pass a filter.

        Args:
            queries: ``[q, dimension]``.
            most: Hits a query.
            where: The filter.
            rule: When the graph is asked.

        Returns:
            Hits a query, best first, equal scores by id.
        """
        admitted = self.admitted(where)
        count = self.count if admitted is None or where is None else int(admitted.sum())
        most = min(most, count)
        if not most:
            return [[] for _ in queries]
        found = None
        narrow = max(rule.exact_up_to, rule.exact_share * self.count)
        # nearly as many candidates as rows are found sooner by looking at every row
        if self.graph is not None and count > narrow and _OVERSAMPLE * most <= max(rule.exact_share * count, 100):
            # what stands is the same for every question without a filter
            chosen = self._standing if admitted is None or where is None else Chosen(admitted[: self.graph.rows])
            found = self._by_graph(self.graph, queries, most, chosen, rule)
            if found is not None and self.graph.rows < len(self.alive):
                starts = self.starts.tolist()
                since = self.graph.rows
                later = scan_rows(self.segments, starts, queries, most=most, wanted=admitted, since=since)
                found = [joined(one, other) for one, other in zip(found, later, strict=True)]
        if found is None:
            found = scan_rows(self.segments, self.starts.tolist(), queries, most=most, wanted=admitted)
        return [self._hits(self._best(one, most)) for one in found]

    @cached_property
    def _standing(self) -> Chosen | None:
        """The rows of the graph that stand; ``None`` for all."""
        if self.graph is None or bool(self.alive[: self.graph.rows].all()):
            return None
        return Chosen(self.alive[: self.graph.rows])

    def _by_graph(
        self, graph: Graph, queries: NDArray[np.float32], most: int, chosen: Chosen | None, rule: IndexRule
    ) -> list[Found] | None:
        """Candidates of the graph, scored with full vectors; ``None`` where it brought too few."""
        near = candidates_of(graph, queries, most=_OVERSAMPLE * most, chosen=chosen, rule=rule)
        enough = min(most, graph.rows if chosen is None else chosen.count)
        found = []
        for query, padded in zip(queries, near, strict=True):
            rows = padded if padded[-1] >= 0 else padded[padded >= 0]
            if len(rows) < enough:
                return None
            found.append(Found(rows, self._vectors(rows) @ query))
        return found

    def _best(self, found: Found, most: int) -> list[tuple[int, float]]:
        return best_of(found, self.segments, self.starts, most)

    def _vectors(self, rows: NDArray[np.int64]) -> NDArray[np.float32]:
        if len(self.segments) == 1:
            return self.segments[0].vectors[rows]
        vectors = np.empty((len(rows), self.segments[0].vectors.shape[1]), np.float32)
        # rows are few, and the caches are full of the graph: one short loop is sooner done than many calls of numpy
        for number, (segment, place) in enumerate(map(self._place, rows.tolist())):
            vectors[number] = segment.vectors[place]
        return vectors

    def _place(self, row: int) -> tuple[Segment, int]:
        # segments without rows share their start with the next one, so the last of them is the right one
        number = bisect_right(self._start_list, row) - 1
        return self.segments[number], row - self._start_list[number]

    def _hits(self, best: Sequence[tuple[int, float]]) -> list[Hit]:
        if len(self.segments) == 1:
            rows = np.array([row for row, _ in best], np.int64)
            names, payloads = self.segments[0].ids.taken(rows), self.segments[0].payloads.taken(rows)
        else:
            places = [self._place(row) for row, _ in best]
            names = [segment.ids[place] for segment, place in places]
            payloads = [segment.payloads[place] for segment, place in places]
        # one call of the parser costs less than one a hit
        parsed = json.loads((b"[" + b",".join(payloads) + b"]").decode())
        return [
            Hit(name.decode(), score, payload) for (_, score), name, payload in zip(best, names, parsed, strict=True)
        ]

    def _has(self, path: str) -> bool:
        for number, segment in enumerate(self.segments):
            column = segment.columns.get(path)
            if column is None:
                continue
            alive = self.alive_in(number)
            # mostly one of the first rows stands, and the others need no look
            if bool(alive[column.rows[:_FEW]].any()) or bool(alive[column.rows].any()):
                return True
        return False

    def _fields(self) -> set[str]:
        return {path for segment in self.segments for path in segment.columns if self._has(path)}
