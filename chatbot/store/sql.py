"""The event log in SQL: SQLite in a file for one machine, PostgreSQL for many processes."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from threading import Lock
from typing import TYPE_CHECKING, Any, Self

from sqlalchemy import Connection, Engine, delete, insert, select, text, update
from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from chatbot.store.base import ConflictError, NotFoundError, OwnerSettings, StoredEvent, ThreadRow
from chatbot.store.engines import database_errors, engine_for, parse_address, writing
from chatbot.store.migrations import migrate
from chatbot.store.rows import (
    checked_events,
    checked_name,
    checked_title,
    is_storable,
    microseconds,
    sequence_of,
    thread_row,
)
from chatbot.store.schema import EVENTS, OWNERS, THREADS
from chatbot.store.statements import UPSERT_OWNER, insert_events, read_events, refuse_append

if TYPE_CHECKING:
    from types import TracebackType

__all__ = ["SqlEventLog", "open_log"]


def open_log(address: str) -> SqlEventLog:
    """Open the log at an address, making or migrating its tables where needed.

    Args:
        address: ``sqlite:///PATH``, ``sqlite://`` for memory, or ``postgresql://user@host/database``.

    Returns:
        The log.

    Raises:
        InputError: If the address cannot be used.
        ArtifactError: If the database cannot be reached, or was written by a newer program.
    """
    url = parse_address(address)
    where = url.render_as_string(hide_password=True)
    engine = engine_for(url)
    try:
        with database_errors(where):
            migrate(engine, where=where)
    except BaseException:
        engine.dispose()
        raise
    return SqlEventLog(engine, where=where)


class SqlEventLog:
    """Threads, events and settings in three tables; see ``EventLog``. Open one with ``open_log``.

    Every call is one transaction, durable when it returns. SQLite may be used by the threads and
    processes of one machine, PostgreSQL by many machines.

    Args:
        engine: A database at this program's version.
        where: Its address without password, for messages.
    """

    def __init__(self, engine: Engine, *, where: str) -> None:
        self._engine = engine
        self._where = where
        self._is_sqlite = engine.dialect.name == "sqlite"
        # threads of one process queue here in turn; SQLite's own waiting is a poll that can starve one of them
        self._turn = Lock()

    def create_thread(
        self,
        thread_id: str,
        *,
        owner: str,
        title: str,
        at: datetime,
        events: Sequence[Mapping[str, Any]] = (),
        consented: bool = False,
    ) -> int:
        """Begin a thread with its first events, all of it or nothing; see ``EventLog``."""
        texts = checked_events(events)
        now = microseconds(at)
        row = {
            "id": checked_name(thread_id, of="a thread"),
            "owner": checked_name(owner, of="an owner"),
            "title": checked_title(title),
            "created": now,
            "changed": now,
            "last_sequence": len(texts),
        }
        with self._write() as connection:
            try:
                connection.execute(insert(THREADS), row)
            except IntegrityError as error:
                raise ConflictError(f"There is a thread {thread_id!r} already; choose another id.") from error
            insert_events(connection, thread_id, texts, after=0, at=now, consented=consented)
        return len(texts)

    def append(
        self,
        thread_id: str,
        events: Sequence[Mapping[str, Any]],
        *,
        expected: int,
        at: datetime,
        consented: bool = False,
    ) -> int:
        """Add events to a thread, all of them or none; see ``EventLog``."""
        texts = checked_events(events)
        now = microseconds(at)
        last = expected + len(texts)
        with self._write() as connection:
            seen = update(THREADS).where(THREADS.c.id == thread_id, THREADS.c.last_sequence == sequence_of(expected))
            moved = seen.values(last_sequence=sequence_of(last), changed=now)
            if not is_storable(thread_id) or not connection.execute(moved).rowcount:
                refuse_append(connection, thread_id)
            insert_events(connection, thread_id, texts, after=expected, at=now, consented=consented)
        return last

    def events(self, thread_id: str, *, after: int = 0) -> list[StoredEvent]:
        """Events of a thread, oldest first; see ``EventLog``."""
        if not is_storable(thread_id):
            return []
        with self._read() as connection:
            return read_events(connection, thread_id, after)

    def thread(self, thread_id: str, owner: str) -> ThreadRow:
        """One thread of an owner; see ``EventLog``."""
        found = None
        if is_storable(thread_id) and is_storable(owner):
            with self._read() as connection:
                wanted = select(THREADS).where(THREADS.c.id == thread_id, THREADS.c.owner == owner)
                found = connection.execute(wanted).first()
        if found is None:
            raise NotFoundError("There is no such conversation; list yours to see which there are.")
        return thread_row(found)

    def threads(self, owner: str) -> list[ThreadRow]:
        """All threads of an owner, the one that changed last first; see ``EventLog``."""
        if not is_storable(owner):
            return []
        with self._read() as connection:
            found = connection.execute(select(THREADS).where(THREADS.c.owner == owner)).all()
        return sorted(map(thread_row, found), key=lambda row: (-row.changed.timestamp(), row.id))

    def delete_thread(self, thread_id: str) -> bool:
        """Delete a thread with all its events; see ``EventLog``."""
        return is_storable(thread_id) and self._delete(THREADS.c.id == thread_id) > 0

    def delete_owner(self, owner: str) -> int:
        """Delete all threads and the settings of an owner; see ``EventLog``."""
        if not is_storable(owner):
            return 0
        with self._write() as connection:
            connection.execute(delete(OWNERS).where(OWNERS.c.owner == owner))
            count = int(connection.execute(delete(THREADS).where(THREADS.c.owner == owner)).rowcount)
        self._wipe()
        return count

    def purge(self, before: datetime) -> int:
        """Delete every thread whose last event is older than a time; see ``EventLog``."""
        return self._delete(THREADS.c.changed < microseconds(before))

    def expire(self, now: datetime) -> int:
        """Delete every thread that is older than the days its owner chose; see ``EventLog``."""
        with self._read() as connection:
            chosen = connection.execute(select(OWNERS.c.retention_days).distinct()).scalars().all()
        limits: list[tuple[Any, int | None]] = [
            (THREADS.c.owner.in_(select(OWNERS.c.owner).where(OWNERS.c.retention_days == days)), days)
            for days in chosen
        ]
        limits.append((THREADS.c.owner.not_in(select(OWNERS.c.owner)), OwnerSettings().retention_days))
        return sum(
            self._delete(owned & (THREADS.c.changed < microseconds(now - timedelta(days=days))))
            for owned, days in limits
            if days is not None
        )

    def settings(self, owner: str) -> OwnerSettings:
        """What an owner chose; see ``EventLog``."""
        if not is_storable(owner):
            return OwnerSettings()
        with self._read() as connection:
            row = connection.execute(select(OWNERS).where(OWNERS.c.owner == owner)).first()
        if row is None:
            return OwnerSettings()
        return OwnerSettings(bool(row.masking), bool(row.keep_labels), row.retention_days)

    def change_settings(self, owner: str, settings: OwnerSettings) -> None:
        """Keep what an owner chose; see ``EventLog``."""
        checked_name(owner, of="an owner")
        values = {
            "masking": settings.masking,
            "keep_labels": settings.keep_labels,
            "retention_days": settings.retention_days,
        }
        with self._write() as connection:
            connection.execute(text(UPSERT_OWNER), {"owner": owner, **values})
            if not settings.keep_labels:
                owned = EVENTS.c.thread_id.in_(select(THREADS.c.id).where(THREADS.c.owner == owner))
                connection.execute(update(EVENTS).where(owned, EVENTS.c.consented).values(consented=False))

    def consented_threads(self) -> Iterator[tuple[ThreadRow, list[StoredEvent]]]:
        """Threads with at least one event to learn from; see ``EventLog``."""
        with self._read() as connection:
            wanted = select(EVENTS.c.thread_id).where(EVENTS.c.consented).distinct()
            names = sorted(connection.execute(wanted).scalars())
        for name in names:
            with self._read() as connection:
                row = connection.execute(select(THREADS).where(THREADS.c.id == name)).first()
                found = read_events(connection, name, 0)
            # the thread may have been deleted, or consent withdrawn, since the list was made
            if row is not None and any(event.consented for event in found):
                yield thread_row(row), found

    def check(self) -> None:
        """Reach the database; see ``EventLog``."""
        with self._read() as connection:
            connection.execute(select(1))

    def close(self) -> None:
        """Let go of files and connections; closing twice is no error."""
        self._engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @contextmanager
    def _read(self) -> Iterator[Connection]:
        with database_errors(self._where), self._engine.begin() as connection:
            yield connection

    @contextmanager
    def _write(self) -> Iterator[Connection]:
        with database_errors(self._where):
            if not self._is_sqlite:
                with writing(self._engine) as connection:
                    yield connection
                return
            with self._turn, writing(self._engine) as connection:
                yield connection

    def _delete(self, condition: Any) -> int:
        with self._write() as connection:
            count = int(connection.execute(delete(THREADS).where(condition)).rowcount)
        if count:
            self._wipe()
        return count

    def _wipe(self) -> None:
        """Empty SQLite's write-ahead log, which still holds what was deleted; readers may put it off."""
        if not self._is_sqlite:
            return
        with suppress(SQLAlchemyError, sqlite3.Error):
            connection = self._engine.raw_connection()
            try:
                connection.cursor().execute("pragma wal_checkpoint(truncate)").close()
            finally:
                connection.close()
