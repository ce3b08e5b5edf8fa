"""A conversation that is taken up again."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from chatbot.coach import LessonCoach
from chatbot.event_json import dump_event, load_event
from chatbot.events import Decided, NudgeOffered, PlanRead
from chatbot.readability import fits_grade, reading_grade
from chatbot.resuming import locate, offered_again, same_words
from chatbot.wording import count_sentences, forbidden_words, pick, quoted
from mtl_core.errors import InputError

Make = Callable[[], LessonCoach]


def taken_up(coach: LessonCoach, make: Make) -> LessonCoach:
    again = make()
    again.restore([load_event(dump_event(event)) for event in coach.events])
    return again


def test_the_same_nudge_waits_after_every_step(fast_coach: Make, plan: str) -> None:
    coach = fast_coach()
    coach.open(plan)
    for message in ("use it", "edit: Mine.", "hello", "not now", "yes", "undo", "pause", "idea"):
        coach.say(message)
        again = taken_up(coach, fast_coach)
        assert (again.state, again.pending, again.events) == (coach.state, coach.pending, coach.events)
        assert again.turn().text == coach.turn().text
        assert again.turn().messages == ()


def test_ids_go_on_and_undo_reaches_the_first_version(fast_coach: Make, plan: str) -> None:
    coach = fast_coach()
    coach.open(plan)
    coach.say("use it")
    coach.revise(f"{coach.state.text}\n\nOne more line.\n")
    again = taken_up(coach, fast_coach)
    ids = {event.nudge_id for event in again.events if isinstance(event, NudgeOffered)}
    assert again.pending is not None
    turn = again.decide(again.pending.id, "not_now")
    assert turn.nudge is None or turn.nudge.id not in ids
    while again.state.history:
        again.undo()
    assert again.turn().text.encode() == plan.encode()


def test_opting_out_lasts(fast_coach: Make, plan: str) -> None:
    coach = fast_coach()
    coach.open(plan)
    coach.pause()
    again = taken_up(coach, fast_coach)
    assert again.state.paused
    assert again.pending is not None
    assert again.decide(again.pending.id, "use").nudge is None


def test_a_log_that_cannot_be_is_refused(fast_coach: Make, plan: str) -> None:
    coach = fast_coach()
    with pytest.raises(InputError, match="no plan"):
        coach.restore([])
    coach.open(plan)
    with pytest.raises(InputError, match="does not wait"):
        fast_coach().restore([*coach.events, Decided("other", "use")])  # type: ignore[arg-type]


def test_a_template_that_is_gone_says_so(fast_coach: Make) -> None:
    nudge = offered_again(NudgeOffered("n", "modelling", "gone", "Would it help?", "**A:** B."), {})
    assert (nudge.message, nudge.suggestion) == ("Would it help?", "**A:** B.")
    assert "no longer" in nudge.template.licence


def test_a_pasted_suggestion_counts_as_added(fast_coach: Make, plan: str) -> None:
    coach = fast_coach()
    nudge = coach.open(plan).nudge
    assert nudge is not None
    coach.revise(f"{plan}\n\n{nudge.suggestion}\n")
    decided = next(event for event in coach.events if isinstance(event, Decided))
    assert not decided.adapted
    read = next(event for event in coach.events[1:] if isinstance(event, PlanRead))
    assert read.text[decided.start : decided.end] == nudge.suggestion


def test_a_passage_is_found_with_other_blanks() -> None:
    assert locate("“one two”", "x one\n  two y") == "one\n  two"
    with pytest.raises(InputError, match="copy it"):
        locate("three", "one two")
    with pytest.raises(InputError, match="copy it"):
        locate(" ", "one two")


def test_words_are_compared_without_marks() -> None:
    assert same_words("**A b:** C", "a B c.")
    assert not same_words("a b", "a c")


def test_wording_helpers() -> None:
    assert forbidden_words("You must; most teachers do, 5/14, “you should”.") == ["must", "most teachers", "5/14"]
    assert count_sentences("One “two. three.” here. Would it?") == 2
    assert quoted("one two three", words=2) == "“one two …”"
    assert quoted("one “two” three", words=9) == "“one …”"
    assert {pick(("a", "b"), seed="s", turn=turn) for turn in range(2)} == {"a", "b"}


def test_readability_rises_with_long_words() -> None:
    easy, hard = "The cat sat on the mat.", "Institutional accountability necessitates interdisciplinary collaboration."
    assert reading_grade(easy) < 3
    assert reading_grade(hard) > 12
    assert fits_grade(hard, None)
    assert not fits_grade(hard, 3)
    assert fits_grade(easy, 0)
    assert reading_grade("--") == 0
