"""What a teacher may ask of the suggestions: another one, one for a measure, one of a list, and what has changed."""

from __future__ import annotations

import re
from difflib import unified_diff
from itertools import islice, takewhile
from typing import TYPE_CHECKING

from chatbot import replies
from chatbot.conversation import said
from chatbot.events import Decided, Decision, Event, IdeaAsked, NudgeReplaced, Said
from chatbot.insertion import place_for
from chatbot.measure_rules import RULES
from chatbot.nudges import name_of
from chatbot.policy import ranked_gaps
from chatbot.wording import quoted
from mtl_core.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chatbot.conversation import Conversation
    from chatbot.session import Turn
    from chatbot.state import CoachState
    from mtl_core.reading import Analysis

__all__ = [
    "choose",
    "differences",
    "idea",
    "listed_last",
    "names_row_alone",
    "open_gaps",
    "profile",
    "shorter",
    "wanted_row",
    "why",
]

_ROWS = {"first": 0, "1st": 0, "one": 0, "second": 1, "2nd": 1, "two": 1, "middle": 1, "third": 2, "3rd": 2, "three": 2}
_ORDINAL = "first|1st|second|2nd|middle|third|3rd|last"
_WANTED = re.compile(
    rf"\b(?P<one>{_ORDINAL})\s+(?:one|idea|suggestion|template|activity|option)\b"
    rf"|\b(?:use|add|take|choose|pick|like|want)\s+(?:the\s+)?(?P<verb>{_ORDINAL}|[1-3])\b(?!\s*(?:min|\d))"
    r"|(?:\b(?:number|option)|#)\s*(?P<number>[1-3]|one|two|three)\b"
    r"|^\W*(?:the\s+)?(?P<bare>[1-3])\W*$",
    re.IGNORECASE,
)
_ROW_ALONE = re.compile(
    rf"\W*(?:the\s+)?(?:(?:{_ORDINAL})(?:\s+(?:one|idea|suggestion|template|activity|option))?"
    r"|(?:(?:number|option)\s*|#)?(?:[1-3]|one|two|three))(?:\s+please)?\W*",
    re.IGNORECASE,
)
_LISTED = re.compile(r"^(?P<row>\d+)\. (?P<title>[^:\n]+):", re.MULTILINE)
_NOT = re.compile(r"\b(?:not|no|never|don'?t|without|skip)\b", re.IGNORECASE)
_MOST_LINES = 60
_PROFILE_WORDS = 8


def idea(talk: Conversation, *, measure: str | None = None, another: bool = False) -> Turn:
    """Offer a nudge on request.

    Args:
        talk: The conversation.
        measure: An open gap that the teacher names; a pending nudge makes room for it, unanswered.
        another: Whether the teacher wants another one than the pending, which is set aside for now.

    Returns:
        The turn; a pending nudge is shown again where neither was said.

    Raises:
        InputError: If the measure is no open gap.
    """
    if not talk.analysis.is_lesson_plan:
        return talk.turn(said(replies.not_a_plan(talk.analysis.language), "notice"))
    gaps = open_gaps(talk.state)
    if measure is not None and measure not in gaps:
        raise InputError(f"{measure!r} is no gap that is open; open ones are {', '.join(gaps) or 'none'}.")
    nudge = talk.session.nudge
    if measure is not None and talk.template_for(measure) is None:
        # nothing would take the place of a nudge that waits
        return talk.answer(said(replies.no_template(measure), "notice"), digression=True)
    talk.session.record(IdeaAsked())
    if measure is not None:
        _make_room(talk)
        return talk.offer(None, asked=True, measure=measure)
    if nudge is None:
        return talk.offer(None, asked=True)
    if not another:
        return talk.turn(said(replies.remind(nudge), "reminder"))
    talk.session.record(Decided(nudge.id, Decision.NOT_NOW))
    words = said(replies.answered(Decision.NOT_NOW, nudge.measure, seed=nudge.id), "message")
    return talk.offer(words, asked=True)


def shorter(talk: Conversation, *, minutes: int | None = None, before: Said | None = None) -> Turn:
    """Offer a shorter template for the measure of the pending nudge, in its place.

    Args:
        talk: The conversation.
        minutes: The most minutes; ``None`` for fewer than the pending nudge takes.
        before: What is said first.

    Returns:
        The turn; where no template is short enough, the pending nudge waits on.
    """
    nudge = talk.session.nudge
    if nudge is None:
        return talk.turn(said(replies.NOTHING_WAITS, "notice"))
    most = nudge.template.minutes - 1 if minutes is None else minutes
    if most < 0 or talk.template_for(nudge.measure, most=most) is None:
        words = said(replies.nothing_shorter(nudge.measure), "notice")
        return talk.answer(*filter(None, (before, words)), digression=True)
    talk.session.record(IdeaAsked())
    _make_room(talk)
    return talk.offer(before, asked=True, measure=nudge.measure, most=most)


