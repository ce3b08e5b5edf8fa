"""A store in PostgreSQL with pgvector: one shared, transactional server."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Self

from psycopg import sql

from mtl_core.errors import InputError
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
from retrieval.stores.postgres_filters import Condition, condition, holds_field
from retrieval.stores.postgres_json import is_storable, jsonb_text
from retrieval.stores.postgres_search import SearchPlan, search_rows
from retrieval.stores.postgres_setup import check_address, checked_table, open_pool, server_errors
from retrieval.stores.postgres_writing import build_hnsw, delete_rows, upsert_rows
from retrieval.stores.urls import server_of

if TYPE_CHECKING:
    from types import TracebackType

    import numpy as np
    from numpy.typing import NDArray
    from psycopg import Connection
    from psycopg_pool import ConnectionPool

__all__ = ["PostgresStore"]

_ROWS_AT_ONCE = 500
_ROWS_FOR_NAMES = 1000
_MOST_DIMENSIONS = 1900


class PostgresStore:
    """Vectors and payloads in one table of a PostgreSQL server.

    Vectors are kept in float32 and every score is computed from them. An HNSW index over half
    precision finds candidates once the table is large; few matching rows are scanned exactly.
    Every call is one transaction. May be used by many threads, processes and machines at once.
    Open one with ``PostgresStore.open``.

    Args:
        pool: Open connections.
        where: The server, without user and password.
        table: The store's table.
        spec: What it holds.
        plan: When to search exactly.
        hnsw_from: Rows from which ``flush`` builds the HNSW index.
    """

    def __init__(
        self, pool: ConnectionPool[Any], *, where: str, table: str, spec: StoreSpec, plan: SearchPlan, hnsw_from: int
    ) -> None:
        self._pool = pool
        self._where = where
        self._table = table
        self._spec = spec
        self._plan = plan
        self._hnsw_from = hnsw_from
        self._fields: set[str] = set()

    @classmethod
    def open(
        cls,
        address: str,
        *,
        spec: StoreSpec,
        table: str = "lessons",
        create: bool = True,
        plan: SearchPlan | None = None,
        hnsw_from: int = 50_000,
        connections: int = 8,
    ) -> Self:
        """Connect to a server and open or make the store's table.

        Args:
            address: A libpq address, such as ``postgresql://teacher@localhost/school``.
            spec: What the store holds.
            table: Small letters, digits and underscores.
            create: Whether a missing table is made.
            plan: When to search exactly; ``None`` takes the defaults.
            hnsw_from: Rows from which ``flush`` builds the HNSW index (once; writers wait meanwhile).
            connections: Most connections at a time.

        Returns:
            The store.

        Raises:
            InputError: If the address, the table's name or the dimension cannot be used.
            ArtifactError: If the server cannot be reached, or the table belongs to another encoder.
        """
        checked_table(table)
        if spec.dimension > _MOST_DIMENSIONS:
            raise InputError(
                f"The vectors have {spec.dimension} dimensions; a row of PostgreSQL holds at most {_MOST_DIMENSIONS}."
            )
        check_address(address)
        where = server_of(address)
        pool = open_pool(address, where=where, table=table, spec=spec, create=create, most=connections)
        return cls(pool, where=where, table=table, spec=spec, plan=plan or SearchPlan(), hnsw_from=hnsw_from)

    @property
    def spec(self) -> StoreSpec:
        """Which vectors the store holds."""
        return self._spec

    def upsert(self, ids: Sequence[str], vectors: NDArray[np.float32], payloads: Sequence[Payload]) -> None:
        """Add items, replacing those whose id is there already; all of them or none.

        Args:
            ids: Ids, none twice.
            vectors: ``[n, dimension]`` float32 unit vectors.
            payloads: One JSON object an id.

        Raises:
            InputError: If something does not fit; then nothing was changed.
            ArtifactError: If the server fails; then nothing was changed.
        """
        checked, array, encoded = checked_upsert(ids, vectors, payloads, spec=self._spec)
        texts = [jsonb_text(payload, name) for payload, name in zip(encoded, checked, strict=True)]
        if not checked:
            return
        with self._transaction() as connection:
            upsert_rows(connection, self._table, list(zip(checked, texts, array, strict=True)))
        self._fields.clear()

    def delete(self, ids: Sequence[str]) -> int:
        """Remove items; an id that is not there is no error.

        Args:
            ids: Ids.

        Returns:
            How many were there.
        """
        wanted = [name for name in wanted_ids(ids) if is_storable(name)]
        if not wanted:
            return 0
        with self._transaction() as connection:
            removed = delete_rows(connection, self._table, wanted)
        self._fields.clear()
        return removed

    def get(self, ids: Sequence[str]) -> list[Record | None]:
        """Items by id.

        Args:
            ids: Ids.

        Returns:
            One record an id in the order given, ``None`` where there is none.
        """
        wanted = wanted_ids(ids)
        storable = [name for name in set(wanted) if is_storable(name)]
        query = sql.SQL("select id, vector, payload from {} where id = any(%s)").format(self._name)
        with self._connection() as connection, connection.cursor(binary=True) as cursor:
            rows = cursor.execute(query, (storable,)).fetchall()
        found = {row[0]: _record(row) for row in rows}
        return [found.get(name) for name in wanted]

    def search(self, vectors: NDArray[np.float32], *, k: int, where: Filter | None = None) -> list[list[Hit]]:
        """The nearest items of each query among those that pass the filter.

        Args:
            vectors: ``[q, dimension]`` float32 unit vectors.
            k: Most hits a query, at least 1; above the number of items that pass, all of them come.
            where: Evaluated before or within the search, never after.

        Returns:
            Hits a query, best first, equal scores by id.

        Raises:
            InputError: If a vector, ``k`` or a field of the filter cannot be used.
        """
        queries = checked_queries(vectors, spec=self._spec)
        wanted = checked_k(k)
        with self._connection() as connection:
            matching = self._condition(connection, where)
            found = search_rows(connection, self._table, queries, k=wanted, matching=matching, plan=self._plan)
        return [[Hit(name, score, payload) for name, score, payload in rows] for rows in found]

    def scan(self, where: Filter | None = None) -> Iterator[Record]:
        """Every item that passes the filter, by id in the order of code points.

        Args:
            where: The filter.

        Returns:
            Records of the state at the time of the call; the iterator holds one connection until it
            ends or is closed.
        """
        with self._connection() as connection:
            expression, parameters = self._condition(connection, where)
        rows = self._rows(expression, parameters)
        # the first row opens the snapshot, so that it is the state of the call and not of the first use
        next(rows)
        return (_record(row) for row in rows)

    def _rows(self, expression: sql.Composable, parameters: list[str]) -> Iterator[Any]:
        query = sql.SQL("select id, vector, payload from {} where {} order by id").format(self._name, expression)
        with self._transaction() as connection, connection.cursor("scan", binary=True) as cursor:
            cursor.itersize = _ROWS_AT_ONCE
            cursor.execute(query, parameters)
            yield None
            yield from cursor

    def count(self, where: Filter | None = None) -> int:
        """How many items pass the filter.

        Args:
            where: The filter.

        Returns:
            The number.
        """
        with self._connection() as connection:
            expression, parameters = self._condition(connection, where)
            query = sql.SQL("select count(*) from {} where {}").format(self._name, expression)
            row = connection.execute(query, parameters).fetchone()
        return int(row[0]) if row else 0

    def flush(self) -> None:
        """Build the HNSW index if the table has grown large; changes are durable before this already."""
        with self._connection() as connection:
            build_hnsw(connection, self._table, dimension=self._spec.dimension, least=self._hnsw_from)

    def close(self) -> None:
        """Let go of the connections; closing twice is no error."""
        self._pool.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def _name(self) -> sql.Identifier:
        return sql.Identifier(self._table)

    @contextmanager
    def _connection(self) -> Iterator[Connection[Any]]:
        with server_errors(self._where), self._pool.connection() as connection:
            yield connection

    @contextmanager
    def _transaction(self) -> Iterator[Connection[Any]]:
        with self._connection() as connection, connection.transaction():
            yield connection

    def _condition(self, connection: Connection[Any], where: Filter | None) -> Condition:
        for field in sorted(fields_of(where) - self._fields):
            expression, parameters = holds_field(field)
            query = sql.SQL("select exists(select from {} where {})").format(self._name, expression)
            row = connection.execute(query, parameters).fetchone()
            if row and row[0]:
                self._fields.add(field)
            else:
                self._refuse(connection, field, where)
        return condition(where)

    def _refuse(self, connection: Connection[Any], field: str, where: Filter | None) -> None:
        """Raise, naming known fields, unless no row has any field."""
        query = sql.SQL("select payload from {} order by id limit %s").format(self._name)
        rows = connection.execute(query, (_ROWS_FOR_NAMES,)).fetchall()
        known = set().union(*(paths_of(row[0]) for row in rows)) - {field}
        check_fields(where, known)


def _record(row: Any) -> Record:
    name, vector, payload = row
    return Record(name, vector.to_numpy(), payload)
