"""Opens SQLite and PostgreSQL so that what was committed stays."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError
from sqlalchemy.pool import QueuePool

from mtl_core.errors import ArtifactError, InputError, one_line

__all__ = ["database_errors", "engine_for", "parse_address", "writing"]

_BUSY_SECONDS = 30.0
_EXAMPLES = "sqlite:///conversations.db, sqlite:// (memory) or postgresql://user@host/database"


def parse_address(address: str) -> URL:
    """Read the address of a database.

    Args:
        address: ``sqlite:///PATH``, ``sqlite://`` for memory, or ``postgresql://...``.

    Returns:
        The address with its driver.

    Raises:
        InputError: If it is none of these.
    """
    try:
        url = make_url(address)
    except (ArgumentError, ValueError) as error:
        # the address may hold a password, so it is not repeated
        raise InputError(f"This is no address of a database; use {_EXAMPLES}.") from error
    if url.drivername in {"postgresql", "postgres", "postgresql+psycopg"}:
        return url.set(drivername="postgresql+psycopg")
    if url.drivername in {"sqlite", "sqlite+pysqlite"}:
        return url.set(drivername="sqlite+pysqlite")
    raise InputError(f"Conversations cannot be kept in {url.drivername!r}; use {_EXAMPLES}.")


def engine_for(url: URL) -> Engine:
    """An engine with the settings that durability needs.

    Args:
        url: As ``parse_address`` gives it.

    Returns:
        The engine; nothing was connected yet.

    Raises:
        ArtifactError: If the file of an SQLite database cannot be made.
    """
    if url.drivername.startswith("postgresql"):
        # a server that was restarted is noticed before a statement is sent
        return create_engine(url, pool_size=8, max_overflow=24, pool_pre_ping=True)
    in_memory = url.database in {None, "", ":memory:"}
    if not in_memory:
        _make_private(Path(str(url.database)))
    # a database in memory lives in its one connection, which threads take in turn
    sizes = {"pool_size": 1, "max_overflow": 0} if in_memory else {"pool_size": 8, "max_overflow": 24}
    arguments = {"check_same_thread": False, "timeout": _BUSY_SECONDS}
    engine = create_engine(url, poolclass=QueuePool, connect_args=arguments, pool_timeout=_BUSY_SECONDS, **sizes)
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """A transaction that writes; SQLite takes its write lock at the start, so that it never has to give up midway.

    Args:
        engine: The database.

    Yields:
        A connection; committed at the end, rolled back on an error.
    """
    with engine.execution_options(lesson_nudge_writes=True).begin() as connection:
        yield connection


@contextmanager
def database_errors(where: str) -> Iterator[None]:
    """Say in one sentence what a database's error means.

    Args:
        where: Its address without password.

    Raises:
        ArtifactError: Instead of the library's error.
    """
    try:
        yield
    except SQLAlchemyError as error:
        cause = getattr(error, "orig", None) or error
        raise ArtifactError(
            f"The conversations at {where} cannot be read or written ({one_line(cause)}). "
            "Check that the database is there, that it may be written and that its disk is not full."
        ) from error


def _make_private(path: Path) -> None:
    """Make the file before SQLite does, for its owner alone; SQLite gives its side files the same rights."""
    try:
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    except OSError as error:
        raise ArtifactError(
            f"The database {path} cannot be opened ({error.strerror}); name a file in a folder that may be written."
        ) from error


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    # SQLAlchemy's own BEGIN is sent by _begin_sqlite; sqlite3 must not send another one
    connection.isolation_level = None
    _use_wal(connection)
    connection.execute("pragma synchronous = full")
    connection.execute("pragma foreign_keys = on")
    # what was deleted is overwritten, not only unlinked
    connection.execute("pragma secure_delete = on")


def _use_wal(connection: sqlite3.Connection) -> None:
    """Switch to the write-ahead log; the switch does not wait for others by itself."""
    deadline = time.monotonic() + _BUSY_SECONDS
    while True:
        try:
            connection.execute("pragma journal_mode = wal")
        except sqlite3.OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.02)
        else:
            return


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get("lesson_nudge_writes", False)
    connection.exec_driver_sql("begin immediate" if writes else "begin")
