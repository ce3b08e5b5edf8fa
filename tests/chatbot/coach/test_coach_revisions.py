"""A plan that is read again: what a new version brings back, and what stays."""

from __future__ import annotations

from collections.abc import Callable

from chatbot.coach import LessonCoach


def test_a_revised_plan_raises_a_dismissed_gap_again_and_a_muted_one_never(
    fast_coach: Callable[[], LessonCoach], plan: str
) -> None:
    coach = fast_coach()
    dismissed = coach.open(plan).nudge
    assert dismissed is not None
    muted = coach.decide(dismissed.id, "not_now").nudge
    assert muted is not None
    coach.decide(muted.id, "not_relevant")
    assert coach.revise(plan + "\nMore.\n").nudge is None, "two dismissals in a row, and not asked"
    again = coach.idea().nudge
    assert again is not None
    assert again.measure == dismissed.measure
    assert again.template.id != dismissed.template.id
    seen = {again.measure}
    while (turn := coach.idea()).nudge is not None:
        seen.add(turn.nudge.measure)
        coach.decide(turn.nudge.id, "not_now")
    assert muted.measure not in seen


def test_a_refused_text_can_be_followed_by_a_plan(fast_coach: Callable[[], LessonCoach], plan: str) -> None:
    coach = fast_coach()
    assert coach.open("¿Qué es esto?").nudge is None
    assert coach.revise(plan).nudge is not None


def test_a_version_that_is_no_plan_gets_the_refusal_too(fast_coach: Callable[[], LessonCoach], plan: str) -> None:
    coach = fast_coach()
    coach.open(plan)
    turn = coach.revise("¿Qué es esto? Los alumnos escriben.")
    assert turn.nudge is None
    assert "I make no judgement" in " ".join(turn.messages)
    assert coach.undo().text == plan


def test_reading_the_same_text_again_keeps_the_conversation_going(
    fast_coach: Callable[[], LessonCoach], plan: str
) -> None:
    coach = fast_coach()
    coach.open(plan)
    turn = coach.revise(plan)
    assert turn.messages
    nudge = turn.nudge or coach.idea().nudge
    assert nudge is not None, "no nudge waits, and none can be asked for"
    assert coach.decide(nudge.id, "use").added is not None
