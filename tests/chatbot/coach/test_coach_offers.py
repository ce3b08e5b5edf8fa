"""What the coach offers: one open gap at a time with praise from the plan, and templates for its grade."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from chatbot.coach import LessonCoach, Turn
from mtl_core.quality import QualityModel
from mtl_core.rubric import MEASURES
from retrieval import TemplateIndex


@pytest.fixture(scope="module")
def opened(model: QualityModel, index: TemplateIndex, plan: str) -> Turn:
    return LessonCoach(model, index).open(plan)


def test_the_first_turn_offers_one_nudge_of_an_open_gap(opened: Turn, plan: str) -> None:
    assert opened.text == plan
    assert opened.added is None
    assert opened.nudge is not None
    assert opened.analysis.measures[opened.nudge.measure].verdict != "present"
    assert opened.nudge.measure in opened.nudge.template.measures
    assert opened.messages[-1] == opened.nudge.message
    assert "{" not in opened.nudge.suggestion


def test_praise_quotes_the_plan(fast_coach: Callable[[], LessonCoach], opened: Turn, plan: str) -> None:
    stand_in = "# A\n\nYear 4 pupils do modelling now, and this goes on for quite\na few words. And vocabulary.\n"
    for text, turn in ((stand_in, fast_coach().open(stand_in)), (plan, opened)):
        present = [reading for reading in turn.analysis.measures.values() if reading.verdict == "present"]
        praise = [turn.praise] if turn.praise else []
        assert len(praise) == bool(present)
        for message in praise:
            quote = message[message.index("“") + 1 : message.rindex("”")].removesuffix(" …")
            assert quote
            assert quote in text


def test_a_search_keeps_to_the_grade_of_the_plan(fast_coach: Callable[[], LessonCoach]) -> None:
    coach = fast_coach()
    coach.open("# Colours\n\nKindergarten\n\nChildren mix two colours.\n")
    hits = coach.search("quiz", k=50)
    assert hits
    assert all(0 in hit.template.grades for hit in hits)


def test_every_nudge_brings_another_template_until_none_is_left(
    fast_coach: Callable[[], LessonCoach], plan: str
) -> None:
    coach = fast_coach()
    turn = coach.open(plan)
    offered = []
    while turn.nudge is not None:
        offered.append(turn.nudge)
        coach.decide(turn.nudge.id, "not_now")
        turn = coach.idea()
    assert len({nudge.template.id for nudge in offered}) == len(offered) == len({nudge.measure for nudge in offered})
    assert "no further suggestion" in turn.messages[-1]


def test_where_all_is_shown_nothing_is_offered(fast_coach: Callable[[], LessonCoach]) -> None:
    turn = fast_coach().open(f"# All\n\nPupils do {', '.join(MEASURES)}.\n")
    assert turn.nudge is None
    assert "every measure" in turn.messages[-1]


def test_doubt_is_put_as_a_question(fast_coach: Callable[[], LessonCoach]) -> None:
    all_but = ", ".join(key for key in MEASURES if key != "modelling")
    turn = fast_coach().open(f"# All\n\nPupils do {all_but} and maybe modelling.\n")
    assert turn.nudge is not None
    assert turn.nudge.measure == "modelling"
    assert turn.nudge.message.endswith("?")
    assert "not find" not in turn.nudge.message


def test_the_caller_may_name_the_nudges(fast_coach: Callable[[], LessonCoach], plan: str) -> None:
    plain = fast_coach()
    named = LessonCoach(plain._talk.model, plain._talk.index, nudge_ids=iter("abc").__next__)
    first = named.open(plan).nudge
    assert first is not None
    assert first.id == "a"
    second = named.decide("a", "not_now").nudge
    assert second is not None
    assert second.id == "b"
