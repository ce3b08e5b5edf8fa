"""Typed messages: what is understood, and what is done with it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from chatbot.coach import LessonCoach
from chatbot.events import GradeStated, MinutesStated, NudgeOffered, QuestionAsked
from chatbot.phrase_rules import measure_mentioned, read_phrases
from chatbot.understanding import Intent, Understood
from mtl_core.errors import InputError

Make = Callable[[], LessonCoach]


@pytest.mark.parametrize(
    ("message", "intent"),
    [
        ("It's already there", Intent.ALREADY_THERE),
        ("already there: Pupils write.", Intent.ALREADY_THERE),
        ("pause", Intent.PAUSE),
        ("resume", Intent.RESUME),
        ("go on", Intent.IDEA),
        ("Export the plan, please", Intent.EXPORT),
        ("forget me", Intent.FORGET),
        ("show me the plan", Intent.SHOW_PLAN),
        ("Thanks a lot!", Intent.THANKS),
        ("hello", Intent.SMALL_TALK),
        ("Year 4", Intent.STATE_FACT),
        ("it's for 5th graders", Intent.STATE_FACT),
        ("I only have 10 minutes", Intent.STATE_FACT),
        ("mute vocabulary", Intent.MUTE),
        ("what is an exit ticket?", Intent.EXPLAIN_MEASURE),
        ("edit: My words.", Intent.EDIT),
        ("yes please", Intent.ACCEPT),
        ("year 4 fractions quiz", Intent.SEARCH),
        ("what is a volcano?", Intent.SEARCH),
    ],
)
def test_phrases_are_understood(message: str, intent: Intent) -> None:
    assert read_phrases(message).intent == intent


def test_the_quote_of_a_message_keeps_its_marks() -> None:
    assert read_phrases("already there: Pupils’ books, page 4.").argument == "Pupils’ books, page 4."


def test_measures_are_known_by_the_names_that_teachers_use() -> None:
    assert measure_mentioned("an exit ticket") == "exit_assessment"
    assert measure_mentioned("worked examples") == "modelling"
    assert measure_mentioned("volcanoes") is None


def test_an_unsure_reading_asks_and_does_nothing(fast_coach: Make, plan: str) -> None:
    made = fast_coach()
    guess = Understood(str(Intent.ACCEPT), 0.2)
    coach = LessonCoach(made._talk.model, made._talk.index, understand=lambda _: guess)
    coach.open(plan)
    state = coach.state
    turn = coach.say("hmm")
    assert [said.kind for said in turn.said] == ["question"]
    assert coach.state == state


def test_slots_are_used(fast_coach: Make) -> None:
    coach = fast_coach()
    turn = coach.open("# Halves\n\nPupils cut paper circles.\n")
    assert QuestionAsked("grade") in coach.events
    assert turn.said[-1].kind == "question"
    coach.say("Year 4")
    assert GradeStated(3, "Year 4") in coach.events
    coach.say("10 minutes")
    assert MinutesStated(10) in coach.events
    for _ in range(6):
        turn = coach.idea() if coach.pending is None else coach.decide(coach.pending.id, "not_now")
        if turn.nudge is not None and coach.state.offered > 1:
            assert turn.nudge.template.minutes <= 10
            assert 3 in turn.nudge.template.grades
    assert sum(isinstance(event, NudgeOffered) for event in coach.events) > 2
    assert coach.events.count(QuestionAsked("grade")) == 1


@pytest.mark.parametrize(("passage", "minutes"), [("half an hour", 30), ("1 hour", 60), ("20 min", 20)])
def test_minutes_are_read_as_they_were_said(fast_coach: Make, plan: str, passage: str, minutes: int) -> None:
    made = fast_coach()
    read = Understood(str(Intent.STATE_FACT), 0.99, {"minutes": passage})
    coach = LessonCoach(made._talk.model, made._talk.index, understand=lambda _: read)
    coach.open(plan)
    coach.say(f"we have {passage}")
    assert MinutesStated(minutes) in coach.events


def test_forgetting_leaves_nothing_and_takes_plain_words(fast_coach: Make, plan: str) -> None:
    made = fast_coach()
    guess = Understood(str(Intent.FORGET), 0.99)
    coach = LessonCoach(made._talk.model, made._talk.index, understand=lambda _: guess)
    coach.open(plan)
    assert coach.say("I always forget this bit").wish is None
    assert coach.state.text == plan
    turn = coach.say("Forget me!")
    assert (turn.wish, turn.text, coach.events) == ("forget", "", ())
    with pytest.raises(InputError, match="No plan is open"):
        coach.turn()


def test_export_is_a_wish_of_the_door(fast_coach: Make, plan: str) -> None:
    coach = fast_coach()
    coach.open(plan)
    assert coach.say("export").wish == "export"
    assert "export" not in coach.say("stop").messages[0]


def test_a_refused_message_leaves_no_trace(fast_coach: Make, plan: str) -> None:
    coach = fast_coach()
    coach.open(plan)
    before = (coach.events, coach.state, coach.pending)
    with pytest.raises(InputError, match="word for word"):
        coach.say("already there: There is no such sentence.")
    assert (coach.events, coach.state, coach.pending) == before


def test_a_word_without_a_quote_is_taken_too(fast_coach: Make, plan: str) -> None:
    coach = fast_coach()
    nudge = coach.open(plan).nudge
    assert nudge is not None
    turn = coach.say("it's already there")
    assert turn.messages[0].startswith("Thank you")
    assert coach.state.stated == {nudge.measure: ""}
