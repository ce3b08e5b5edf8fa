"""A plan as what a teacher takes away needs it: its own words, sorted by what they are for."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from chatbot.artefacts.blocks import Block, plan_blocks
from chatbot.artefacts.finding import Activity, KeyWord, find_activities, find_exit, find_key_words, find_under
from chatbot.artefacts.inline import plain, shortened
from chatbot.artefacts.parts import Part, Passage, Section, plan_parts, plan_sections
from chatbot.artefacts.timings import Timing, plan_timings
from chatbot.plan_facts import PlanFacts, read_facts
from mtl_core.errors import InputError

if TYPE_CHECKING:
    from mtl_core.reading import Analysis

__all__ = ["Activity", "KeyWord", "Passage", "PlanDocument", "Section", "Timing", "plan_document"]

UNTITLED = "Lesson plan"
_MOST_TITLE = 120
_GENERIC = re.compile(
    r"(?:the )?(?:lesson(?: plan)?s?|plan|overview|introduction|lesson overview|objectives?|materials?|untitled)?\W*[\d.]*$",
    re.IGNORECASE,
)
_LABEL = re.compile(r"lesson plan\s*[:–—-]\s*(?=\S)", re.IGNORECASE)
_TITLE_FIELD = re.compile(
    r"^[\s>*_#|-]*(?:lesson )?title[\s*_]*[:|][\s*_]*(?P<value>[^|\n]{2,200})", re.IGNORECASE | re.MULTILINE
)
_OBJECTIVES = re.compile(
    r"\b(?:objectives?|(?:learning|student|pupil|lesson|intended)\s+(?:goals?|outcomes?|intentions?|targets?|aims?)|outcomes?|swbat"
    r"|will be able to|i can|we are learning(?: to)?|aims?|goals?)\b",
    re.IGNORECASE,
)
_MATERIALS = re.compile(
    r"\b(?:materials?|resources?|equipment|supplies|(?:you|we)(?:['’]ll| will)? need)\b", re.IGNORECASE
)
_NO_OBJECTIVES = re.compile(r"\b(?:standards?|unit|course|overview)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class PlanDocument:
    """A plan with its parts. What the plan does not say is empty here; nothing is made up.

    Args:
        text: The plan, byte for byte.
        title: Its title, or the one that was given.
        facts: Topic, grade, subject and the word for learners.
        blocks: Headings, paragraphs, items and tables in order.
        sections: The blocks under their headings.
        objectives: What pupils are to be able to do.
        materials: What the lesson needs.
        timings: Its phases with their lengths.
        key_words: Terms with what the plan says of their meaning.
        activities: The phases with their steps.
        exit_question: What every pupil answers at the end.
    """

    text: str
    title: str
    facts: PlanFacts
    blocks: tuple[Block, ...]
    sections: tuple[Section, ...]
    objectives: tuple[Passage, ...]
    materials: tuple[Passage, ...]
    timings: tuple[Timing, ...]
    key_words: tuple[KeyWord, ...]
    activities: tuple[Activity, ...]
    exit_question: Passage | None


def plan_document(text: str, analysis: Analysis, *, title: str | None = None) -> PlanDocument:
    """Sort the words of a plan by what they are for.

    Headings, labels and rows of forms say what a part is; the evidence of the reading stands in
    for an objective or an exit question that no label names.

    Args:
        text: The plan.
        analysis: The reading of this text.
        title: A title instead of the plan's own.

    Returns:
        The document.

    Raises:
        InputError: If the reading is of another text, or the text cannot be written as UTF-8.
    """
    if any(text[segment.start : segment.end] != segment.text for segment in analysis.segments):
        raise InputError("The reading belongs to another version of the plan; read the plan again.")
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise InputError("The plan holds half of a character; save it as UTF-8 text and read it again.") from error
    blocks = plan_blocks(text, analysis.segments)
    sections = plan_sections(blocks)
    parts = plan_parts(sections)
    facts = read_facts(text, analysis.segments)
    return PlanDocument(
        text=text,
        title=plain(title or "")[:_MOST_TITLE] or _title(text, blocks, facts),
        facts=facts,
        blocks=blocks,
        sections=sections,
        objectives=_objectives(parts, analysis),
        materials=find_under(parts, _MATERIALS, most_words=6),
        timings=plan_timings(sections),
        key_words=find_key_words(parts, blocks, sections),
        activities=find_activities(sections),
        exit_question=find_exit(parts, blocks) or _evidence(analysis, "exit_assessment"),
    )


def _title(text: str, blocks: Sequence[Block], facts: PlanFacts) -> str:
    heads = [plain(block.text) for block in blocks[:12] if block.level in (1, 2) and not block.mark and not block.rows]
    field = _TITLE_FIELD.search(text[:4000])
    named = [plain(field["value"]).strip("\"' ")] if field else []
    heads = [_LABEL.sub("", head) for head in heads]
    for candidate in (*heads[:1], *named, facts.topic, *heads[1:2]):
        if candidate and not _GENERIC.fullmatch(candidate):
            return shortened(candidate[:1].upper() + candidate[1:], characters=_MOST_TITLE)
    return UNTITLED


def _objectives(parts: Sequence[Part], analysis: Analysis) -> tuple[Passage, ...]:
    wanted = [part for part in parts if not _NO_OBJECTIVES.search(part.label)]
    found = find_under(wanted, _OBJECTIVES, most_words=8)
    if found:
        return found
    quote = _evidence(analysis, "measurable_objective")
    return (quote,) if quote else ()


def _evidence(analysis: Analysis, measure: str) -> Passage | None:
    reading = analysis.measures.get(measure)
    if reading is None or reading.verdict != "present" or not reading.evidence:
        return None
    best = reading.evidence[0]
    return Passage(plain(best.quote), best.start, best.end)
