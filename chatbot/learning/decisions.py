"""Decisions that may be learnt from, each with what it was about."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from chatbot.event_json import load_event
from chatbot.events import Decided, Decision, Judgement, NudgeOffered, PlanRead, Redone, Undone

if TYPE_CHECKING:
    from chatbot.store.base import EventLog, StoredEvent, ThreadRow

__all__ = ["KeptDecision", "kept_decisions"]


@dataclass(frozen=True, slots=True)
class KeptDecision:
    """One decision of a teacher who agreed that it is learnt from.

    Args:
        teacher: A hash of the owner's id, so that no id leaves the store.
        thread: A hash of the thread's id.
        at: When it was made.
        measure: The gap that the nudge was for.
        template_id: What the nudge was made from.
        decision: The answer.
        text: What went into the plan, if anything did.
        quote: With "already there", the passage that the teacher named.
        adapted: Whether the teacher changed the suggestion.
        probability: Of the measure as it was read before; ``None`` where it was not.
    """

    teacher: str
    thread: str
    at: datetime
    measure: str
    template_id: str
    decision: Decision
    text: str
    quote: str
    adapted: bool
    probability: float | None


def kept_decisions(log: EventLog) -> list[KeptDecision]:
    """Every decision that was consented to, in the order of time.

    Args:
        log: Kept conversations.

    Returns:
        The decisions; one whose nudge is not in the log is left out, as is an accepted one that was
        taken back and not put back.

    Raises:
        ArtifactError: If an event cannot be read.
    """
    found = [decision for row, events in log.consented_threads() for decision in _of_thread(row, events)]
    return sorted(found, key=lambda decision: (decision.at, decision.thread))


def _of_thread(row: ThreadRow, events: list[StoredEvent]) -> list[KeptDecision]:
    offered: dict[str, NudgeOffered] = {}
    judgements: dict[str, Judgement] = {}
    found: list[KeptDecision] = []
    changes: list[KeptDecision | None] = []
    taken_back: list[KeptDecision | None] = []
    text = ""
    for stored in events:
        event = load_event(stored.event)
        match event:
            case PlanRead():
                if judgements and event.revised and event.text != text:
                    changes, taken_back = [*changes, None], []
                judgements, text = event.judgements, event.text
            case Undone() | Redone():
                judgements, text = event.judgements, event.text
                whence, whither = (changes, taken_back) if isinstance(event, Undone) else (taken_back, changes)
                whither.append(whence.pop() if whence else None)
            case NudgeOffered():
                offered[event.nudge_id] = event
            case Decided():
                nudge = offered.get(event.nudge_id)
                kept = _kept(row, stored.at, event, nudge, judgements) if nudge else None
                found += [kept] if kept and stored.consented else []
                changes, taken_back = ([*changes, kept], []) if event.text else (changes, taken_back)
            case _:
                pass
    # a change that was taken back is no sign of liking it
    return [decision for decision in found if all(decision is not taken for taken in taken_back)]


def _kept(
    row: ThreadRow, at: datetime, event: Decided, nudge: NudgeOffered, judgements: dict[str, Judgement]
) -> KeptDecision:
    reading = judgements.get(nudge.measure)
    return KeptDecision(
        teacher=_hashed(row.owner),
        thread=_hashed(row.id),
        at=at,
        measure=nudge.measure,
        template_id=nudge.template_id,
        decision=event.decision,
        text=event.text,
        quote=event.quote,
        adapted=event.adapted,
        probability=reading.probability if reading else None,
    )


def _hashed(name: str) -> str:
    return hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:16]
