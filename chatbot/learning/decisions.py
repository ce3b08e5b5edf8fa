"""Decisions that may be learnt from, each with what it was about."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from chatbot.event_json import load_event
from chatbot.events import Decided, Decision, Judgement, NudgeOffered, PlanRead, Undone

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
        taken back before the next decision.

    Raises:
        ArtifactError: If an event cannot be read.
    """
    found = [decision for row, events in log.consented_threads() for decision in _of_thread(row, events)]
    return sorted(found, key=lambda decision: (decision.at, decision.thread))


def _of_thread(row: ThreadRow, events: list[StoredEvent]) -> Iterator[KeptDecision]:
    offered: dict[str, NudgeOffered] = {}
    judgements: dict[str, Judgement] = {}
    waiting: KeptDecision | None = None
    for stored in events:
        event = load_event(stored.event)
        match event:
            case PlanRead():
                judgements = event.judgements
            case Undone():
                judgements = event.judgements
                # a change that was taken back at once is no sign of liking it
                if waiting is not None and waiting.text:
                    waiting = None
            case NudgeOffered():
                offered[event.nudge_id] = event
            case Decided() if stored.consented and event.nudge_id in offered:
                if waiting is not None:
                    yield waiting
                waiting = _kept(row, stored.at, event, offered[event.nudge_id], judgements)
            case _:
                pass
    if waiting is not None:
        yield waiting


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
