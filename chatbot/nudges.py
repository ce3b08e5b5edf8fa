"""One nudge: a gap, the template that repairs it, and the words that offer it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from chatbot.plan_facts import PlanFacts
from mtl_core.rubric import MEASURES
from retrieval.templates import LessonTemplate

__all__ = ["Nudge", "compose_nudge", "compose_praise", "fill", "shorten"]

MAX_QUOTE_WORDS = 24
_MAX_TOPIC_WORDS = 12


@dataclass(frozen=True, slots=True)
class Nudge:
    """One suggestion that waits for an answer.

    Args:
        id: Identifier that a decision names.
        measure: Key of the gap.
        template: The template behind it.
        message: One or two sentences that offer it.
        suggestion: The block that would go into the plan, slots filled.
    """

    id: str
    measure: str
    template: LessonTemplate
    message: str
    suggestion: str


def fill(pattern: str, *, template: LessonTemplate, facts: PlanFacts) -> str:
    """Fill the slots of a template's text with the plan's topic, grade and word for learners.

    Args:
        pattern: Text with slots.
        template: Gives the minutes.
        facts: Of the plan; an unknown topic becomes "today's topic", an unknown grade nothing.

    Returns:
        The text without slots.
    """
    topic = facts.topic if 0 < len(facts.topic.split()) <= _MAX_TOPIC_WORDS else "today's topic"
    values = {"topic": topic, "grade": facts.grade_phrase, "minutes": str(template.minutes)}
    wording = _learner_wording(pattern, facts.learners)
    filled = re.sub(r"\{(topic|grade|minutes)\}", lambda slot: values[slot[1]], wording)
    return re.sub(r"[ \t]{2,}", " ", filled).strip()


def _learner_wording(text: str, learners: str) -> str:
    """Say students, children or learners where the plan does."""
    if learners == "pupils":
        return text
    singular = {"children": "child"}.get(learners, learners.removesuffix("s"))
    words = {"pupils": learners, "pupil": singular, "Pupils": learners.capitalize(), "Pupil": singular.capitalize()}
    return re.sub(r"\b[Pp]upils?\b", lambda match: words[match.group()], text)


def shorten(quote: str, *, words: int = MAX_QUOTE_WORDS) -> str:
    """The start of a quote, still a substring of it, for a message.

    Args:
        quote: A passage of the plan.
        words: The most words to keep.

    Returns:
        The passage, or its first words.
    """
    ends = [match.end() for match in re.finditer(r"\S+", quote)]
    return quote if len(ends) <= words else quote[: ends[words - 1]]


def compose_praise(measure: str, quote: str) -> str:
    """One sentence that names a present measure with the teacher's own words."""
    kept = shorten(quote)
    end = " …”." if kept != quote else "”" if kept.endswith((".", "!", "?", "…")) else "”."
    return f"Your plan shows {_name(measure)}: “{kept}{end}"


def compose_nudge(
    *, nudge_id: str, measure: str, template: LessonTemplate, facts: PlanFacts, unsure: bool = False
) -> Nudge:
    """Offer a template for a gap in at most two sentences.

    Args:
        nudge_id: Identifier for the decision.
        measure: Key of the gap.
        template: What repairs it.
        facts: Of the plan.
        unsure: Whether the reading is in the band of doubt, where the coach asks.

    Returns:
        The nudge.
    """
    unit = "minute" if template.minutes == 1 else "minutes"
    minutes = f" ({template.minutes} {unit})" if template.minutes else ""
    title = fill(template.title, template=template, facts=facts).rstrip(".?!")
    if unsure:
        found = f"I am not sure whether the plan already shows {_name(measure)}."
    else:
        found = f"I did not find {_name(measure)} in the plan."
    message = f"{found} You could add “{title}”{minutes}; would it help?"
    # a colon keeps the title in one segment with the first sentence: alone it would be no evidence
    suggestion = f"**{title}:** {fill(template.text, template=template, facts=facts)}"
    return Nudge(nudge_id, measure, template, message, suggestion)


def _name(measure: str) -> str:
    """Title of a measure inside a sentence."""
    title = MEASURES[measure].title.lower()
    countable = measure in ("measurable_objective", "check_for_understanding", "exit_assessment")
    article = "an " if title[0] in "aeiou" else "a "
    return (article if countable else "") + title