def why(talk: Conversation) -> Turn:
    """Explain the pending nudge.

    Args:
        talk: The conversation.

    Returns:
        The turn, with definition, what was considered, template and licence, time and place.
    """
    nudge = talk.session.nudge
    if nudge is None:
        return talk.turn(said("No suggestion waits at the moment. Ask for an idea, and then why.", "notice"))
    text = talk.state.text
    at = place_for(nudge.template.placement, text, talk.analysis.segments)
    above = text[:at].split("\n")
    line = next((line for line in reversed(above) if line.strip()), "")
    place = "at the end of the plan" if not text[at:].strip() else f"after {quoted(line.strip(), words=_PROFILE_WORDS)}"
    words = replies.explain(
        nudge, talk.analysis.measures[nudge.measure], place=place if line else "at the top of the plan"
    )
    return talk.turn(said(words, "explanation"))


def choose(talk: Conversation, title: str) -> Turn:
    """Take up a template of the library: it becomes the pending nudge where it repairs an open gap.

    Args:
        talk: The conversation.
        title: Of the template.

    Returns:
        The turn; nothing is put into the plan before the teacher says so.

    Raises:
        InputError: If no template has this title.
    """
    template = next((one for one in talk.index.library.values() if one.title == title), None)
    if template is None:
        raise InputError(f"There is no template “{title}”; search for one.")
    gaps = open_gaps(talk.state)
    gap = next((key for key in template.measures if key in gaps), None)
    if gap is None or template.kind != "repair":
        words = f"“{template.title}” repairs no gap that is open here; copy it into the plan where you like it."
        return talk.answer(said(words, "notice"), digression=True)
    talk.session.record(IdeaAsked())
    _make_room(talk)
    return talk.offer_chosen(template, gap)


def wanted_row(message: str, *, rows: int) -> int | None:
    """Which row of a list a message means, such as "the second one" or "number 3".

    Args:
        message: As it was typed.
        rows: Rows of the list.

    Returns:
        The row from 0; ``None`` where none is meant, or the message says no.
    """
    found = _WANTED.search(message)
    if found is None or _NOT.search(message):
        return None
    word = next(part for part in found.groups() if part).lower()
    row = rows - 1 if word == "last" else int(word) - 1 if word.isdecimal() else _ROWS[word]
    return row if 0 <= row < rows else None


def names_row_alone(message: str) -> bool:
    """Whether a message is a row of a list and nothing else, such as "number 2" or "the second one please"."""
    return _ROW_ALONE.fullmatch(message) is not None


def listed_last(events: Sequence[Event]) -> list[str]:
    """Titles of the templates that the coach listed in its last turn.

    Args:
        events: The conversation up to a message of the teacher, which is the last word.

    Returns:
        Titles in their order; none where the last turn listed nothing.
    """
    before = islice((event for event in reversed(events) if isinstance(event, Said)), 1, None)
    turn = takewhile(lambda event: event.role == "coach", before)
    return next((_titles(event.text) for event in turn if event.kind == "search"), [])


def _titles(listed: str) -> list[str]:
    titles: list[str] = []
    for found in _LISTED.finditer(listed):
        # a template may hold a numbered line of its own
        if int(found["row"]) == len(titles) + 1:
            titles.append(found["title"])
    return titles


def differences(before: str, now: str) -> str:
    """What changed in a plan, as lines with + and -.

    Args:
        before: The plan as it was given.
        now: The plan now.

    Returns:
        A sentence, with the changed lines below.
    """
    # the first two lines name files; a line of the plan may look like them
    compared = islice(unified_diff(before.splitlines(), now.splitlines(), lineterm="", n=0), 2, None)
    lines = [line for line in compared if line[:1] in "+-" and line[1:].strip()]
    if not lines:
        return "Nothing has changed: the plan is as you gave it."
    more = [f"and {len(lines) - _MOST_LINES} more lines"] if len(lines) > _MOST_LINES else []
    shown = (f"{line[0]} {line[1:]}" for line in lines[:_MOST_LINES])
    return "\n".join(["This has changed since you gave me the plan:", *shown, *more])


def profile(analysis: Analysis, *, missing: bool = False) -> str:
    """What the plan shows, with its own words, what is unsure and what was not found.

    Args:
        analysis: The reading.
        missing: Leave out what the plan shows, where it does not show everything.

    Returns:
        A few sentences.
    """
    if not analysis.is_lesson_plan:
        return replies.not_a_plan(analysis.language)
    by_verdict: dict[str, list[str]] = {"present": [], "unsure": [], "absent": []}
    for key, reading in analysis.measures.items():
        name = name_of(key) if key in RULES else analysis.rubric[key].title.lower()
        if reading.verdict == "present" and reading.evidence:
            name += f" ({quoted(reading.evidence[0].quote, words=_PROFILE_WORDS)})"
        by_verdict[reading.verdict].append(name)
    if missing and (by_verdict["unsure"] or by_verdict["absent"]):
        by_verdict = {"absent": by_verdict["absent"], "unsure": by_verdict["unsure"]}
    starts = {"present": "I find", "unsure": "I am not sure about", "absent": "I do not find"}
    parts = [f"{starts[verdict]} {', '.join(names)}." for verdict, names in by_verdict.items() if names]
    return " ".join(parts)


def open_gaps(state: CoachState) -> list[str]:
    """Measures for which a nudge may come on request: gaps that were not answered, muted or stated, in their order."""
    return ranked_gaps(state.judgements, RULES, silent=state.silent)


def _make_room(talk: Conversation) -> None:
    if talk.session.nudge is not None:
        talk.session.record(NudgeReplaced(talk.session.nudge.id))
