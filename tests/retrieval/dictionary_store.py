"""The smallest store: a dictionary and a matrix product."""

from __future__ import annotations

import copy
from collections.abc import Iterator

from retrieval.filters import matches
from retrieval.stores.base import (
    Hit,
    Record,
    StoreSpec,
    check_fields,
    checked_k,
    checked_queries,
    checked_upsert,
    paths_of,
    wanted_ids,
)


class DictionaryStore:
    def __init__(self, dimension: int, fingerprint: str = "fake") -> None:
        self.spec = StoreSpec(dimension=dimension, fingerprint=fingerprint)
        self.records: dict[str, Record] = {}
        self.flushes = 0
        self.closed = False

    def upsert(self, ids, vectors, payloads) -> None:
        names, rows, _ = checked_upsert(ids, vectors, payloads, spec=self.spec)
        for name, row, payload in zip(names, rows, payloads, strict=True):
            self.records[name] = Record(name, row, copy.deepcopy(payload))

    def delete(self, ids) -> int:
        return sum(self.records.pop(name, None) is not None for name in set(wanted_ids(ids)))

    def get(self, ids) -> list[Record | None]:
        return [self.records.get(name) for name in wanted_ids(ids)]

    def search(self, vectors, *, k, where=None) -> list[list[Hit]]:
        queries, most = checked_queries(vectors, spec=self.spec), checked_k(k)
        check_fields(where, {path for record in self.records.values() for path in paths_of(record.payload)})
        passing = list(self.scan(where))
        return [
            sorted((Hit(r.id, float(query @ r.vector), r.payload) for r in passing), key=lambda h: (-h.score, h.id))[
                :most
            ]
            for query in queries
        ]

    def scan(self, where=None) -> Iterator[Record]:
        return (
            self.records[name]
            for name in sorted(self.records)
            if where is None or matches(where, self.records[name].payload)
        )

    def count(self, where=None) -> int:
        return sum(1 for _ in self.scan(where))

    def flush(self) -> None:
        self.flushes += 1

    def close(self) -> None:
        self.closed = True

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace) -> None:
        self.close()
