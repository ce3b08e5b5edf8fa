"""Wishes about the suggestions: another one, one for a measure, one of a list, and what has changed."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

import pytest

from chatbot.asking import differences, listed_last, names_row_alone, profile, wanted_row
from chatbot.coach import LessonCoach
from chatbot.events import Decided, Decision, Judgement, NudgeReplaced, Said
from chatbot.measure_rules import RULES
from chatbot.phrase_rules import read_phrases
from chatbot.plan_facts import read_facts
from chatbot.policy import ranked_gaps
from chatbot.understanding import Intent, Understood
from mtl_core.errors import InputError

Make = Callable[[], LessonCoach]


@pytest.fixture
def coach(fast_coach: Make, plan: str) -> LessonCoach:
    made = fast_coach()
    made.open(plan)
    return made


def understanding(coach: LessonCoach, plan: str, known: dict[str, Understood]) -> LessonCoach:
    """The same coach, which understands some messages as it is told."""
    talk = coach._talk
    other = LessonCoach(talk.model, talk.index, understand=lambda text: known.get(text) or read_phrases(text))
    other.open(plan)
    return other


def gaps_of(coach: LessonCoach) -> list[str]:
    return ranked_gaps(coach.state.judgements, RULES, silent=coach.state.silent)


def test_another_idea_sets_the_pending_one_aside(coach: LessonCoach) -> None:
    first = coach.pending
    assert first is not None
    assert coach.say("idea").nudge == first
    turn = coach.say("another idea")
    assert turn.nudge is not None
    assert turn.nudge.measure != first.measure
    assert [e.decision for e in coach.events if isinstance(e, Decided)] == [Decision.NOT_NOW]
    assert first.measure in coach.state.dismissed


def test_another_idea_comes_after_any_number_of_dismissals(coach: LessonCoach) -> None:
    seen = [coach.pending, *(coach.say("another idea").nudge for _ in range(4))]
    assert all(nudge is not None for nudge in seen)
    assert len({nudge.measure for nudge in seen if nudge}) == 5


def test_an_idea_for_a_measure_makes_room_unanswered(coach: LessonCoach) -> None:
    first, other = coach.pending, gaps_of(coach)[-1]
    assert first is not None
    turn = coach.idea(measure=other)
    assert turn.nudge is not None
    assert turn.nudge.measure == other
    assert NudgeReplaced(first.id) in coach.events
    assert first.measure in gaps_of(coach)
    with pytest.raises(InputError, match="does not wait"):
        coach.decide(first.id, "use")
    coach.decide(turn.nudge.id, "not_now")
    before = coach.events
    with pytest.raises(InputError, match="no gap that is open; open ones are "):
        coach.idea(measure=other)
    assert coach.events == before


def test_a_message_that_names_a_measure_gets_a_nudge_or_templates_for_it(fast_coach: Make, plan: str) -> None:
    wish = "something on vocabulary please"
    known = {wish: Understood(str(Intent.IDEA), 0.9, {"measure": "vocabulary"}, argument=wish)}
    coach = understanding(fast_coach(), plan, known)
    assert "vocabulary" in gaps_of(coach)
    turn = coach.say(wish)
    assert turn.nudge is not None
    assert turn.nudge.measure == "vocabulary"
    assert coach.say(wish).nudge == turn.nudge
    coach.say("not relevant")
    waiting, answer = coach.pending, coach.say(wish)
    assert answer.messages[0].startswith("From the templates:\n1. ")
    assert answer.nudge == waiting
    titles = listed_last([*coach.events, Said("teacher", "x")])
    library = {one.title: one for one in coach._talk.index.library.values()}
    assert all("vocabulary" in library[title].measures for title in titles)


@pytest.mark.parametrize("message", ["the second one", "number 2", "2", "use the 2nd idea please", "I like the second"])
def test_a_row_of_a_list_becomes_the_pending_nudge(fast_coach: Make, plan: str, message: str) -> None:
    known = {message: Understood(str(Intent.ACCEPT), 0.9, argument=message)}
    coach = understanding(fast_coach(), plan, known)
    first, text = coach.pending, coach.state.text
    coach.say("a quiz about rivers")
    titles = listed_last([*coach.events, Said("teacher", "x")])
    turn = coach.say(message)
    template = next(one for one in coach._talk.index.library.values() if one.title == titles[1])
    assert coach.state.text == text
    if set(template.measures) & set(gaps_of(coach)):
        assert turn.nudge is not None
        assert turn.nudge != first
        assert turn.nudge.template == template
        assert turn.nudge.message.startswith(f"“{template.title}”")
        assert coach.say("use it").text != text
    else:
        assert "repairs no gap" in turn.messages[0]
        assert turn.nudge == first


def test_a_bare_row_is_a_row_whatever_it_was_taken_for(fast_coach: Make, plan: str) -> None:
    message = "number 2"
    coach = understanding(fast_coach(), plan, {message: Understood(str(Intent.ALREADY_THERE), 0.98, argument=message)})
    coach.say("a quiz about rivers")
    titles = listed_last([*coach.events, Said("teacher", "x")])
    turn = coach.say(message)
    assert not any(isinstance(event, Decided) for event in coach.events)
    assert titles[1] in turn.messages[0]


@pytest.mark.parametrize(
    ("message", "alone"),
    [
        ("number 2", True), ("2", True), ("#3", True), ("the second one", True), ("Second one please!", True),
        ("option two.", True), ("why the second one", False), ("explain number 2", False), ("2 minutes", False),
        ("delete the first one", False), ("yes", False),
    ],
)  # fmt: skip
def test_a_row_alone_is_nothing_but_a_row(message: str, *, alone: bool) -> None:
    assert names_row_alone(message) is alone


def test_what_is_missing_comes_without_what_is_there(fast_coach: Make, plan: str) -> None:
    asked = "what's missing?"
    shown = f"{plan}\n\nPupils meet vocabulary on cards, and no modelling yet.\n"
    coach = understanding(fast_coach(), shown, {asked: Understood(str(Intent.SHOW_PLAN), 0.9, argument=asked)})
    said = coach.say(asked).messages[0]
    assert said.startswith("I do not find ")
    assert "I find " not in said
    assert profile(replace(coach.turn().analysis, is_lesson_plan=False)).startswith(
        "This does not read as a lesson plan"
    )


def test_a_row_without_a_list_is_asked_about_and_accepts_nothing(fast_coach: Make, plan: str) -> None:
    message = "the second one is fine"
    coach = understanding(fast_coach(), plan, {message: Understood(str(Intent.ACCEPT), 0.9, argument=message)})
    coach.say("a quiz about rivers")
    coach.say("why")
    turn = coach.say(message)
    assert turn.text == plan
    assert [said.kind for said in turn.said] == ["question"]


def test_a_title_that_is_none_is_refused(coach: LessonCoach) -> None:
    before = coach.events
    with pytest.raises(InputError, match="no template “Nothing”"):
        coach.choose("Nothing")
    assert coach.events == before


@pytest.mark.parametrize(
    ("message", "row"),
    [
        ("the first one", 0),
        ("I'd take the last", 2),
        ("option three", 2),
        ("#1", 0),
        ("3", 2),
        ("add the middle one", 1),
        ("not the first one", None),
        ("skip the second one", None),
        ("4", None),
        ("use 2 minutes", None),
        ("add 25 minutes", None),
        ("in my first lesson", None),
        ("yes", None),
    ],
)
def test_rows_are_named_in_words_and_numbers(message: str, row: int | None) -> None:
    assert wanted_row(message, rows=3) == row


def test_a_numbered_line_inside_a_template_is_no_row() -> None:
    listed = "From the templates:\n1. Alpha: Pupils do\n7. Beta: this\n2. Gamma: and that"
    assert listed_last([Said("coach", listed, "search"), Said("teacher", "1")]) == ["Alpha", "Gamma"]
    assert listed_last([Said("coach", "hello"), Said("teacher", "1")]) == []


def test_what_changed_is_shown_and_nothing_else(fast_coach: Make, plan: str) -> None:
    asked = "what have you changed?"
    coach = understanding(fast_coach(), plan, {asked: Understood(str(Intent.SHOW_PLAN), 0.9, argument=asked)})
    assert coach.say(asked).messages[0] == "Nothing has changed: the plan is as you gave it."
    turn = coach.say("use it")
    assert turn.added is not None
    first, *lines = coach.say(asked).messages[0].splitlines()
    assert first == "This has changed since you gave me the plan:"
    inserted = turn.text[slice(*turn.added)].strip().splitlines()
    assert lines == [f"+ {line}" for line in inserted if line.strip()]


def test_a_rule_that_went_is_a_change() -> None:
    assert differences("a\n---\nb", "a\nb").splitlines()[1:] == ["- ---"]


def test_long_changes_are_cut() -> None:
    said = differences("a", "\n".join(f"line {number}" for number in range(100)))
    assert said.splitlines()[-1] == "and 41 more lines"
    assert len(said.splitlines()) == 62


def test_what_the_plan_shows_is_told_with_quotes(fast_coach: Make, plan: str) -> None:
    asked = "what's good about it?"
    shown = f"{plan}\n\nPupils meet vocabulary on cards, and no modelling yet.\n"
    coach = understanding(fast_coach(), shown, {asked: Understood(str(Intent.SHOW_PLAN), 0.9, argument=asked)})
    said = coach.say(asked).messages[0]
    readings = coach.turn().analysis.measures
    present = [key for key, reading in readings.items() if reading.verdict == "present"]
    assert present
    assert said.startswith("I find ")
    assert "I do not find " in said
    for key in present:
        quote = " ".join(readings[key].evidence[0].quote.split()[:3])
        assert quote in " ".join(said.split())


@pytest.mark.parametrize(
    ("message", "sentiment", "answer"),
    [
        ("Hello there, nice day", "neutral", "Hello; I read lesson plans and offer one idea at a time."),
        ("we won the cup!", "positive", "Good to hear."),
        ("I am so tired", "negative", "That sounds hard."),
        ("the coffee machine hums", "neutral", "I hear you."),
        ("are you ChatGPT?", "neutral", "I am a program: "),
        ("who made you", "neutral", "I am a program: "),
    ],
)
def test_small_talk_is_heard(fast_coach: Make, plan: str, message: str, sentiment: str, answer: str) -> None:
    understood = Understood(str(Intent.SMALL_TALK), 0.9, argument=message, sentiment=sentiment)
    coach = understanding(fast_coach(), plan, {message: understood})
    turn = coach.say(message)
    assert turn.messages[0].startswith(answer)
    assert "still waits" in turn.messages[1]


def test_this_is_the_topic_of_the_plan_in_a_search(
    fast_coach: Make, plan: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, wish = "any starter on this?", "Find a game about my topic"
    known = {
        asked: Understood(str(Intent.IDEA), 0.9, argument=asked),
        wish: Understood(str(Intent.SEARCH), 0.9, argument=wish),
    }
    coach = understanding(fast_coach(), f"# Lesson: Rivers and floods\n\n{plan}", known)
    queries = []
    monkeypatch.setattr(coach, "look_up", lambda query, **_: queries.append(query) or coach.turn())
    coach.say(asked)
    coach.say(wish)
    topic = read_facts(coach.state.text, coach.turn().analysis.segments).topic
    assert topic
    assert queries == [f"any starter on {topic}?", f"Find a game about {topic}"]


def test_an_unsure_question_for_the_strengths_is_answered(fast_coach: Make, plan: str) -> None:
    asked = "what are the strengths of my plan"
    coach = understanding(fast_coach(), plan, {asked: Understood(str(Intent.HELP), 0.4, argument=asked)})
    assert "I do not find " in coach.say(asked).messages[0]


def test_why_says_how_long_it_takes_and_where_it_goes(coach: LessonCoach) -> None:
    waits = coach.pending
    assert waits is not None
    said = coach.say("why").messages[0]
    place = re.search(
        r"it (takes \d+ minutes? and )?would go in (at the (?:top|end) of the plan|after “(.+)”)\.$", said
    )
    assert place is not None
    assert bool(place[1]) is bool(waits.template.minutes)
    turn = coach.say("use it")
    assert turn.added is not None
    above = turn.text[: turn.added[0]].strip()
    if place[3]:
        assert " ".join(above.split("\n")[-1].split()).startswith(" ".join(place[3].removesuffix(" …").split()))
    else:
        assert (above == "") is ("top" in place[2])


@pytest.mark.parametrize(("adapted", "quoted"), [(False, ""), (True, "by the teacher's own hand")])
def test_doubt_is_not_pointed_at_what_the_coach_added(coach: LessonCoach, *, adapted: bool, quoted: str) -> None:
    talk, passage = coach._talk, "by the teacher's own hand"
    doubt = Judgement(0.3, "unsure", ((passage, 0),))
    talk.session.state = replace(coach.state, judgements={**coach.state.judgements, "modelling": doubt})
    talk.session.events.append(Decided("n", Decision.EDIT, 0, 9, text=f"Written {passage}.", adapted=adapted))
    assert talk._teachers_quote("modelling") == quoted
