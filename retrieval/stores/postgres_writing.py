"""Statements that change a store in PostgreSQL."""

from __future__ import annotations

from collections.abc import Sequence
from operator import itemgetter
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg import sql

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from psycopg import Connection

__all__ = ["Row", "build_hnsw", "delete_rows", "upsert_rows"]

Row = tuple[str, str, "NDArray[np.float32]"]
"""Id, payload as JSON text, vector."""

_COPY_FROM = 100
_INCOMING = "lesson_nudge_incoming"
_REPLACE = sql.SQL("on conflict (id) do update set payload = excluded.payload, vector = excluded.vector")


def upsert_rows(connection: Connection[Any], table: str, rows: Sequence[Row]) -> None:
    """Insert or replace rows inside the caller's transaction.

    Rows are locked in the order of their ids, so that writers of the same ids wait and never deadlock.

    Args:
        connection: In a transaction.
        table: The store's table.
        rows: Rows with distinct ids.
    """
    name = sql.Identifier(table)
    if len(rows) < _COPY_FROM:
        insert = sql.SQL("insert into {} (id, payload, vector) values (%s, %s::jsonb, %b) {}").format(name, _REPLACE)
        with connection.cursor() as cursor:
            cursor.executemany(insert, sorted(rows, key=itemgetter(0)))
        return
    incoming = sql.Identifier(_INCOMING)
    connection.execute(
        sql.SQL('create temporary table {} (id text collate "C", payload text, vector vector) on commit drop').format(
            incoming
        )
    )
    with (
        connection.cursor() as cursor,
        cursor.copy(sql.SQL("copy {} (id, payload, vector) from stdin (format binary)").format(incoming)) as copy,
    ):
        copy.set_types(["text", "text", "vector"])
        for row in rows:
            copy.write_row(row)
    connection.execute(
        sql.SQL("insert into {} (id, payload, vector) select id, payload::jsonb, vector from {} order by id {}").format(
            name, incoming, _REPLACE
        )
    )


def delete_rows(connection: Connection[Any], table: str, ids: Sequence[str]) -> int:
    """Delete rows inside the caller's transaction, locked in the order of their ids.

    Args:
        connection: In a transaction.
        table: The store's table.
        ids: Ids.

    Returns:
        How many were there.
    """
    query = sql.SQL(
        "with doomed as materialized (select id from {name} where id = any(%s) order by id for update)"
        " delete from {name} using doomed where {name}.id = doomed.id"
    ).format(name=sql.Identifier(table))
    return connection.execute(query, (list(ids),)).rowcount


def build_hnsw(connection: Connection[Any], table: str, *, dimension: int, least: int) -> None:
    """Build the HNSW index once, if the table has enough rows and has none.

    Args:
        connection: Outside a transaction.
        table: The store's table.
        dimension: Numbers in a vector.
        least: Rows from which it is worth its memory.
    """
    if _has_hnsw(connection, table) or not _has_rows(connection, table, least):
        return
    try:
        _build(connection, table, dimension, workers=None)
    except psycopg.errors.DiskFull:
        # the workers' shared memory is small in many containers; one process needs none
        _build(connection, table, dimension, workers=0)


def _build(connection: Connection[Any], table: str, dimension: int, *, workers: int | None) -> None:
    name, index = sql.Identifier(table), sql.Identifier(f"{table}_hnsw")
    with connection.transaction():
        connection.execute("select set_config('maintenance_work_mem', '1GB', true)")
        if workers is not None:
            connection.execute("select set_config('max_parallel_maintenance_workers', %s, true)", (str(workers),))
        # writers wait from here on; of two builders the second finds the index of the first
        connection.execute(sql.SQL("lock table {} in share row exclusive mode").format(name))
        connection.execute(
            sql.SQL(
                "create index if not exists {} on {} using hnsw ((vector::halfvec({})) halfvec_ip_ops)"
                " with (m = 16, ef_construction = 128)"
            ).format(index, name, sql.Literal(dimension))
        )
    connection.execute(sql.SQL("analyze {}").format(name))


def _has_hnsw(connection: Connection[Any], table: str) -> bool:
    row = connection.execute("select to_regclass(%s) is not null", (f"{table}_hnsw",)).fetchone()
    return bool(row and row[0])


def _has_rows(connection: Connection[Any], table: str, least: int) -> bool:
    query = sql.SQL("select count(*) >= %s from (select from {} limit %s) as few").format(sql.Identifier(table))
    row = connection.execute(query, (least, least)).fetchone()
    return bool(row and row[0])
