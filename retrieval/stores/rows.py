"""Rows that never change: ids, payloads, vectors and columns of one change or of one part of a folder."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from retrieval.filters import And, Contains, Eq, Filter, In, Leaf, Not, Or, Range, value_at
from retrieval.stores.columns import Column, ColumnBuilder, merged_column, walk
from retrieval.stores.faiss_texts import Texts, hashes_of, joined_texts

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from retrieval.stores.base import Payload

__all__ = ["Segment", "merged"]

_COLUMN_ARRAYS = ("rows", "codes", "item_rows", "item_codes", "encoded")


@dataclass(frozen=True, slots=True, eq=False)
class Segment:
    """Rows that belong together; every id comes once.

    Args:
        ids: UTF-8.
        payloads: JSON.
        vectors: ``[n, dimension]`` float32.
        columns: By field; every field that a payload has.
        hashes: ``[n]`` hashes of the ids, ascending.
        by_hash: ``[n]`` the row of each hash.
    """

    ids: Texts
    payloads: Texts
    vectors: NDArray[np.float32]
    columns: Mapping[str, Column]
    hashes: NDArray[np.uint64]
    by_hash: NDArray[np.int32]
    _long: dict[str, Column] = field(default_factory=dict)

    @classmethod
    def of(
        cls, ids: Sequence[str], vectors: NDArray[np.float32], payloads: Sequence[Payload], encoded: Sequence[bytes]
    ) -> Segment:
        """Rows of one change.

        Args:
            ids: Ids, none twice.
            vectors: ``[n, dimension]``; copied.
            payloads: JSON objects.
            encoded: The same as JSON.

        Returns:
            The rows.
        """
        builders: dict[str, ColumnBuilder] = {}
        for row, payload in enumerate(payloads):
            for path, value in walk(payload):
                builders.setdefault(path, ColumnBuilder()).add(row, value)
        columns = {path: builder.column() for path, builder in builders.items()}
        names = [name.encode() for name in ids]
        return _segment(Texts.of(names), Texts.of(encoded), np.array(vectors, np.float32), columns, hashes_of(names))

    def __len__(self) -> int:
        return len(self.vectors)

    def find(self, ids: Sequence[bytes], hashes: NDArray[np.uint64]) -> NDArray[np.int64]:
        """The row of each id.

        Args:
            ids: Ids.
            hashes: Their ``hashes_of``.

        Returns:
            Rows, -1 where there is none.
        """
        places = np.searchsorted(self.hashes, hashes)
        rows = np.full(len(ids), -1, np.int64)
        near = np.minimum(places, max(len(self) - 1, 0))
        for number in np.flatnonzero(self.hashes[near] == hashes).tolist() if len(self) else ():
            place = int(places[number])
            # two ids may share a hash
            while place < len(self) and self.hashes[place] == hashes[number]:
                row = int(self.by_hash[place])
                if self.ids[row] == ids[number]:
                    rows[number] = row
                place += 1
        return rows

    def mask(self, where: Filter) -> NDArray[np.bool_]:
        """Which rows meet a filter; the same answer as ``matches``, row by row.

        Args:
            where: The filter.

        Returns:
            ``[n]``.
        """
        match where:
            case And(parts):
                whole = np.ones(len(self), np.bool_)
                for part in parts:
                    whole &= self.mask(part)
                return whole
            case Or(parts):
                whole = np.zeros(len(self), np.bool_)
                for part in parts:
                    whole |= self.mask(part)
                return whole
            case Not(part):
                return ~self.mask(part)
            case leaf:
                return self._leaf_mask(leaf)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Everything as arrays, for a file.

        Returns:
            Arrays by name.
        """
        held: dict[str, NDArray[Any]] = {
            "ids": self.ids.blob,
            "id_starts": self.ids.starts,
            "payloads": self.payloads.blob,
            "payload_starts": self.payloads.starts,
            "vectors": self.vectors,
            "hashes": self.hashes,
            "by_hash": self.by_hash,
            "fields": np.frombuffer(json.dumps(list(self.columns), ensure_ascii=False).encode(), np.uint8),
        }
        for number, column in enumerate(self.columns.values()):
            held.update({f"field{number}.{name}": getattr(column, name) for name in _COLUMN_ARRAYS})
        return held

    @classmethod
    def from_arrays(cls, held: Mapping[str, NDArray[Any]]) -> Segment:
        """The opposite of ``arrays``.

        Args:
            held: Arrays by name.

        Returns:
            The rows.

        Raises:
            KeyError: If one is missing.
            ValueError: If they do not fit together.
        """
        columns = {
            name: Column(*(held[f"field{number}.{part}"] for part in _COLUMN_ARRAYS))
            for number, name in enumerate(json.loads(held["fields"].tobytes()))
        }
        ids, payloads = (
            Texts(held[blob], held[starts]) for blob, starts in (("ids", "id_starts"), ("payloads", "payload_starts"))
        )
        count = len(held["vectors"])
        if {len(ids), len(payloads), len(held["hashes"]), len(held["by_hash"])} != {count}:
            raise ValueError("the arrays have different lengths")
        return cls(ids, payloads, held["vectors"], columns, held["hashes"], held["by_hash"])

    def _leaf_mask(self, leaf: Leaf) -> NDArray[np.bool_]:
        column = self._column(leaf.field)
        if column is None:
            return np.zeros(len(self), np.bool_)
        match leaf:
            case Eq(_, value):
                return column.equal((value,), len(self))
            case In(_, values):
                return column.equal(values, len(self))
            case Range(_, lowest, highest):
                return column.within(lowest, highest, len(self))
            case Contains(_, value):
                return column.holding(value, len(self))

    def _column(self, path: str) -> Column | None:
        column = self.columns.get(path)
        if column is None or column.is_kept:
            return column
        if path not in self._long:
            # texts too long to be saved twice are read from the payloads at the first filter on them
            builder = ColumnBuilder()
            for row in column.rows.tolist():
                builder.add(row, value_at(json.loads(self.payloads[row]), path), short=False)
            self._long[path] = builder.column()
        return self._long[path]


