"""What the service of kept conversations hands out."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from chatbot.session import Turn

__all__ = ["PlanVersion", "ThreadSummary", "ThreadTurn"]


@dataclass(frozen=True, slots=True)
class ThreadTurn:
    """One turn of a kept conversation.

    Args:
        id: Of the thread.
        title: What the thread is called.
        sequence: Number of its last event.
        turn: What the coach says and shows.
        masked: How many passages of this call were masked, by kind: ``name``, ``email``, ``phone``.
    """

    id: str
    title: str
    sequence: int
    turn: Turn
    masked: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ThreadSummary:
    """One line of an owner's list of threads.

    Args:
        id: Of the thread.
        title: What it is called.
        created: When it began, in UTC.
        changed: When its last event was kept, in UTC.
        sequence: Number of its last event.
    """

    id: str
    title: str
    created: datetime
    changed: datetime
    sequence: int


@dataclass(frozen=True, slots=True)
class PlanVersion:
    """One version of a plan.

    Args:
        number: From 1, oldest first.
        at: When it was kept, in UTC.
        text: The whole text.
        cause: ``opened``, ``revised``, ``use``, ``edit`` or ``undone``.
    """

    number: int
    at: datetime
    text: str
    cause: str
