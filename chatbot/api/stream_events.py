"""What a stream tells of a kept event: names, numbers that never change, and data."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from chatbot.event_json import load_event
from chatbot.events import Decided, NudgeOffered, PlanRead, Said, Undone

if TYPE_CHECKING:
    from chatbot.events import Judgement
    from chatbot.store.base import StoredEvent

__all__ = ["EXPORTS", "KINDS", "StreamEvent", "done_after", "resume_point", "told"]

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


def resume_point(sequence: int) -> int:
    """The kept event after which a stream goes on.

    Args:
        sequence: The last one that the client has; 0 for none.

    Returns:
        The number of the last kept event that was told to its end.
    """
    number, part = divmod(sequence, _STEP)
    return number if part == _LAST else max(0, number - 1)


def done_after(number: int) -> StreamEvent:
    """The event that says: up to here you have everything that there is.

    Args:
        number: Of the last kept event.

    Returns:
        The event.
    """
    return StreamEvent(number * _STEP + _LAST, "done", {})


def told(stored: StoredEvent, *, thread_id: str) -> Iterator[StreamEvent]:
    """What a stream tells of one kept event.

    Args:
        stored: The kept event.
        thread_id: Its thread.

    Yields:
        Nothing, or up to nine events.
    """
    for part, (kind, data) in enumerate(_parts(stored, thread_id)):
        at = {"at": stored.at.isoformat()}
        yield StreamEvent(stored.sequence * _STEP + part, kind, at | data)


def _parts(stored: StoredEvent, thread_id: str) -> Iterator[tuple[str, dict[str, Any]]]:
    match load_event(stored.event):
        case PlanRead(text=text, judgements=judgements, revised=revised):
            first = stored.sequence == 1
            if revised:
                yield "plan_received", {"characters": len(text), "words": len(text.split())}
            cause = {} if first else {"cause": "revised" if revised else "decision"}
            yield "read" if first else "re_read", {"measures": _verdicts(judgements)} | cause
            if not first:
                yield "artefact_ready", _artefacts(thread_id)
        case Undone(judgements=judgements):
            yield "re_read", {"measures": _verdicts(judgements), "cause": "undo"}
            yield "artefact_ready", _artefacts(thread_id)
        case Said(role="coach", kind="praise", text=text):
            yield "praise", {"text": text}
        case NudgeOffered() as nudge:
            yield (
                "nudge",
                {
                    "id": nudge.nudge_id,
                    "measure": nudge.measure,
                    "message": nudge.message,
                    "suggestion": nudge.suggestion,
                    "template_id": nudge.template_id,
                },
            )
        case Decided(nudge_id=nudge_id, decision=decision):
            yield "decision_recorded", {"nudge_id": nudge_id, "decision": decision.value}
        case _:
            return


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
