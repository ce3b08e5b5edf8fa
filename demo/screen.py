"""What the page shows after an event, and from where an event came."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from chatbot.service import PlanVersion, ThreadTurn
    from chatbot.store.base import StoredEvent

__all__ = ["Place", "Screen", "spoken"]

_ROLES = {"teacher": "user", "coach": "assistant"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where an event came from: what the browser showed when a control was used.

    Args:
        owner: Of the browser.
        thread: Id of the open thread; empty before the first plan.
        sequence: The last event that the browser has seen; ``None`` where it does not say.
        nudge: Id of the suggestion beside the buttons; empty for none.
    """

    owner: str
    thread: str = ""
    sequence: int | None = None
    nudge: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Screen:
    """What the page shows after an event.

    Args:
        thread: The open thread with its turn; ``None`` where none is open.
        log: Messages with ``role`` and ``content``, oldest first.
        versions: Of the plan, oldest first.
        added: Start and end of what the last change of the plan added, as long as the plan stays so.
        plan: New content of the plan's text box; ``None`` leaves it alone.
        notice: A sentence about the plan; empty for none.
        editing: Content of the box for the teacher's version; ``None`` where it is closed.
        quoting: Content of the box for a passage that shows a measure already; ``None`` where it is closed.
        message: Content of the message box; ``None`` leaves it alone.
        show: Id of the part of the page to turn to; ``None`` stays.
    """

    thread: ThreadTurn | None = None
    log: tuple[dict[str, str], ...] = ()
    versions: tuple[PlanVersion, ...] = ()
    added: tuple[int, int] | None = None
    plan: str | None = None
    notice: str = ""
    editing: str | None = None
    quoting: str | None = None
    message: str | None = None
    show: str | None = None


def spoken(events: Iterable[StoredEvent]) -> list[dict[str, str]]:
    """The conversation as it was kept.

    Args:
        events: Of a thread, oldest first.

    Returns:
        Messages with ``role`` (``user`` or ``assistant``) and ``content``.
    """
    return [
        {"role": _ROLES[stored.event["role"]], "content": str(stored.event["text"])}
        for stored in events
        if stored.event.get("kind") == "said"
    ]
