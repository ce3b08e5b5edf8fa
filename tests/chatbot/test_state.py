from __future__ import annotations

from copy import deepcopy
from dataclasses import FrozenInstanceError, dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chatbot.events import Decided, Decision, Event, Judgement, NudgeOffered, PlanRead, Undone
from chatbot.policy import MeasureRule, may_offer, ranked_gaps
from chatbot.state import CoachState, replay, step

KEYS = ("goal", "criteria", "check", "exit", "feedback", "words")
RULES = {
    "goal": MeasureRule(3),
    "criteria": MeasureRule(2, ("goal",)),
    "check": MeasureRule(3),
    "exit": MeasureRule(3, ("goal",)),
    "feedback": MeasureRule(2, ("check", "exit")),
    "words": MeasureRule(1),
}

judgement = st.builds(Judgement, st.floats(0, 1), st.sampled_from(["present", "absent", "unsure"]))
readings = st.fixed_dictionaries(dict.fromkeys(KEYS, judgement))
texts = st.text(alphabet="ab\r\n é", min_size=1, max_size=8)
actions = st.one_of(
    st.tuples(st.just("offer"), st.booleans()),
    st.tuples(st.sampled_from([Decision.USE, Decision.EDIT]), texts, readings),
    st.tuples(st.sampled_from([Decision.NOT_NOW, Decision.NOT_RELEVANT])),
    st.tuples(st.just("revise"), texts, readings),
    st.tuples(st.just("undo")),
)


@dataclass
class Conversation:
    """A coach without words: does what the rules allow and keeps its own account of what happened."""

    events: list[Event] = field(default_factory=list)
    states: list[CoachState] = field(default_factory=lambda: [CoachState()])
    versions: list[tuple[str, dict[str, Judgement]]] = field(default_factory=list)
    muted: set[str] = field(default_factory=set)
    dismissed: set[str] = field(default_factory=set)
    accepted: set[str] = field(default_factory=set)
    offers: int = 0
    in_a_row: int = 0
    waiting: str | None = None
    answered: list[tuple[set[str], set[str]]] = field(default_factory=list)
    offers_in_a_row: int = 0

    @property
    def state(self) -> CoachState:
        return self.states[-1]

    def record(self, event: Event) -> None:
        before = deepcopy(self.state)
        after = step(self.state, event)
        assert self.state == before, "a step changed the state that it was given"
        self.events.append(event)
        self.states.append(after)

    def start(self, text: str, reading: dict[str, Judgement]) -> None:
        self.versions.append((text, reading))
        self.record(PlanRead(text, reading))

    def offer(self, *, asked: bool) -> None:
        gap = next(iter(ranked_gaps(self.state.judgements, RULES, silent=self.state.silent)), None)
        if not may_offer(self.state, asked=asked) or gap is None:
            return
        assert self.waiting is None, "two nudges would wait at once"
        assert gap not in self.muted
        assert gap not in self.dismissed
        assert gap not in self.accepted
        assert self.state.judgements[gap].verdict != "present"
        if not asked:
            assert self.in_a_row < 2
            assert self.offers_in_a_row < 3
        self.offers += 1
        self.offers_in_a_row += 1
        self.waiting = gap
        self.record(NudgeOffered(f"n{self.offers}", gap, f"t{self.offers}"))

    def answer(self, decision: Decision, addition: str = "", reading: dict[str, Judgement] | None = None) -> None:
        if self.waiting is None:
            return
        self.record(Decided(f"n{self.offers}", decision))
        if decision in (Decision.USE, Decision.EDIT):
            assert reading is not None
            self.accepted.add(self.waiting)
            self.in_a_row = 0
            text = self.state.text + addition
            if text != self.state.text:
                self.answered.append((set(self.dismissed), set(self.accepted)))
            self.versions.append((text, reading))
            self.record(PlanRead(text, reading, revised=False))
        else:
            self.dismissed.add(self.waiting)
            self.in_a_row += 1
            if decision is Decision.NOT_RELEVANT:
                self.muted.add(self.waiting)
        self.waiting = None

    def revise(self, text: str, reading: dict[str, Judgement]) -> None:
        if text == self.versions[-1][0]:
            return
        self.versions.append((text, reading))
        self.record(PlanRead(text, reading))
        self.answered.append((set(self.dismissed), set(self.accepted)))
        self.dismissed.clear()
        self.accepted.clear()
        self.offers_in_a_row = 0
        self.waiting = None

    def undo(self) -> None:
        if len(self.versions) == 1:
            assert self.state.history == ()
            return
        self.versions.pop()
        dismissed, accepted = self.answered.pop()
        self.dismissed |= dismissed
        self.accepted |= accepted
        self.record(Undone(*self.versions[-1]))
        self.waiting = None


