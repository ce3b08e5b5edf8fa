"""Statements that more than one method of the SQL log needs."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, insert, select

from chatbot.store.base import ConflictError, NotFoundError, StoredEvent
from chatbot.store.rows import is_storable, sequence_of, stored
from chatbot.store.schema import EVENTS, THREADS

__all__ = ["UPSERT_OWNER", "insert_events", "read_events", "refuse_append"]

UPSERT_OWNER = """
insert into coach_owners (owner, masking, keep_labels, retention_days)
values (:owner, :masking, :keep_labels, :retention_days)
on conflict (owner) do update set
    masking = excluded.masking, keep_labels = excluded.keep_labels, retention_days = excluded.retention_days
"""


def read_events(connection: Connection, thread_id: str, after: int) -> list[StoredEvent]:
    """Events of a thread with a sequence above ``after``, oldest first."""
    wanted = select(EVENTS).where(EVENTS.c.thread_id == thread_id, EVENTS.c.sequence > sequence_of(after))
    return [stored(row) for row in connection.execute(wanted.order_by(EVENTS.c.sequence))]


def insert_events(
    connection: Connection, thread_id: str, texts: Sequence[str], *, after: int, at: int, consented: bool
) -> None:
    """Add events, given as JSON text, after a sequence."""
    rows = [
        {"thread_id": thread_id, "sequence": number, "at": at, "event": one, "consented": consented}
        for number, one in enumerate(texts, start=after + 1)
    ]
    if rows:
        connection.execute(insert(EVENTS), rows)


def refuse_append(connection: Connection, thread_id: str) -> None:
    """Say why nothing could be added to a thread.

    Raises:
        NotFoundError: If there is no such thread.
        ConflictError: If there is one, so that its last sequence is another one.
    """
    known = is_storable(thread_id) and connection.execute(select(THREADS.c.id).where(THREADS.c.id == thread_id)).first()
    if not known:
        raise NotFoundError("There is no such conversation; it may have been deleted.")
    raise ConflictError("The conversation went on elsewhere meanwhile; look at it again, then repeat.")
