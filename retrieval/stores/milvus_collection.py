"""Calls on one Milvus collection: strongly consistent, bounded in time, errors in one sentence."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

from retrieval.stores.base import Record
from retrieval.stores.milvus_filters import ALL
from retrieval.stores.milvus_rows import batches, key_of, nearest, record_of
from retrieval.stores.milvus_setup import CALL_SECONDS, IndexType, index_type, milvus_errors, set_index

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from pymilvus import MilvusClient

__all__ = ["STORED", "MilvusCollection"]

STORED = ("id", "vector", "payload")
"""Fields that make a record."""

_PAGE = 1000
_MOST_HITS = 16_384
_EXTRA = 16
_TIE = 1e-6


@dataclass(frozen=True, slots=True)
class MilvusCollection:
    """One collection of a connected client.

    Args:
        client: The client.
        server: Host and port, for errors.
        name: The collection.
        candidates: Size of the list that HNSW keeps while it looks (``ef``).
    """

    client: MilvusClient
    server: str
    name: str
    candidates: int

    @property
    def index(self) -> IndexType:
        """Kind of the index."""
        with milvus_errors(self.server):
            return index_type(self.client, self.name)

    def set_index(self, kind: IndexType) -> None:
        """Replace the index; searches of others fail until it is loaded again.

        Args:
            kind: The kind.
        """
        with milvus_errors(self.server):
            set_index(self.client, self.name, kind)

    def upsert(self, rows: Sequence[dict[str, Any]]) -> None:
        """Insert or replace rows, in as many messages as it takes.

        Args:
            rows: Rows.
        """
        with milvus_errors(self.server):
            for batch in batches(rows):
                self.client.upsert(self.name, batch, timeout=CALL_SECONDS)

    def delete(self, ids: Sequence[str]) -> int:
        """Delete rows.

        Args:
            ids: Ids.

        Returns:
            How many were there.
        """
        there = sum(1 for _ in self.rows_by_id(ids, ["id"]))
        with milvus_errors(self.server):
            for keys in _keys(ids):
                self.client.delete(self.name, ids=keys, timeout=CALL_SECONDS)
        return there

    def count(self, condition: str) -> int:
        """Count rows.

        Args:
            condition: An expression.

        Returns:
            The number.
        """
        return int(self.query(condition, ["count(*)"])[0]["count(*)"])

    def rows_by_id(self, ids: Sequence[str], fields: Sequence[str]) -> Iterator[dict[str, Any]]:
        """Rows of these ids, in any order.

        Args:
            ids: Ids.
            fields: Fields wanted.

        Returns:
            Rows.
        """
        for keys in _keys(ids):
            listed = ", ".join(f'"{key}"' for key in keys)
            yield from self.query(f"id in [{listed}]", fields)

    def records(self, condition: str) -> Iterator[Record]:
        """Matching records by id: Milvus gives the smallest keys first, so each page begins after the last.

        Args:
            condition: An expression.

        Returns:
            Records.
        """
        after = ""
        while True:
            clause = f'({condition}) and id > "{after}"' if after else condition
            rows = sorted(self.query(clause, STORED, limit=_PAGE), key=lambda row: str(row["id"]))
            yield from map(record_of, rows)
            if len(rows) < _PAGE:
                return
            after = str(rows[-1]["id"])

    def nearest(self, query: NDArray[np.float32], *, k: int, condition: str, exact: bool) -> list[tuple[float, Record]]:
        """The nearest matching records.

        A few more than k are asked for, until no record of the last score can have been cut off.

        Args:
            query: ``[dimension]``.
            k: Most records.
            condition: An expression.
            exact: Whether all matching records are compared.

        Returns:
            Score and record, best first, equal scores by id.
        """
        limit = k + _EXTRA
        while not exact and limit <= _MOST_HITS:
            ranked = nearest(self._search(query, limit=limit, condition=condition), query)
            if len(ranked) < limit:
                if len(ranked) < self.count(condition):
                    # an approximate index gave less than there is
                    break
                return ranked[:k]
            if ranked[-1][0] < ranked[k - 1][0] - _TIE:
                return ranked[:k]
            limit *= 4
        return self._compared(query, k=k, condition=condition)

    def query(self, condition: str, fields: Sequence[str], **options: Any) -> list[dict[str, Any]]:
        """Rows that match.

        Args:
            condition: An expression.
            fields: Fields wanted.
            options: More for the client, such as ``limit``.

        Returns:
            Rows.
        """
        with milvus_errors(self.server):
            rows = self.client.query(
                self.name,
                filter=condition,
                output_fields=list(fields),
                consistency_level="Strong",
                timeout=CALL_SECONDS,
                **options,
            )
            return list(rows)

    def _compared(self, query: NDArray[np.float32], *, k: int, condition: str) -> list[tuple[float, Record]]:
        """All matching records compared, page by page."""
        best: list[tuple[float, Record]] = []
        records = self.records(condition)
        while page := list(islice(records, _PAGE)):
            best = nearest([*(record for _, record in best), *page], query)[:k]
        return best

    def _search(self, query: NDArray[np.float32], *, limit: int, condition: str) -> list[Record]:
        with milvus_errors(self.server):
            found = self.client.search(
                self.name,
                data=[query],
                anns_field="vector",
                limit=limit,
                filter="" if condition == ALL else condition,
                output_fields=list(STORED),
                search_params={"metric_type": "IP", "params": {"ef": max(self.candidates, limit)}},
                consistency_level="Strong",
                timeout=CALL_SECONDS,
            )
        return [record_of({"id": hit["id"], **hit["entity"]}) for hit in found[0]]


def _keys(ids: Sequence[str]) -> Iterator[list[str]]:
    keys = sorted({key_of(name) for name in ids})
    for start in range(0, len(keys), _PAGE):
        yield keys[start : start + _PAGE]
