"""What a stream tells of a kept event: names, numbers that never change, and data."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from chatbot.event_json import load_event
from chatbot.events import Decided, NudgeOffered, PlanRead, Redone, Said, Undone

if TYPE_CHECKING:
    from chatbot.events import Judgement
    from chatbot.store.base import StoredEvent

__all__ = ["EXPORTS", "KINDS", "Narrator", "StreamEvent", "done_after"]

KINDS = ("plan_received", "read", "praise", "nudge", "decision_recorded", "re_read", "artefact_ready", "error", "done")
"""Every kind of event that a stream may hold."""

EXPORTS = ("docx", "pptx", "pdf", "md")
"""Formats that a plan can be taken away in."""

_STEP = 10
_LAST = _STEP - 1


@dataclass(frozen=True, slots=True)
class StreamEvent:
    """One event of a stream.

    Args:
        sequence: Ten times the number of the kept event, and a digit for the part of it that is told.
            It follows from the log alone, so it is the same after a restart.
        kind: One of ``KINDS``.
        data: JSON values.
    """

    sequence: int
    kind: str
    data: dict[str, Any]


def done_after(number: int) -> StreamEvent:
    """The event that says: up to here you have everything that there is.

    Args:
        number: Of the last kept event.

    Returns:
        The event.
    """
    return StreamEvent(number * _STEP + _LAST, "done", {})


class Narrator:
    """Tells the kept events of one thread, in order and from the first.

    A nudge is told where its words were said, which is after the praise.

    Args:
        thread_id: The thread.
    """

    def __init__(self, thread_id: str) -> None:
        self._thread_id = thread_id
        self._offered: NudgeOffered | None = None

    def tell(self, stored: StoredEvent) -> Iterator[StreamEvent]:
        """What a stream tells of the next kept event.

        Args:
            stored: The kept event.

        Yields:
            Nothing, or up to nine events.
        """
        for part, (kind, data) in enumerate(self._parts(stored)):
            yield StreamEvent(stored.sequence * _STEP + part, kind, {"at": stored.at.isoformat()} | data)

    def _parts(self, stored: StoredEvent) -> Iterator[tuple[str, dict[str, Any]]]:
        match load_event(stored.event):
            case PlanRead() as read:
                yield from self._read(read, first=stored.sequence == 1)
            case Undone(judgements=judgements) | Redone(judgements=judgements) as change:
                cause = "undo" if isinstance(change, Undone) else "redo"
                yield "re_read", {"measures": _verdicts(judgements), "cause": cause}
                yield "artefact_ready", _artefacts(self._thread_id)
            case NudgeOffered() as nudge:
                self._offered = nudge
            case Said(role="coach", kind="praise", text=text):
                yield "praise", {"text": text}
            case Said(role="coach", kind="nudge") if self._offered is not None:
                yield "nudge", _nudge(self._offered)
            case Decided(nudge_id=nudge_id, decision=decision):
                yield "decision_recorded", {"nudge_id": nudge_id, "decision": decision.value}
            case _:
                return

    def _read(self, read: PlanRead, *, first: bool) -> Iterator[tuple[str, dict[str, Any]]]:
        if read.revised:
            yield "plan_received", {"characters": len(read.text), "words": len(read.text.split())}
        measures = {"measures": _verdicts(read.judgements)}
        if first:
            yield "read", measures
            return
        yield "re_read", measures | {"cause": "revised" if read.revised else "decision"}
        yield "artefact_ready", _artefacts(self._thread_id)


def _nudge(offered: NudgeOffered) -> dict[str, Any]:
    return {
        "id": offered.nudge_id,
        "measure": offered.measure,
        "message": offered.message,
        "suggestion": offered.suggestion,
        "template_id": offered.template_id,
    }


def _verdicts(judgements: dict[str, Judgement]) -> dict[str, Any]:
    return {
        key: {
            "probability": round(judgement.probability, 4),
            "verdict": judgement.verdict,
            "quotes": [quote for quote, _ in judgement.quotes],
        }
        for key, judgement in judgements.items()
    }


def _artefacts(thread_id: str) -> dict[str, Any]:
    return {"links": {name: f"/v1/threads/{thread_id}/export?format={name}" for name in EXPORTS}}
