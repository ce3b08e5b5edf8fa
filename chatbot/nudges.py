"""One nudge: a gap, the template that repairs it, and the words that offer it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from chatbot.plan_facts import PlanFacts
from chatbot.wording import pick, quoted
from retrieval.templates import LessonTemplate

__all__ = ["Nudge", "closed", "compose_choice", "compose_nudge", "compose_praise", "fill", "name_of", "shorten"]

MAX_QUOTE_WORDS = 24
_MAX_TOPIC_WORDS = 12
_PRAISE_WORDS = 22
_ASK_WORDS = 10

_NAMES = {
    "measurable_objective": "a measurable objective",
    "success_criteria": "success criteria",
    "prior_knowledge": "a task on prior knowledge",
    "modelling": "modelling before pupils try",
    "gradual_release": "a gradual release from a supported step to a less supported one",
    "check_for_understanding": "a check for understanding during the lesson",
    "exit_assessment": "an exit assessment",
    "responsive_feedback": "responsive feedback",
    "higher_order_thinking": "a task for higher-order thinking",
    "structured_participation": "a routine that makes every pupil respond",
    "differentiation": "a concrete adaptation for learners",
    "misconceptions": "a likely misconception and a response to it",
    "vocabulary": "a key term that is taught",
    "pacing_and_materials": "durations and materials",
}

_PRAISES = (
    "Your plan shows {measure}: {quote}",
    "Your plan already has {measure}: {quote}",
    "I found {measure} in your plan: {quote}",
    "Good to see {measure} in your plan: {quote}",
)
_FINDS = (
    "I did not find {measure} in the plan; would {title}{minutes} help?",
    "I could not find {measure}, so you could add {title}{minutes}; would it help?",
    "What I did not find yet is {measure}; would {title}{minutes} help?",
    "You could bring in {measure} with {title}{minutes}; would that help?",
    "Would {title}{minutes} help to add {measure}, which I did not find?",
)
_ASKS = (
    "Is there {measure} in the plan already, or would {title}{minutes} help?",
    "I am not sure whether the plan has {measure}; is it there, or would {title}{minutes} help?",
    "Does the plan already have {measure}, or would {title}{minutes} help?",
)
_POINTS = (
    "Is {quote} meant as {measure}, or would {title}{minutes} help?",
    "I am not sure about {measure}: is {quote} meant as that, or would {title}{minutes} help?",
    "Do you see {measure} in {quote}, or would {title}{minutes} help?",
)


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


def name_of(measure: str) -> str:
    """A measure as it stands inside a sentence, in words of the rubric."""
    return _NAMES.get(measure, measure.replace("_", " "))


def compose_praise(measure: str, quote: str, *, seed: str = "", words: int = _PRAISE_WORDS) -> str:
    """One sentence that names a present measure with the teacher's own words.

    Args:
        measure: Key of a measure that is present.
        quote: The passage that shows it.
        seed: Chooses among the wordings.
        words: The most words of the passage.

    Returns:
        The sentence.
    """
    frame = pick(_PRAISES, seed=f"praise {measure} {seed}")
    return closed(frame.format(measure=name_of(measure), quote=quoted(quote, words=words)))


def compose_nudge(
    *,
    nudge_id: str,
    measure: str,
    template: LessonTemplate,
    facts: PlanFacts,
    unsure: bool = False,
    quote: str = "",
    turn: int = 0,
) -> Nudge:
    """Offer a template for a gap in one sentence.

    Args:
        nudge_id: Identifier for the decision.
        measure: Key of the gap.
        template: What repairs it.
        facts: Of the plan.
        unsure: Whether the reading is in the band of doubt, where the coach asks instead of telling.
        quote: With ``unsure``, the passage that might show the measure.
        turn: Number of nudges before this one; with the topic it chooses among the wordings.

    Returns:
        The nudge.
    """
    title, minutes = _title_and_minutes(template, facts)
    frames = _FINDS if not unsure else _POINTS if quote else _ASKS
    frame = pick(frames, seed=facts.topic, turn=turn)
    message = frame.format(
        measure=name_of(measure),
        title=f"“{title}”",
        minutes=minutes,
        quote=quoted(quote, words=_ASK_WORDS),
    )
    return Nudge(nudge_id, measure, template, message[:1].upper() + message[1:], _suggestion(title, template, facts))


def compose_choice(*, nudge_id: str, measure: str, template: LessonTemplate, facts: PlanFacts) -> Nudge:
    """Offer the template that a teacher chose from a list.

    Args:
        nudge_id: Identifier for the decision.
        measure: Key of the gap that it repairs.
        template: The template.
        facts: Of the plan.

    Returns:
        The nudge.
    """
    title, minutes = _title_and_minutes(template, facts)
    message = f"“{title}”{minutes} is for {name_of(measure)}; would it help?"
    return Nudge(nudge_id, measure, template, message, _suggestion(title, template, facts))


def _title_and_minutes(template: LessonTemplate, facts: PlanFacts) -> tuple[str, str]:
    unit = "minute" if template.minutes == 1 else "minutes"
    title = fill(template.title, template=template, facts=facts).rstrip(".?!")
    return title, f" ({template.minutes} {unit})" if template.minutes else ""


def _suggestion(title: str, template: LessonTemplate, facts: PlanFacts) -> str:
    # a colon keeps the title in one segment with the first sentence: alone it would be no evidence
    return f"**{title}:** {fill(template.text, template=template, facts=facts)}"


def closed(sentence: str) -> str:
    """A sentence with its full stop, where no quotation at its end brings one."""
    return sentence if sentence.endswith((".", "!", "?", ".”", "!”", "?”")) else f"{sentence}."
