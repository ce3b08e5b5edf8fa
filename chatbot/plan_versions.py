"""The versions of a plan, read from the events that were kept."""

from __future__ import annotations

from collections.abc import Sequence

from chatbot.service_rows import PlanVersion
from chatbot.store.base import StoredEvent

__all__ = ["last_addition", "plan_title", "plan_versions"]

_MOST_TITLE = 80


def plan_versions(events: Sequence[StoredEvent]) -> list[PlanVersion]:
    """Every version of a plan with what led to it.

    Args:
        events: Of one thread, oldest first.

    Returns:
        Versions, oldest first; a reading that left the text as it was is none.
    """
    versions: list[PlanVersion] = []
    decision = ""
    for stored in events:
        kind = stored.event.get("kind")
        if kind == "decided":
            decision = str(stored.event.get("decision"))
        if kind not in {"plan_read", "undone", "redone"}:
            continue
        text = str(stored.event["text"])
        if versions and versions[-1].text == text:
            continue
        revised = bool(stored.event.get("revised", True))
        cause = kind if kind != "plan_read" else "opened" if not versions else "revised" if revised else decision
        versions.append(PlanVersion(len(versions) + 1, stored.at, text, cause))
    return versions


def last_addition(events: Sequence[StoredEvent]) -> tuple[int, int] | None:
    """Where an accepted suggestion stands in the plan, if it was the last change of the plan.

    Args:
        events: Of one thread, oldest first.

    Returns:
        Start and end in the plan now; ``None`` where the plan is as it was given, or was changed by hand or undone.
        After a redo, as before the undo.
    """
    added: tuple[int, int] | None = None
    taken: list[tuple[int, int] | None] = []
    put = (-1, -1)
    for stored in events:
        match stored.event.get("kind"):
            case "decided":
                put = (int(stored.event["start"]), int(stored.event["end"]))
            case "plan_read":
                added = None if stored.event.get("revised", True) or put[0] < 0 else put
                taken = []
            case "undone":
                taken.append(added)
                added = None
            case "redone":
                added = taken.pop() if taken else None
    return added


def plan_title(text: str) -> str:
    """A title for a plan: its first line without marks, else "Lesson plan"."""
    lines = (line.strip(" \t#*_=-|>") for line in text.splitlines())
    first = next((" ".join(line.split()) for line in lines if line), "Lesson plan")
    return first if len(first) <= _MOST_TITLE else f"{first[: _MOST_TITLE - 1].rstrip()}…"
