"""Connections to PostgreSQL, the tables of a store, and errors of the server in one sentence."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import psycopg
from pgvector.psycopg import register_vector
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict
from psycopg_pool import ConnectionPool, PoolClosed, PoolTimeout

from mtl_core.errors import ArtifactError, InputError, one_line
from retrieval.stores.base import StoreSpec

if TYPE_CHECKING:
    from psycopg import Connection

__all__ = ["SCHEMA_VERSION", "check_address", "checked_table", "open_pool", "prepare_tables", "server_errors"]

SCHEMA_VERSION = 1
_REGISTRY = "lesson_nudge_stores"
_LOCK = "select pg_advisory_xact_lock(hashtextextended(%s, 0))"
_TABLE = re.compile(r"[a-z_][a-z0-9_]{0,47}")
_LEAST_PGVECTOR = (0, 8)
_CONNECT_SECONDS = 10


def checked_table(name: str) -> str:
    """A table name that needs no quotes and leaves room for the names of its indexes.

    Args:
        name: The name.

    Returns:
        The same.

    Raises:
        InputError: If it cannot be used.
    """
    if not _TABLE.fullmatch(name) or name == _REGISTRY:
        raise InputError(
            f"{name[:60]!r} is no table name; give at most 48 small letters, digits and underscores, a letter first."
        )
    return name


def check_address(address: str) -> None:
    """Refuse an address that libpq cannot read.

    Args:
        address: The address.

    Raises:
        InputError: Without the address in it, which may hold a password.
    """
    try:
        conninfo_to_dict(address)
    except psycopg.ProgrammingError:
        raise InputError(
            "The postgresql address cannot be read; write postgresql://USER:PASSWORD@HOST:PORT/DATABASE?table=TABLE "
            "and percent-encode special characters of the password."
        ) from None


@contextmanager
def server_errors(where: str) -> Iterator[None]:
    """Turn an error of the server into one sentence.

    Args:
        where: The server, without user and password.

    Raises:
        ArtifactError: In place of the driver's error.
    """
    try:
        yield
    except (psycopg.OperationalError, PoolTimeout, PoolClosed) as error:
        raise ArtifactError(
            f"The PostgreSQL server {where} cannot be used ({one_line(error)}); check that it runs and the address."
        ) from error
    except psycopg.Error as error:
        raise ArtifactError(f"The PostgreSQL server {where} refused a statement ({one_line(error)}).") from error


def open_pool(address: str, *, where: str, table: str, spec: StoreSpec, create: bool, most: int) -> ConnectionPool[Any]:
    """Connect, set up or check the tables, and open a pool of connections.

    Args:
        address: A libpq address without the table.
        where: The server, without user and password.
        table: The store's table.
        spec: What it holds.
        create: Whether a missing table is made.
        most: Most connections at a time.

    Returns:
        The open pool.

    Raises:
        ArtifactError: If the server cannot be reached, has no pgvector, or holds another store there.
    """
    with server_errors(where), psycopg.connect(address, autocommit=True, connect_timeout=_CONNECT_SECONDS) as once:
        prepare_tables(once, where=where, table=table, spec=spec, create=create)
    pool: ConnectionPool[Any] = ConnectionPool(
        address,
        min_size=1,
        max_size=most,
        open=False,
        timeout=60,
        num_workers=1,
        kwargs={"autocommit": True, "connect_timeout": _CONNECT_SECONDS},
        configure=register_vector,
        check=ConnectionPool.check_connection,
    )
    pool.open()
    return pool


def prepare_tables(connection: Connection[Any], *, where: str, table: str, spec: StoreSpec, create: bool) -> None:
    """Make the store's tables or check that they are this store's.

    Args:
        connection: An open connection.
        where: The server, for errors.
        table: The store's table.
        spec: What it holds.
        create: Whether a missing table is made.

    Raises:
        ArtifactError: If something is missing or belongs to another store.
    """
    with connection.transaction():
        # two openers of a new store wait for each other here
        connection.execute(_LOCK, (_REGISTRY,))
        _ensure_pgvector(connection, where=where, create=create)
        if create:
            connection.execute(
                f"create table if not exists {_REGISTRY} (table_name text primary key,"
                " schema_version int not null, dimension int not null, fingerprint text not null)"
            )
        row = _registered(connection, table)
        if row is not None:
            _check_same(row, where=where, table=table, spec=spec)
            return
        if _exists(connection, table):
            raise ArtifactError(f"The table {table} at {where} is no store of this program; name another table.")
        if not create:
            raise ArtifactError(f"There is no table {table} at {where}; index something first or check the name.")
        _create(connection, table, spec)


def _ensure_pgvector(connection: Connection[Any], *, where: str, create: bool) -> None:
    query = "select extversion from pg_extension where extname = 'vector'"
    found = connection.execute(query).fetchone()
    if found is None and create:
        try:
            with connection.transaction():
                connection.execute("create extension vector")
        except psycopg.Error as error:
            raise ArtifactError(
                f"The PostgreSQL server {where} has no pgvector ({one_line(error)}); install pgvector 0.8 or later "
                "there and run: create extension vector"
            ) from error
        found = connection.execute(query).fetchone()
    version = tuple(int(part) for part in re.findall(r"\d+", found[0])) if found else ()
    if version < _LEAST_PGVECTOR:
        held = f"pgvector {found[0]}" if found else "no pgvector"
        raise ArtifactError(f"The PostgreSQL server {where} has {held}; pgvector 0.8 or later is needed.")


def _registered(connection: Connection[Any], table: str) -> tuple[int, int, str] | None:
    if not _exists(connection, _REGISTRY):
        return None
    return connection.execute(
        f"select schema_version, dimension, fingerprint from {_REGISTRY} where table_name = %s",  # noqa: S608 - a constant
        (table,),
    ).fetchone()


def _exists(connection: Connection[Any], table: str) -> bool:
    row = connection.execute("select to_regclass(%s) is not null", (table,)).fetchone()
    return bool(row and row[0])


def _check_same(row: tuple[int, int, str], *, where: str, table: str, spec: StoreSpec) -> None:
    version, dimension, fingerprint = row
    if version != SCHEMA_VERSION:
        raise ArtifactError(
            f"The table {table} at {where} has schema version {version}; this program reads {SCHEMA_VERSION}. "
            "Use the version that made it, or index again into another table."
        )
    if fingerprint != spec.fingerprint or dimension != spec.dimension:
        raise ArtifactError(
            f"The table {table} at {where} holds {dimension}-dimensional vectors of another encoder "
            f"({fingerprint[:12]}…, not {spec.fingerprint[:12]}…); load that encoder or name another table."
        )


def _create(connection: Connection[Any], table: str, spec: StoreSpec) -> None:
    name = sql.Identifier(table)
    connection.execute(
        # "C" orders ids by code point; MAIN keeps vectors beside their row, so that an exact scan reads on
        sql.SQL(
            'create table {} (id text collate "C" primary key, payload jsonb not null,'
            " vector vector({}) storage main not null)"
        ).format(name, sql.Literal(spec.dimension))
    )
    connection.execute(
        sql.SQL("create index {} on {} using gin (payload jsonb_path_ops)").format(
            sql.Identifier(f"{table}_payload"), name
        )
    )
    connection.execute(
        f"insert into {_REGISTRY} (table_name, schema_version, dimension, fingerprint) values (%s, %s, %s, %s)",  # noqa: S608 - a constant
        (table, SCHEMA_VERSION, spec.dimension, spec.fingerprint),
    )
