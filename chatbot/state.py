"""What is true now: a pure function of the events."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from chatbot.events import Decided, Decision, Event, Judgement, NudgeOffered, PlanRead, Undone

__all__ = ["CoachState", "Version", "replay", "step"]

_DISMISSALS = frozenset({Decision.NOT_NOW, Decision.NOT_RELEVANT})


@dataclass(frozen=True, slots=True)
class Version:
    """One version of the plan.

    Args:
        text: The text.
        judgements: Its reading.
    """

    text: str
    judgements: dict[str, Judgement]


@dataclass(frozen=True, slots=True)
class CoachState:
    """The conversation as it stands.

    Args:
        text: The plan now.
        judgements: The reading of this text.
        history: Earlier versions, oldest first, for undo.
        pending: The nudge that waits for an answer.
        dismissed: Measures answered with "not now"; raised again only when the teacher gives another version.
        addressed: Measures for which a nudge was accepted; not raised again for this
            version, found or not, undone or not.
        muted: Measures answered with "not relevant"; never raised again for this plan.
        used_templates: Templates already offered.
        offered: Number of nudges so far.
        dismissals_in_a_row: Since the last accepted nudge.
    """

    text: str = ""
    judgements: dict[str, Judgement] = field(default_factory=dict)
    history: tuple[Version, ...] = ()
    pending: NudgeOffered | None = None
    dismissed: frozenset[str] = frozenset()
    addressed: frozenset[str] = frozenset()
    muted: frozenset[str] = frozenset()
    used_templates: frozenset[str] = frozenset()
    offered: int = 0
    dismissals_in_a_row: int = 0

    @property
    def silent(self) -> frozenset[str]:
        """Measures that no nudge is offered for."""
        return self.dismissed | self.addressed | self.muted


def step(state: CoachState, event: Event) -> CoachState:
    """The state after one more event.

    Args:
        state: The state before.
        event: What happened.

    Returns:
        A new state; the old one is not changed.
    """
    match event:
        case PlanRead():
            return _read(state, event)
        case NudgeOffered():
            return replace(
                state,
                pending=event,
                offered=state.offered + 1,
                used_templates=state.used_templates | {event.template_id},
            )
        case Decided(decision=decision):
            return _decided(state, decision)
        case Undone():
            return _undone(state)


def replay(events: Iterable[Event]) -> CoachState:
    """The state that a whole log of events leads to."""
    state = CoachState()
    for event in events:
        state = step(state, event)
    return state


def _read(state: CoachState, event: PlanRead) -> CoachState:
    if not state.judgements or event.text == state.text:
        return replace(state, text=event.text, judgements=event.judgements)
    changed = replace(
        state,
        text=event.text,
        judgements=event.judgements,
        history=(*state.history, Version(state.text, state.judgements)),
        pending=None,
    )
    return replace(changed, dismissed=frozenset(), addressed=frozenset()) if event.revised else changed


def _decided(state: CoachState, decision: Decision) -> CoachState:
    measure = state.pending.measure if state.pending else ""
    if decision not in _DISMISSALS:
        return replace(state, pending=None, addressed=state.addressed | {measure}, dismissals_in_a_row=0)
    return replace(
        state,
        pending=None,
        dismissed=state.dismissed | {measure},
        muted=state.muted | {measure} if decision is Decision.NOT_RELEVANT else state.muted,
        dismissals_in_a_row=state.dismissals_in_a_row + 1,
    )


def _undone(state: CoachState) -> CoachState:
    *earlier, last = state.history
    return replace(state, text=last.text, judgements=last.judgements, history=tuple(earlier), pending=None)
