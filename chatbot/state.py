"""What is true now: a pure function of the events."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import assert_never

from chatbot.events import (
    Decided,
    Decision,
    Event,
    ExportOffered,
    GradeStated,
    IdeaAsked,
    Judgement,
    MinutesStated,
    Muted,
    NudgeOffered,
    NudgeRepeated,
    NudgeReplaced,
    Paused,
    PlanRead,
    QuestionAsked,
    Redone,
    Resumed,
    Said,
    Stopped,
    Topic,
    Undone,
)

__all__ = ["CoachState", "Version", "replay", "step"]

_DISMISSALS = frozenset({Decision.NOT_NOW, Decision.NOT_RELEVANT})


@dataclass(frozen=True, slots=True)
class Version:
    """One version of the plan.

    Args:
        text: The text.
        judgements: Its reading.
        dismissed: Measures that were answered with "not now" while it was the plan.
        addressed: Measures that were answered with an accepted nudge while it was the plan.
    """

    text: str
    judgements: dict[str, Judgement]
    dismissed: frozenset[str] = frozenset()
    addressed: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class CoachState:
    """The conversation as it stands.

    Args:
        text: The plan now.
        judgements: The reading of this text.
        history: Earlier versions, oldest first, for undo.
        undone: Versions that undo took back, the last one at the end, until another version comes.
        pending: The nudge that waits for an answer.
        dismissed: Measures answered with "not now"; raised again only when the teacher gives another version.
        addressed: Measures for which a nudge was accepted; not raised again for this
            version, found or not, undone or not.
        muted: Measures answered with "not relevant"; never raised again for this plan.
        stated: By measure, the passage that shows it by the teacher's own word; empty where none was named.
        used_templates: Templates already offered.
        offered: Number of nudges so far.
        offered_in_a_row: Number of nudges since the teacher last said to go on.
        dismissals_in_a_row: Since the last nudge that was not dismissed.
        paused: Whether nudges wait until the teacher asks.
        stopped: Whether the teacher ended the conversation.
        repeated: Whether the pending nudge was offered once more already.
        question: What the coach asked and the teacher has not answered.
        grade: US grade that the teacher stated.
        grade_phrase: The same as it was typed.
        grade_asked: Whether the coach asked for the grade.
        minutes: The most minutes that the teacher has for a suggestion.
        export_offered: Whether the coach offered to write the plan to a file.
    """

    text: str = ""
    judgements: dict[str, Judgement] = field(default_factory=dict)
    history: tuple[Version, ...] = ()
    undone: tuple[Version, ...] = ()
    pending: NudgeOffered | None = None
    dismissed: frozenset[str] = frozenset()
    addressed: frozenset[str] = frozenset()
    muted: frozenset[str] = frozenset()
    stated: dict[str, str] = field(default_factory=dict)
    used_templates: frozenset[str] = frozenset()
    offered: int = 0
    offered_in_a_row: int = 0
    dismissals_in_a_row: int = 0
    paused: bool = False
    stopped: bool = False
    repeated: bool = False
    question: Topic | None = None
    grade: int | None = None
    grade_phrase: str = ""
    grade_asked: bool = False
    minutes: int | None = None
    export_offered: bool = False

    @property
    def version(self) -> Version:
        """The plan now, as it is kept for undo and redo."""
        return Version(self.text, self.judgements, self.dismissed, self.addressed)

    @property
    def silent(self) -> frozenset[str]:
        """Measures that no nudge is offered for."""
        return self.dismissed | self.addressed | self.muted | frozenset(self.stated)


def step(state: CoachState, event: Event) -> CoachState:  # noqa: C901, PLR0912 - one case a kind
    """The state after one more event.

    Args:
        state: The state before.
        event: What happened.

    Returns:
        A new state; the old one is not changed.

    Raises:
        ValueError: If the event cannot follow, such as a decision about a nudge that does not wait.
    """
    match event:
        case PlanRead():
            return _read(state, event)
        case NudgeOffered():
            return _offered(state, event)
        case NudgeRepeated():
            return replace(state, repeated=True)
        case NudgeReplaced(nudge_id):
            _pending(state, nudge_id)
            return replace(state, pending=None, question=None)
        case Decided():
            return _decided(state, event)
        case Undone():
            return _undone(state)
        case Redone():
            return _redone(state)
        case Said():
            return state
        case IdeaAsked():
            return replace(state, offered_in_a_row=0, stopped=False, question=None)
        case Paused():
            return replace(state, paused=True, question=None)
        case Resumed():
            return replace(state, paused=False, stopped=False, offered_in_a_row=0, dismissals_in_a_row=0, question=None)
        case Stopped():
            return replace(state, stopped=True, pending=None, question=None)
        case Muted(measure):
            pending = None if state.pending and state.pending.measure == measure else state.pending
            return replace(state, muted=state.muted | {measure}, pending=pending)
        case GradeStated(grade, phrase):
            return replace(state, grade=grade, grade_phrase=phrase, question=None)
        case MinutesStated(minutes):
            return replace(state, minutes=minutes)
        case QuestionAsked(topic):
            return replace(state, question=topic, grade_asked=state.grade_asked or topic == "grade")
        case ExportOffered():
            return replace(state, export_offered=True)
    assert_never(event)


def replay(events: Iterable[Event]) -> CoachState:
    """The state that a whole log of events leads to.

    Raises:
        ValueError: If an event cannot follow on those before it.
    """
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
        history=(*state.history, state.version),
        undone=(),
        pending=None,
        question=None,
    )
    if not event.revised:
        return changed
    # the teacher's word for a passage holds as long as the passage is there
    stated = {measure: quote for measure, quote in state.stated.items() if quote and quote in event.text}
    return replace(changed, dismissed=frozenset(), addressed=frozenset(), stated=stated, offered_in_a_row=0)


def _offered(state: CoachState, event: NudgeOffered) -> CoachState:
    return replace(
        state,
        pending=event,
        repeated=False,
        question=None,
        offered=state.offered + 1,
        offered_in_a_row=state.offered_in_a_row + 1,
        used_templates=state.used_templates | {event.template_id},
    )


def _pending(state: CoachState, nudge_id: str) -> NudgeOffered:
    if state.pending is None or state.pending.nudge_id != nudge_id:
        raise ValueError(f"The nudge {nudge_id!r} does not wait for an answer; ask for a new idea.")
    return state.pending


def _decided(state: CoachState, event: Decided) -> CoachState:
    measure = _pending(state, event.nudge_id).measure
    answered = replace(state, pending=None, question=None)
    if event.decision is Decision.ALREADY_THERE:
        return replace(answered, stated={**state.stated, measure: event.quote}, dismissals_in_a_row=0)
    if event.decision not in _DISMISSALS:
        return replace(answered, addressed=state.addressed | {measure}, dismissals_in_a_row=0)
    muted = state.muted | {measure} if event.decision is Decision.NOT_RELEVANT else state.muted
    return replace(
        answered,
        dismissed=state.dismissed | {measure},
        muted=muted,
        dismissals_in_a_row=state.dismissals_in_a_row + 1,
    )


def _undone(state: CoachState) -> CoachState:
    if not state.history:
        raise ValueError("There is nothing to undo: the plan is as you gave it.")
    *earlier, last = state.history
    # what was answered for either version stays answered: taking a change back is no wish to hear it again
    return replace(
        state,
        text=last.text,
        judgements=last.judgements,
        history=tuple(earlier),
        undone=(*state.undone, state.version),
        pending=None,
        question=None,
        dismissed=state.dismissed | last.dismissed,
        addressed=state.addressed | last.addressed,
    )


def _redone(state: CoachState) -> CoachState:
    if not state.undone:
        raise ValueError("There is nothing to put back: nothing was undone since the last change.")
    *more, taken = state.undone
    return replace(
        state,
        text=taken.text,
        judgements=taken.judgements,
        history=(*state.history, state.version),
        undone=tuple(more),
        pending=None,
        question=None,
    )
