"""Many random conversations on stand-ins: each keeps the rules, noted from its events alone."""

from __future__ import annotations

from collections.abc import Callable

from hypothesis import given, settings
from hypothesis import strategies as st

from chatbot.coach import LessonCoach
from chatbot.events import Decided, Decision, IdeaAsked, NudgeOffered, PlanRead, Resumed, Undone
from chatbot.state import replay
from tests.chatbot.coach.short_plan import SHORT_PLAN

moves = st.lists(
    st.one_of(
        st.sampled_from(["use it", "not now", "not relevant", "idea", "undo", "why"]),
        st.sampled_from(["edit: Mine.\nTwo lines.", "edit: vocabulary", "revise"]),
    ),
    max_size=15,
)


class Account:
    """What has happened, noted from the events alone; every new event is held against the rules."""

    def __init__(self, text: str) -> None:
        self.versions = [text]
        self.muted: set[str] = set()
        self.silent: set[str] = set()
        self.accepted: list[bool] = []
        self.in_a_row = 1

    def decided(self, event: Decided, waiting: NudgeOffered | None) -> None:
        assert waiting is not None
        assert event.nudge_id == waiting.nudge_id
        self.silent.add(waiting.measure)
        self.accepted.append(event.decision in (Decision.USE, Decision.EDIT))
        if event.decision is Decision.NOT_RELEVANT:
            self.muted.add(waiting.measure)

    def read(self, event: PlanRead) -> None:
        self.versions.append(event.text)
        if event.revised:
            self.silent = set(self.muted)
            self.in_a_row = 0

    def offered(self, event: NudgeOffered, *, asked: bool) -> None:
        assert event.measure not in self.silent
        if not asked:
            assert self.in_a_row < 3, "the pause after every third"
            assert self.accepted[-2:] != [False, False], "two dismissals in a row"
        self.in_a_row += 1

    def note(self, event: object, *, waiting: NudgeOffered | None, asked: bool) -> None:
        match event:
            case Decided():
                self.decided(event, waiting)
            case PlanRead():
                self.read(event)
            case Undone():
                self.versions.pop()
            case IdeaAsked():
                self.in_a_row = 0
            case Resumed():
                self.in_a_row = 0
                self.accepted.append(True)
            case NudgeOffered():
                self.offered(event, asked=asked)


@settings(max_examples=30, deadline=None)
@given(moves, st.sampled_from([SHORT_PLAN, SHORT_PLAN.replace("\r\n", "\n"), "Pupils write"]))
def test_every_conversation_keeps_the_rules(
    fast_coach: Callable[[], LessonCoach], messages: list[str], text: str
) -> None:
    coach = fast_coach()
    coach.open(text)
    account = Account(text)
    for number, message in enumerate(messages):
        waiting = coach.state.pending
        known = len(coach.events)
        turn = coach.revise(f"{coach.state.text}\n\nVersion {number}.") if message == "revise" else coach.say(message)
        for event in coach.events[known:]:
            account.note(event, waiting=waiting, asked=message == "idea")
        assert turn.text == coach.state.text == account.versions[-1]
        assert replay(coach.events) == coach.state
        pending = coach.state.pending
        assert (turn.nudge.id if turn.nudge else None) == (pending.nudge_id if pending else None)
        assert pending is None or coach.state.judgements[pending.measure].verdict != "present"
        assert turn.added is None or turn.text[slice(*turn.added)].strip()
    for version in reversed(account.versions[:-1]):
        assert coach.undo().text.encode() == version.encode()
