"""What the teacher types: decisions in words, and talk that decides nothing."""

from __future__ import annotations

from collections.abc import Callable

from chatbot.coach import LessonCoach
from chatbot.events import Event, Said
from chatbot.replies import HELP
from mtl_core.rubric import MEASURES


def test_typed_messages_do_what_the_buttons_do(fast_coach: Callable[[], LessonCoach], plan: str) -> None:
    typed, pressed = fast_coach(), fast_coach()
    typed.open(plan)
    nudge = pressed.open(plan).nudge
    for message, decision, text in (
        ("not now", "not_now", None),
        ("edit: Mine.", "edit", "Mine."),
        ("Yes!", "use", None),
    ):
        assert nudge is not None
        turn = pressed.decide(nudge.id, decision, text=text)
        assert typed.say(message).messages == turn.messages
        nudge = turn.nudge
    assert _happened(typed) == _happened(pressed)


def _happened(coach: LessonCoach) -> list[Event]:
    return [event for event in coach.events if not isinstance(event, Said)]


def test_answers_without_a_waiting_nudge_change_nothing(fast_coach: Callable[[], LessonCoach], plan: str) -> None:
    coach = fast_coach()
    coach.open(plan)
    coach.say("use it")
    coach.say("undo")
    state = coach.state
    for message in ("use it", "not now", "not relevant", "edit", "edit: My own words."):
        turn = coach.say(message)
        assert (turn.text, turn.nudge) == (plan, None)
        assert "No suggestion waits" in turn.messages[0], message
    assert coach.state == state


def test_talk_that_is_no_decision_leaves_the_nudge_waiting(fast_coach: Callable[[], LessonCoach], plan: str) -> None:
    coach = fast_coach()
    nudge = coach.open(plan).nudge
    assert nudge is not None
    assert coach.say("help").messages[0] == HELP
    assert MEASURES[nudge.measure].definition in coach.say("why").messages[0]
    assert nudge.suggestion in coach.say("edit").messages[0]
    assert "still waits" in coach.say("idea").messages[0]
    assert coach.say("quiz on rivers").messages[0].startswith("From the templates:\n1. ")
    assert "nothing to undo" in coach.say("undo").messages[0]
    assert coach.pending == nudge
    assert coach.say("stop").nudge is None
    assert coach.state.stopped
