"""A store in Milvus, for those who outgrow one machine."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Self

from retrieval.filters import Filter, fields_of
from retrieval.stores.base import (
    Hit,
    Payload,
    Record,
    StoreSpec,
    check_fields,
    checked_k,
    checked_queries,
    checked_upsert,
    paths_of,
    wanted_ids,
)
from retrieval.stores.milvus_collection import STORED, MilvusCollection
from retrieval.stores.milvus_filters import ALL, expression, has_field
from retrieval.stores.milvus_rows import record_of, row_of, spooled
from retrieval.stores.milvus_setup import checked_collection, connect, prepare_collection

if TYPE_CHECKING:
    from types import TracebackType

    import numpy as np
    from numpy.typing import NDArray

__all__ = ["MilvusStore"]

_ROWS_FOR_NAMES = 1000


class MilvusStore:
    """Vectors and payloads in one collection of a Milvus server.

    Every read asks for strong consistency: a write that was acknowledged is seen. A call of more than
    1,000 rows reaches the server in several messages, so that a failure may leave the first ones.
    The index is exact (``FLAT``) until ``flush`` finds the collection large. May be used by many
    threads and machines at once. Open one with ``MilvusStore.open``.

    Args:
        collection: The collection, prepared.
        spec: What it holds.
        hnsw_from: Rows from which ``flush`` replaces the exact index by HNSW.
        exact_up_to: Matching rows up to which all are compared, whatever the index.
    """

    def __init__(self, collection: MilvusCollection, *, spec: StoreSpec, hnsw_from: int, exact_up_to: int) -> None:
        self._collection = collection
        self._spec = spec
        self._hnsw_from = hnsw_from
        self._exact_up_to = exact_up_to
        self._fields: set[str] = set()
        self._has_hnsw = collection.index == "HNSW"
        self._closed = False

    @classmethod
    def open(
        cls,
        server: str,
        *,
        spec: StoreSpec,
        collection: str = "lessons",
        user: str = "",
        password: str = "",
        secure: bool = False,
        create: bool = True,
        hnsw_from: int = 200_000,
        exact_up_to: int = 2_000,
        candidates: int = 256,
    ) -> Self:
        """Connect to a server and open or make the store's collection.

        Args:
            server: Host and port, such as ``localhost:19530``.
            spec: What the store holds.
            collection: Letters, digits and underscores.
            user: User name, empty for none.
            password: Password, empty for none.
            secure: Whether to use TLS.
            create: Whether a missing collection is made.
            hnsw_from: Rows from which ``flush`` replaces the exact index by HNSW.
            exact_up_to: Matching rows up to which all are compared, whatever the index.
            candidates: Size of the list that HNSW keeps while it looks (``ef``).

        Returns:
            The store.

        Raises:
            InputError: If the collection's name cannot be used.
            ArtifactError: If the server cannot be reached, or the collection belongs to another encoder.
        """
        checked_collection(collection)
        client = connect(server, user=user, password=password, secure=secure)
        try:
            prepare_collection(client, server=server, collection=collection, spec=spec, create=create)
        except BaseException:
            client.close()
            raise
        opened = MilvusCollection(client, server, collection, candidates)
        return cls(opened, spec=spec, hnsw_from=hnsw_from, exact_up_to=exact_up_to)

    @property
    def spec(self) -> StoreSpec:
        """Which vectors the store holds."""
        return self._spec

    def upsert(self, ids: Sequence[str], vectors: NDArray[np.float32], payloads: Sequence[Payload]) -> None:
        """Add items, replacing those whose id is there already.

        Args:
            ids: Ids, none twice.
            vectors: ``[n, dimension]`` float32 unit vectors.
            payloads: One JSON object an id.

        Raises:
            InputError: If something does not fit; then nothing was changed.
            ArtifactError: If the server fails.
        """
        checked, array, encoded = checked_upsert(ids, vectors, payloads, spec=self._spec)
        rows = [row_of(*parts) for parts in zip(checked, array, payloads, encoded, strict=True)]
        self._fields.clear()
        self._collection.upsert(rows)

    def delete(self, ids: Sequence[str]) -> int:
        """Remove items; an id that is not there is no error.

        Args:
            ids: Ids.

        Returns:
            How many were there.
        """
        self._fields.clear()
        return self._collection.delete(wanted_ids(ids))

    def get(self, ids: Sequence[str]) -> list[Record | None]:
        """Items by id.

        Args:
            ids: Ids.

        Returns:
            One record an id in the order given, ``None`` where there is none.
        """
        wanted = wanted_ids(ids)
        found = {record.id: record for record in map(record_of, self._collection.rows_by_id(wanted, STORED))}
        return [found.get(name) for name in wanted]

    def search(self, vectors: NDArray[np.float32], *, k: int, where: Filter | None = None) -> list[list[Hit]]:
        """The nearest items of each query among those that pass the filter.

        Args:
            vectors: ``[q, dimension]`` float32 unit vectors.
            k: Most hits a query, at least 1; above the number of items that pass, all of them come.
            where: Evaluated within the search, never after.

        Returns:
            Hits a query, best first, equal scores by id.

        Raises:
            InputError: If a vector, ``k`` or a field of the filter cannot be used.
        """
        queries = checked_queries(vectors, spec=self._spec)
        wanted = checked_k(k)
        condition = self._condition(where)
        if not len(queries):
            return []
        # a restrictive filter cuts an HNSW graph apart
        exact = self._has_hnsw and where is not None and self._collection.count(condition) <= self._exact_up_to
        found = [self._collection.nearest(query, k=wanted, condition=condition, exact=exact) for query in queries]
        return [[Hit(record.id, score, record.payload) for score, record in ranked] for ranked in found]

    def scan(self, where: Filter | None = None) -> Iterator[Record]:
        """Every item that passes the filter, by id in the order of code points.

        Args:
            where: The filter.

        Returns:
            Records of the state at the time of the call, as far as other writers let it stand while
            the records are read; they are kept in memory, or in a temporary file when there are many.
        """
        return spooled(self._collection.records(self._condition(where)), self._spec.dimension)

    def count(self, where: Filter | None = None) -> int:
        """How many items pass the filter.

        Args:
            where: The filter.

        Returns:
            The number.
        """
        return self._collection.count(self._condition(where))

    def flush(self) -> None:
        """Replace the exact index by HNSW once the collection is large; changes are durable when acknowledged."""
        if not self._has_hnsw and self._collection.count(ALL) >= self._hnsw_from:
            if self._collection.index == "FLAT":
                self._collection.set_index("HNSW")
            self._has_hnsw = True

    def close(self) -> None:
        """Let go of the connection; closing twice is no error."""
        if not self._closed:
            self._closed = True
            self._collection.client.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _condition(self, where: Filter | None) -> str:
        for field in sorted(fields_of(where) - self._fields):
            if self._collection.query(has_field(field), ["id"], limit=1):
                self._fields.add(field)
            else:
                sample = islice(self._collection.records(ALL), _ROWS_FOR_NAMES)
                check_fields(where, set().union(*(paths_of(record.payload) for record in sample)) - {field})
        return expression(where)