def play(start: tuple[str, dict[str, Judgement]], moves: list[tuple]) -> Conversation:
    talk = Conversation()
    talk.start(*start)
    for name, *rest in moves:
        match name:
            case "offer":
                talk.offer(asked=rest[0])
            case "revise":
                talk.revise(*rest)
            case "undo":
                talk.undo()
            case _:
                talk.answer(name, *rest)
        assert (talk.state.text, talk.state.judgements) == talk.versions[-1]
        assert (talk.state.pending.measure if talk.state.pending else None) == talk.waiting
        assert len(talk.state.history) == len(talk.versions) - 1
    return talk


@settings(max_examples=300, deadline=None)
@given(st.tuples(texts, readings), st.lists(actions, max_size=25))
def test_every_conversation_keeps_the_rules(start: tuple[str, dict[str, Judgement]], moves: list[tuple]) -> None:
    talk = play(start, moves)
    assert talk.state.muted == talk.muted
    assert talk.state.offered == talk.offers
    assert talk.state.dismissals_in_a_row == talk.in_a_row
    assert talk.state.used_templates == {f"t{number + 1}" for number in range(talk.offers)}
    assert talk.muted | talk.dismissed | talk.accepted == talk.state.silent


@settings(deadline=None)
@given(st.tuples(texts, readings), st.lists(actions, max_size=15))
def test_a_replay_of_the_log_is_the_same_as_stepping(
    start: tuple[str, dict[str, Judgement]], moves: list[tuple]
) -> None:
    talk = play(start, moves)
    for length in range(len(talk.events) + 1):
        assert replay(talk.events[:length]) == talk.states[length]
    assert replay(iter(talk.events)) == talk.state


@settings(deadline=None)
@given(st.tuples(texts, readings), st.lists(actions, max_size=15))
def test_undo_goes_back_byte_for_byte_to_the_first_version(
    start: tuple[str, dict[str, Judgement]], moves: list[tuple]
) -> None:
    talk = play(start, moves)
    for _ in range(len(talk.versions) - 1):
        talk.undo()
        assert talk.state.text.encode() == talk.versions[-1][0].encode()
        assert talk.state.judgements == talk.versions[-1][1]
        assert talk.state.pending is None
    assert talk.state.text.encode() == start[0].encode()
    assert talk.state.judgements == start[1]
    assert talk.state.history == ()


GAPS = dict.fromkeys(KEYS, Judgement(0.1, "absent"))


def test_an_undone_repair_is_not_raised_again() -> None:
    events = [
        PlanRead("a", GAPS),
        NudgeOffered("n1", "goal", "t1"),
        Decided("n1", Decision.USE),
        PlanRead("a b", GAPS, revised=False),
        Undone("a", GAPS),
    ]
    state = replay(events)
    assert state.text == "a"
    assert state.silent == {"goal"}


def test_another_version_of_the_teacher_raises_all_but_the_muted_again() -> None:
    events = [
        PlanRead("a", GAPS),
        NudgeOffered("n1", "goal", "t1"),
        Decided("n1", Decision.NOT_NOW),
        NudgeOffered("n2", "check", "t2"),
        Decided("n2", Decision.NOT_RELEVANT),
        NudgeOffered("n3", "exit", "t3"),
        Decided("n3", Decision.USE),
        PlanRead("a b", GAPS, revised=False),
    ]
    assert replay(events).silent == {"goal", "check", "exit"}
    assert replay([*events, PlanRead("c", GAPS)]).silent == {"check"}


def test_the_same_text_read_again_makes_no_version() -> None:
    better = GAPS | {"goal": Judgement(0.9, "present")}
    state = replay([PlanRead("a", GAPS), PlanRead("a", better)])
    assert state.history == ()
    assert state.judgements == better


def test_a_new_version_drops_the_pending_nudge() -> None:
    state = replay([PlanRead("a", GAPS), NudgeOffered("n1", "goal", "t1"), PlanRead("b", GAPS)])
    assert state.pending is None
    assert [version.text for version in state.history] == ["a"]


def test_nothing_happened_is_the_empty_state() -> None:
    assert replay([]) == CoachState()


def test_a_state_cannot_be_changed() -> None:
    with pytest.raises(FrozenInstanceError):
        CoachState().text = "other"