def merged(parts: Sequence[tuple[Segment, NDArray[np.bool_]]], dimension: int) -> Segment:
    """Rows of several segments one after another.

    Args:
        parts: Segment, and ``[n]`` true for the rows that stay.
        dimension: Numbers in a vector.

    Returns:
        The rows that stay; their ids must differ.
    """
    parts = [(segment, stays) for segment, stays in parts if stays.any()]
    firsts = np.cumsum([0, *(int(stays.sum()) for _, stays in parts)]).tolist()
    fields = {path: None for segment, _ in parts for path in segment.columns}
    columns = {}
    for path in fields:
        column = merged_column(
            [
                (segment.columns[path], stays, first)
                for (segment, stays), first in zip(parts, firsts, strict=False)
                if path in segment.columns
            ]
        )
        if len(column.rows):
            columns[path] = column
    vectors = [segment.vectors if stays.all() else segment.vectors[stays] for segment, stays in parts]
    hashes = [np.empty(len(segment), np.uint64) for segment, _ in parts]
    for unsorted, (segment, _) in zip(hashes, parts, strict=True):
        unsorted[segment.by_hash] = segment.hashes
    return _segment(
        joined_texts([(segment.ids, stays) for segment, stays in parts]),
        joined_texts([(segment.payloads, stays) for segment, stays in parts]),
        np.concatenate([np.zeros((0, dimension), np.float32), *vectors]),
        columns,
        np.concatenate(
            [np.zeros(0, np.uint64), *(part[stays] for part, (_, stays) in zip(hashes, parts, strict=True))]
        ),
    )


def _segment(
    ids: Texts,
    payloads: Texts,
    vectors: NDArray[np.float32],
    columns: Mapping[str, Column],
    hashes: NDArray[np.uint64],
) -> Segment:
    order = np.argsort(hashes, kind="stable").astype(np.int32)
    return Segment(ids, payloads, vectors, columns, hashes[order], order)
