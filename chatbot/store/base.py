"""What keeps conversations: an append-only log of events a thread, its rows, and its errors."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol, Self, runtime_checkable

from mtl_core.errors import InputError, LessonNudgeError

if TYPE_CHECKING:
    from types import TracebackType

__all__ = [
    "MAX_NAME",
    "MAX_TITLE",
    "ConflictError",
    "EventLog",
    "NotFoundError",
    "OwnerSettings",
    "StoredEvent",
    "ThreadRow",
]

MAX_NAME = 200
"""Most characters of a thread's or an owner's id."""

MAX_TITLE = 200
"""Most characters of a title."""

_MOST_DAYS = 36_500


class NotFoundError(LessonNudgeError, LookupError):
    """There is no such thread, or it belongs to somebody else; nobody is told which."""


class ConflictError(LessonNudgeError):
    """The thread went on elsewhere meanwhile; look at it again, then repeat."""


@dataclass(frozen=True, slots=True)
class StoredEvent:
    """One event as it was kept.

    Args:
        sequence: Its number in the thread, from 1.
        at: When it was kept, in UTC.
        event: What happened, as JSON values.
        consented: Whether the owner agreed, at that time, that decisions are kept to learn from.
    """

    sequence: int
    at: datetime
    event: dict[str, Any]
    consented: bool = False


@dataclass(frozen=True, slots=True)
class ThreadRow:
    """One conversation.

    Args:
        id: Identifier.
        owner: Whose it is.
        title: What it is called.
        created: When it began, in UTC.
        changed: When its last event was kept, in UTC.
        sequence: Number of its last event; 0 where none was kept yet.
    """

    id: str
    owner: str
    title: str
    created: datetime
    changed: datetime
    sequence: int


@dataclass(frozen=True, slots=True)
class OwnerSettings:
    """What an owner chose.

    Args:
        masking: Whether names of pupils, e-mail addresses and phone numbers are masked before
            anything is kept.
        keep_labels: Whether the owner's decisions may be learnt from.
        retention_days: Days after its last event when a thread is deleted; ``None`` keeps it until
            the owner deletes it.

    Raises:
        InputError: If the days are out of range.
    """

    masking: bool = True
    keep_labels: bool = False
    retention_days: int | None = 365

    def __post_init__(self) -> None:
        if self.retention_days is not None and not 1 <= self.retention_days <= _MOST_DAYS:
            raise InputError(
                f"Threads are kept 1 to {_MOST_DAYS:,} days, or without an end; not {self.retention_days}."
            )


@runtime_checkable
class EventLog(Protocol):
    """Threads and their events. May be used by many threads, and where it says so by many processes.

    What a call wrote is durable when the call returns.
    """

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
        """Begin a thread, with its first events or without any: all of it or nothing.

        Args:
            thread_id: A new identifier.
            owner: Whose thread it is.
            title: What it is called.
            at: Now, with a time zone.
            events: JSON objects, in order.
            consented: Whether the owner agrees now that decisions are kept to learn from.

        Returns:
            The last sequence of the thread now.

        Raises:
            ConflictError: If there is a thread with this id.
            InputError: If a name is empty, too long, or holds characters that cannot be kept, or an
                event is no JSON object.
        """

    def append(
        self,
        thread_id: str,
        events: Sequence[Mapping[str, Any]],
        *,
        expected: int,
        at: datetime,
        consented: bool = False,
    ) -> int:
        """Add events to a thread: all of them or none.

        Args:
            thread_id: Which.
            events: JSON objects, in order.
            expected: The last sequence that the caller has seen, 0 for none.
            at: Now, with a time zone.
            consented: Whether the owner agrees now that decisions are kept to learn from.

        Returns:
            The last sequence of the thread now.

        Raises:
            NotFoundError: If there is no such thread.
            ConflictError: If the thread's last sequence is another one; then nothing was added.
            InputError: If an event is no JSON object.
        """

    def events(self, thread_id: str, *, after: int = 0) -> list[StoredEvent]:
        """Events of a thread.

        Args:
            thread_id: Which.
            after: Only those with a higher sequence.

        Returns:
            Oldest first; empty where there is no such thread.
        """

    def thread(self, thread_id: str, owner: str) -> ThreadRow:
        """One thread of an owner.

        Args:
            thread_id: Which.
            owner: Who asks.

        Returns:
            The thread.

        Raises:
            NotFoundError: If there is none, or it is another's.
        """

    def threads(self, owner: str) -> list[ThreadRow]:
        """All threads of an owner, the one that changed last first."""

    def delete_thread(self, thread_id: str) -> bool:
        """Delete a thread with all its events.

        Args:
            thread_id: Which.

        Returns:
            Whether there was one.
        """

    def delete_owner(self, owner: str) -> int:
        """Delete all threads and the settings of an owner.

        Args:
            owner: Whose.

        Returns:
            How many threads there were.
        """

    def purge(self, before: datetime) -> int:
        """Delete every thread whose last event is older than a time.

        Args:
            before: The time, with a time zone.

        Returns:
            How many were deleted.
        """

    def expire(self, now: datetime) -> int:
        """Delete every thread that is older than the days its owner chose.

        Args:
            now: The time, with a time zone.

        Returns:
            How many were deleted.
        """

    def settings(self, owner: str) -> OwnerSettings:
        """What an owner chose; the defaults where nothing was chosen."""

    def change_settings(self, owner: str, settings: OwnerSettings) -> None:
        """Keep what an owner chose; who withdraws ``keep_labels`` withdraws it for earlier decisions too."""

    def consented_threads(self) -> Iterator[tuple[ThreadRow, list[StoredEvent]]]:
        """Threads with at least one event to learn from, each with all its events.

        Only events whose ``consented`` is true may be learnt from; the others say what they were about.

        Yields:
            Thread and events, by id of the thread.
        """

    def check(self) -> None:
        """Reach the database, for a test of readiness.

        Raises:
            ArtifactError: If it cannot be reached.
        """

    def close(self) -> None:
        """Let go of files and connections; closing twice is no error."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...
