"""The tables of the event log, and the numbered steps that lead to them."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Integer, MetaData, Table, Text

__all__ = ["EVENTS", "MIGRATIONS", "OWNERS", "THREADS", "VERSION"]

_METADATA = MetaData()

THREADS = Table(
    "coach_threads",
    _METADATA,
    Column("id", Text, primary_key=True),
    Column("owner", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("created", BigInteger, nullable=False),
    Column("changed", BigInteger, nullable=False),
    Column("last_sequence", Integer, nullable=False),
)
"""Threads; times are microseconds since 1970 in UTC."""

EVENTS = Table(
    "coach_events",
    _METADATA,
    Column("thread_id", Text, ForeignKey(THREADS.c.id, ondelete="CASCADE"), primary_key=True),
    Column("sequence", Integer, primary_key=True),
    Column("at", BigInteger, nullable=False),
    Column("event", Text, nullable=False),
    Column("consented", Boolean, nullable=False),
)
"""Events as JSON text."""

OWNERS = Table(
    "coach_owners",
    _METADATA,
    Column("owner", Text, primary_key=True),
    Column("masking", Boolean, nullable=False),
    Column("keep_labels", Boolean, nullable=False),
    Column("retention_days", Integer),
)
"""What owners chose."""

# every statement is valid for SQLite and for PostgreSQL; a step that was released is never edited
MIGRATIONS: tuple[tuple[str, ...], ...] = (
    (
        """create table coach_threads (
            id text primary key, owner text not null, title text not null,
            created bigint not null, changed bigint not null, last_sequence integer not null)""",
        "create index coach_threads_by_owner on coach_threads (owner, changed)",
        """create table coach_events (
            thread_id text not null references coach_threads (id) on delete cascade,
            sequence integer not null, at bigint not null, event text not null,
            primary key (thread_id, sequence))""",
    ),
    (
        """create table coach_owners (
            owner text primary key, masking boolean not null, keep_labels boolean not null, retention_days integer)""",
        "alter table coach_events add column consented boolean not null default false",
    ),
)
"""Step by step from an empty database; step n leads to version n."""

VERSION = len(MIGRATIONS)
"""The version that this program reads and writes."""
