"""A shorter suggestion for the same measure, and what happens where there is none."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from chatbot.coach import LessonCoach
from chatbot.events import Decided, NudgeReplaced
from chatbot.nudges import Nudge

Make = Callable[[], LessonCoach]


@pytest.fixture
def coach(fast_coach: Make, plan: str) -> LessonCoach:
    made = fast_coach()
    made.open(plan)
    return made


def waiting(coach: LessonCoach) -> Nudge:
    """The pending nudge, of a template that takes at least two minutes."""
    while coach.pending is None or coach.pending.template.minutes < 2:
        assert coach.idea(another=True).nudge is not None
    return coach.pending


@pytest.mark.parametrize("words", ["shorter", "something shorter please", "anything quicker?", "that's too long"])
def test_a_shorter_template_takes_the_place(coach: LessonCoach, words: str) -> None:
    first = waiting(coach)
    turn = coach.say(words)
    assert turn.nudge is not None
    assert turn.nudge.measure == first.measure
    assert turn.nudge.template.minutes < first.template.minutes
    assert NudgeReplaced(first.id) in coach.events
    assert not any(isinstance(event, Decided) and event.nudge_id == first.id for event in coach.events)


def test_it_ends_where_nothing_is_shorter_and_the_last_one_waits(coach: LessonCoach) -> None:
    first = waiting(coach)
    seen = [first]
    for _ in range(60):
        turn = coach.shorter()
        assert turn.nudge is not None
        if turn.nudge == seen[-1]:
            break
        seen.append(turn.nudge)
    assert turn.messages[0].startswith("I have nothing shorter for ")
    minutes = [nudge.template.minutes for nudge in seen]
    assert minutes == sorted(set(minutes), reverse=True)
    assert {nudge.measure for nudge in seen} == {first.measure}


def test_fewer_minutes_than_the_pending_one_takes(coach: LessonCoach) -> None:
    first = waiting(coach)
    turn = coach.say(f"I only have {first.template.minutes} minutes")
    assert turn.nudge == first
    turn = coach.state_facts(minutes=first.template.minutes - 1)
    assert turn.nudge is not None
    assert turn.messages[0].startswith("Thank you")
    assert coach.state.minutes == first.template.minutes - 1
    shorter = turn.nudge.template.minutes < first.template.minutes
    assert shorter or turn.messages[1].startswith("I have nothing shorter for ")


def test_without_a_pending_one_nothing_is_offered(coach: LessonCoach) -> None:
    coach.stop()
    assert coach.pending is None
    turn = coach.shorter()
    assert turn.nudge is None
    assert turn.messages[0].startswith("No suggestion waits")


def test_a_measure_without_a_template_left_keeps_the_pending_one(coach: LessonCoach) -> None:
    first = waiting(coach)
    for _ in range(200):
        turn = coach.idea(measure=first.measure)
        if "I have offered all my templates" in turn.messages[0]:
            break
    last = coach.pending
    assert last is not None
    assert turn.nudge == last
    assert coach.state.question is None
