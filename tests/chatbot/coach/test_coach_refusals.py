"""Calls that the coach refuses; they change nothing."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from chatbot.coach import LessonCoach
from mtl_core.errors import InputError


def refused(coach: LessonCoach, call: Callable[[], object], said: str) -> None:
    before = (coach.state, coach.events, coach.pending)
    with pytest.raises(InputError, match=said):
        call()
    assert (coach.state, coach.events, coach.pending) == before


def test_wrong_calls_change_nothing(fast_coach: Callable[[], LessonCoach], plan: str) -> None:
    coach = fast_coach()
    nudge = coach.open(plan).nudge
    assert nudge is not None
    refused(coach, lambda: coach.decide("nudge-99", "use"), "'nudge-99' does not wait")
    refused(coach, lambda: coach.decide("", "use"), "does not wait")
    refused(coach, lambda: coach.decide(nudge.id, "maybe"), "'maybe' is no decision; use use, edit, not_now")
    refused(coach, lambda: coach.decide(nudge.id, "edit"), "needs your version")
    refused(coach, lambda: coach.decide(nudge.id, "edit", text=" \n"), "needs your version")
    refused(coach, lambda: coach.decide(nudge.id, "edit", text="a" * 5001), "at most 5,000")
    refused(coach, lambda: coach.decide(nudge.id, "edit", text="a\0b"), "plain text")
    refused(coach, lambda: coach.decide(nudge.id, "edit", text="\x01" * 900), "binary data")
    refused(coach, coach.undo, "nothing to undo")
    refused(coach, lambda: coach.say("  "), "empty")
    refused(coach, lambda: coach.open(""), "empty")
    refused(coach, lambda: coach.open("a\0b"), "binary")
    refused(coach, lambda: coach.open("12 34 !"), "no word")
    refused(coach, lambda: coach.revise(" "), "empty")
    refused(coach, lambda: coach.revise("a" * 200_001), "limit is 200,000")
    coach.decide(nudge.id, "use")
    refused(coach, lambda: coach.decide(nudge.id, "use"), f"'{nudge.id}' does not wait")


@pytest.mark.parametrize(
    "call",
    [
        lambda coach: coach.say("use it"),
        lambda coach: coach.revise("A plan."),
        lambda coach: coach.idea(),
        lambda coach: coach.search("quiz"),
        lambda coach: coach.decide("nudge-1", "use"),
        lambda coach: coach.undo(),
    ],
)
def test_without_a_plan_every_call_is_refused(
    fast_coach: Callable[[], LessonCoach], call: Callable[[LessonCoach], object]
) -> None:
    with pytest.raises(InputError):
        call(fast_coach())
