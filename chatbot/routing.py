"""What each understood message does: the same calls as the buttons, or an answer that leaves the nudge waiting."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from chatbot.asking import differences, listed_last, names_row_alone, open_gaps, profile, wanted_row
from chatbot.events import Decision, Said
from chatbot.phrase_rules import measure_mentioned
from chatbot.plan_facts import read_facts
from chatbot.replies import HELP, NOTHING_WAITS, define
from chatbot.resuming import MAX_REASON
from chatbot.slot_values import measure_named, minutes_named
from chatbot.understanding import UNSURE_BELOW, Intent, Understood
from mtl_core.rubric import MEASURES
from retrieval.grades import parse_grade

if TYPE_CHECKING:
    from chatbot.coach import LessonCoach
    from chatbot.session import Turn

__all__ = ["route"]

_DECISIONS = {
    Intent.ACCEPT: Decision.USE,
    Intent.NOT_NOW: Decision.NOT_NOW,
    Intent.NOT_RELEVANT: Decision.NOT_RELEVANT,
    Intent.ALREADY_THERE: Decision.ALREADY_THERE,
}
_ANSWERS = {
    Intent.THANKS: "You are welcome.",
    Intent.OUT_OF_SCOPE: "That is outside what I do; I read lesson plans and look up templates.",
    Intent.HELP: HELP,
}
_AS_IT_IS = "This is the plan as it is now; give me a new version, pasted or as a file, and I read it again."
_NO_MARKS = "I give no marks; this is what the plan shows."
_MARKS = re.compile(
    r"\bout of (?:\d+|five|ten|a hundred)\b|\bpercent(?:age)?\b"
    r"|\b(?:rate|score|grade|mark) (?:it|this|that|(?:my|the) (?:plan|lesson))\b|\b(?:score|mark)\W*$",
    re.IGNORECASE,
)
_HELLO = "Hello; I read lesson plans and offer one idea at a time."
_WHO = re.compile(
    r"\b(?:chat ?gpt|are you (?:an? )?(?:bot|robot|human|person|real|ai|machine)"
    r"|who (?:made|built|wrote) you|(?:who|what) are you)\b",
    re.IGNORECASE,
)
_I_AM = "I am a program: small models read the plan, and templates come from a library. I am often wrong; you decide."
_HEARD = {"positive": "Good to hear.", "negative": "That sounds hard."}
_GREETING = re.compile(
    r"\W*(?:hi|hiya|hello|hey|howdy|greetings|g'?day|(?:good )?(?:morning|afternoon|evening)|good day)\b", re.IGNORECASE
)
_ANOTHER = re.compile(
    r"\b(?:an?other|others|else|next|different|instead|new one|more (?:ideas|suggestions))\b", re.IGNORECASE
)
_THING = re.compile(
    r"\b(?:starters?|warm-?ups?|hooks?|plenar(?:y|ies)|activit(?:y|ies)|games?|tasks?|templates?|quiz(?:zes)?|worksheets?"
    r"|examples?|experiments?|discussions?)\b",
    re.IGNORECASE,
)
_THIS = re.compile(
    r"\b(?P<on>on|about|for) (?:this|that|it|(?:this|that|the same|my) (?:topic|lesson|plan))\b", re.IGNORECASE
)
_SHORTER = re.compile(
    r"\b(?:shorter|quicker|briefer|less time)\b"
    r"|^(?:(?:that|this|it)(?:'s|’s| is| takes)? )?(?:far |much |a bit )?too long\b",
    re.IGNORECASE,
)
_REDO = re.compile(r"\b(?:redo|put (?:it|that|them) back|undo (?:the|that|my) undo)\b", re.IGNORECASE)
_MISSING = re.compile(r"\b(?:missing|lacks?|lacking|gaps?|absent|not (?:there|have))\b", re.IGNORECASE)
_CHANGED = re.compile(r"\b(?:chang\w*|differen\w*|diff|added|edited|edits|altered|before and after)\b", re.IGNORECASE)
_SHOWN = re.compile(
    r"\b(?:what(?:'?s|’s)?|which|where)\b.*\b(?:good|has|have|got|found|find|missing|lacks?|cover\w*|strong\w*)\b"
    r"|\b(?:strengths?|profile|gaps)\b",
    re.IGNORECASE,
)
_CHOOSING = frozenset(
    {Intent.ACCEPT, Intent.IDEA, Intent.SEARCH, Intent.SMALL_TALK, Intent.SHOW_PLAN, Intent.STATE_FACT}
)
_SHOWING = frozenset({Intent.SHOW_PLAN, Intent.IDEA, Intent.WHY, Intent.EXPLAIN_MEASURE, Intent.READ_PLAN, Intent.HELP})
_SHORTENING = frozenset(
    {*_CHOOSING, Intent.EDIT, Intent.NOT_NOW, Intent.NOT_RELEVANT, Intent.OUT_OF_SCOPE, Intent.HELP}
)
_ASK_DECISION = "Shall I put this suggestion into the plan, or leave it?"
_ASK_WISH = "Would you like another idea, or shall I look that up in the templates?"
_ASK_FORGET = "Type “forget me” if I am to delete everything that is kept."
_FORGET = re.compile(r"\W*(?:forget me|forget everything|delete (?:everything|my data|all of it))\W*", re.IGNORECASE)


def route(coach: LessonCoach, understood: Understood, message: str) -> Turn:
    """Do what a message asks for.

    Args:
        coach: Has an open plan.
        understood: How the message was understood.
        message: As it was typed.

    Returns:
        The next turn.

    Raises:
        InputError: If the message asks for something that cannot be done, such as a quote that is not in the plan.
    """
    state = coach.state
    grade = parse_grade(message) if state.question == "grade" and len(message.split()) <= 4 else None
    if grade is not None:
        return coach.state_facts(grade=grade, phrase=message.strip(" \t\r\n.!"))
    chosen = _chosen(coach, understood, message)
    if chosen is not None:
        return coach.choose(chosen)
    if understood.intent == Intent.ACCEPT and wanted_row(message, rows=3) is not None:
        # the row of a list that was not given is no yes to what waits
        return coach.answer(Said("coach", _ASK_DECISION if state.pending else _ASK_WISH, "question"), digression=False)
    if coach.pending is not None and _SHORTER.search(message) and understood.intent in _SHORTENING:
        return coach.shorter(minutes=minutes_named(understood.slots.get("minutes", "")))
    if understood.confidence < UNSURE_BELOW:
        if _SHOWN.search(message) and understood.intent in _SHOWING:
            return _show(coach, understood, message)
        return coach.answer(Said("coach", _ASK_DECISION if state.pending else _ASK_WISH, "question"), digression=False)
    intent = Intent(understood.intent)
    if state.question == "go_on" and state.pending is None and intent in (Intent.ACCEPT, Intent.NOT_NOW):
        return coach.resume() if intent is Intent.ACCEPT else coach.stop()
    if intent in (*_DECISIONS, Intent.EDIT):
        return _decision(coach, intent, understood)
    return _request(coach, intent, understood, message)


def _decision(coach: LessonCoach, intent: Intent, understood: Understood) -> Turn:
    nudge = coach.pending
    if nudge is None:
        return coach.answer(Said("coach", NOTHING_WAITS, "notice"))
    if intent is Intent.EDIT:
        if not understood.argument.strip():
            said = f"Type “edit:” and your version. The suggestion was: {nudge.suggestion}"
            return coach.answer(Said("coach", said, "notice"), digression=False)
        return coach.decide(nudge.id, Decision.EDIT, text=understood.argument)
    quote = understood.argument if intent is Intent.ALREADY_THERE else None
    reason = understood.argument[:MAX_REASON] if intent is Intent.NOT_RELEVANT else None
    return coach.decide(nudge.id, _DECISIONS[intent], quote=quote or None, reason=reason)


def _request(coach: LessonCoach, intent: Intent, understood: Understood, message: str) -> Turn:
    if intent is Intent.SEARCH and _own_measure(coach, message):
        intent = Intent.EXPLAIN_MEASURE
    if intent in _WISHES:
        return _WISHES[intent](coach)
    if intent in _ANSWERS:
        return coach.answer(Said("coach", _ANSWERS[intent], "message"))
    if intent in (Intent.MUTE, Intent.EXPLAIN_MEASURE):
        return _measure(coach, intent, understood, message)
    return _READINGS.get(intent, _search)(coach, understood, message)


def _search(coach: LessonCoach, understood: Understood, message: str) -> Turn:
    return coach.look_up(_with_topic(coach, understood.argument or message))


def _forget(coach: LessonCoach, _: Understood, message: str) -> Turn:
    # deletion cannot be undone, so it takes the plain words and no guess
    sure = _FORGET.fullmatch(message)
    return coach.forget() if sure else coach.answer(Said("coach", _ASK_FORGET, "question"), digression=False)


def _read(coach: LessonCoach, _: Understood, message: str) -> Turn:
    words = f"{_NO_MARKS if _MARKS.search(message) else _AS_IT_IS} {profile(coach.turn().analysis)}"
    return coach.answer(Said("coach", words, "notice"))


def _small_talk(coach: LessonCoach, understood: Understood, message: str) -> Turn:
    heard = _HELLO if _GREETING.match(message) else _HEARD.get(understood.sentiment, "I hear you.")
    return coach.answer(Said("coach", _I_AM if _WHO.search(message) else heard, "message"))


def _undo(coach: LessonCoach, _: Understood, message: str) -> Turn:
    again = _REDO.search(message)
    if again and coach.state.undone:
        return coach.redo()
    # "put it back" asks for what was there before, whichever way that lies; "redo" never takes a change back
    if coach.state.history and not (again and "redo" in again.group().lower()):
        return coach.undo()
    return coach.answer(
        Said("coach", f"There is nothing to {'put back' if again else 'undo'}.", "notice"), digression=False
    )


def _chosen(coach: LessonCoach, understood: Understood, message: str) -> str | None:
    """Title of the template that a message picks from the list that the coach has just given."""
    # a bare row is nothing else, whatever else it may look like
    if not names_row_alone(message) and understood.intent not in _CHOOSING and understood.confidence >= UNSURE_BELOW:
        return None
    titles = listed_last(coach.events)
    row = wanted_row(message, rows=len(titles))
    return None if row is None else titles[row]


def _idea(coach: LessonCoach, understood: Understood, message: str) -> Turn:
    named = measure_named(understood.slots.get("measure", ""))
    if named is None and coach.pending is not None and _THING.search(message) and _THIS.search(message):
        return coach.look_up(_with_topic(coach, message))
    if named is None or named not in coach.state.judgements:
        return coach.idea(another=bool(_ANOTHER.search(message)))
    pending = coach.pending
    if pending is not None and pending.measure == named and not _ANOTHER.search(message):
        return coach.idea()
    return coach.idea(measure=named) if named in open_gaps(coach.state) else coach.look_up(message, measure=named)


def _with_topic(coach: LessonCoach, query: str) -> str:
    """A question in which "this" is the topic of the plan, where the plan names one."""
    topic = read_facts(coach.state.text, coach.turn().analysis.segments).topic
    return _THIS.sub(lambda found: f"{found['on']} {topic}", query) if topic else query


def _show(coach: LessonCoach, _: Understood, message: str) -> Turn:
    state = coach.state
    if _CHANGED.search(message):
        words = differences(state.history[0].text if state.history else state.text, state.text)
    elif _SHOWN.search(message):
        words = profile(coach.turn().analysis, missing=bool(_MISSING.search(message)))
    else:
        words = f"This is the plan now:\n{state.text}"
    return coach.answer(Said("coach", words, "notice"))


def _facts(coach: LessonCoach, understood: Understood, _: str) -> Turn:
    phrase = understood.slots.get("grade", "").strip()
    return coach.state_facts(
        grade=parse_grade(phrase) if phrase else None,
        phrase=phrase,
        minutes=minutes_named(understood.slots.get("minutes", "")),
    )


def _measure(coach: LessonCoach, intent: Intent, understood: Understood, message: str) -> Turn:
    rubric = coach.turn().analysis.rubric
    named = _own_measure(coach, message) or measure_named(understood.slots.get("measure", ""))
    measure = named or measure_mentioned(message)
    if measure is None and coach.pending is not None:
        measure = coach.pending.measure
    if measure is None:
        return coach.answer(Said("coach", "Which measure do you mean?", "question"), digression=False)
    if intent is Intent.MUTE:
        return coach.mute(measure)
    return coach.answer(Said("coach", define(rubric.get(measure) or MEASURES[measure]), "explanation"))


def _own_measure(coach: LessonCoach, message: str) -> str | None:
    """The measure of a school's own rubric that a message names by its title."""
    plain = " ".join(message.lower().split())
    rubric = coach.turn().analysis.rubric
    return next((k for k, m in rubric.items() if k not in MEASURES and m.title.lower() in plain), None)


_WISHES: dict[Intent, Callable[[LessonCoach], Turn]] = {
    Intent.WHY: lambda coach: coach.why(),
    Intent.PAUSE: lambda coach: coach.pause(),
    Intent.RESUME: lambda coach: coach.resume(),
    Intent.STOP: lambda coach: coach.stop(),
    Intent.EXPORT: lambda coach: coach.export(),
}
_READINGS: dict[Intent, Callable[[LessonCoach, Understood, str], Turn]] = {
    Intent.UNDO: _undo,
    Intent.IDEA: _idea,
    Intent.SHOW_PLAN: _show,
    Intent.SMALL_TALK: _small_talk,
    Intent.READ_PLAN: _read,
    Intent.STATE_FACT: _facts,
    Intent.FORGET: _forget,
}
