"""What the coach says besides praise and nudges: short, narrow, with the teacher's own words."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from chatbot.nudges import Nudge, shorten
from chatbot.state import CoachState
from mtl_core.rubric import MEASURES

if TYPE_CHECKING:
    from mtl_core.reading import Analysis, MeasureReading
    from retrieval.index import SearchHit
    from retrieval.templates import LessonTemplate

__all__ = ["HELP", "changes", "explain", "not_a_plan", "nothing_left", "pause", "searched", "verified"]

HELP = (
    "Type: use it, edit: your version, not now, not relevant, why, undo, idea, stop. "
    "Anything else is looked up in the templates."
)
_BANDS = ((0.15, "quite sure that it is missing"), (0.35, "fairly sure that it is missing"), (1.01, "not sure"))


def verified(measure: str, before: Analysis, after: Analysis, *, added: tuple[int, int]) -> str:
    """Say what the new reading finds for the measure that was to be repaired, and what dropped.

    Args:
        measure: The gap that the change was for.
        before: The reading before.
        after: The reading of the changed plan.
        added: Where the added text stands.

    Returns:
        A report that claims only what is quoted.
    """
    reading = after.measures[measure]
    title = MEASURES[measure].title.lower()
    inside = [e for e in reading.evidence if e.start < added[1] and added[0] < e.end]
    if reading.verdict == "present" and inside:
        said = f"I now find evidence for {title}: “{shorten(inside[0].quote)}”."
    elif reading.verdict == "present":
        said = (
            f"I find evidence for {title}, in another place than the new text: “{shorten(reading.evidence[0].quote)}”."
        )
    else:
        said = f"I still do not find clear evidence for {title} in the new text. You can edit it in the plan, or undo."
    return f"{said}{_dropped(before, after)}"


def changes(before: Analysis, after: Analysis) -> str:
    """Say which measures a new version of the plan gained or lost.

    Args:
        before: The reading before.
        after: The reading of the new version.

    Returns:
        One or two sentences.
    """
    gained = [
        key
        for key, reading in after.measures.items()
        if reading.verdict == "present" and before.measures[key].verdict != "present"
    ]
    if gained:
        quotes = "; ".join(
            f"{MEASURES[key].title.lower()}: “{shorten(after.measures[key].evidence[0].quote, words=12)}”"
            for key in gained[:3]
        )
        return f"I have read your version. I now find evidence for {quotes}.{_dropped(before, after)}"
    return f"I have read your version.{_dropped(before, after) or ' The profile is unchanged.'}"


def _dropped(before: Analysis, after: Analysis) -> str:
    lost = [
        MEASURES[key].title.lower()
        for key, reading in before.measures.items()
        if reading.verdict == "present" and after.measures[key].verdict != "present"
    ]
    return f" I no longer find clear evidence for {', '.join(lost)}." if lost else ""


def explain(nudge: Nudge, reading: MeasureReading) -> str:
    """Why a nudge is shown: definition, how sure, what was considered, template and licence.

    Args:
        nudge: The pending nudge.
        reading: The judgement behind it.

    Returns:
        A short paragraph.
    """
    measure = MEASURES[nudge.measure]
    band = next(words for limit, words in _BANDS if reading.probability < limit)
    considered = "; ".join(f"“{shorten(e.quote, words=15)}”" for e in reading.evidence) or "none found"
    return (
        f"{measure.title}: a plan shows it when it states {measure.definition}. I am {band}. "
        f"Sentences considered: {considered}. "
        f"The suggestion is the template “{nudge.template.title}” ({nudge.template.licence})."
    )


def not_a_plan(language: str) -> str:
    """Say that the text is not judged, and why."""
    if language != "en":
        return (
            f"This text does not read as English (it looks like “{language}”). I read lesson plans in English only, "
            "so I make no judgement."
        )
    return "This does not read as a lesson plan, so I make no judgement. Give me the plan of one lesson."


def pause(state: CoachState) -> str:
    """What is said where the coach does not offer another nudge by itself."""
    if state.pending is not None:
        return ""
    return "Type “idea” if you would like another suggestion, or stop here."


def nothing_left(state: CoachState) -> str:
    """What is said where no gap is left to raise."""
    if state.silent:
        return "I have no further suggestion for this version."
    return "I find evidence for every measure that I read. The plan is yours to teach."


def searched(hits: Sequence[SearchHit], filled: Callable[[LessonTemplate], str]) -> str:
    """List templates that a search found.

    Args:
        hits: The results.
        filled: Gives a template's text with its slots filled.

    Returns:
        A short list.
    """
    if not hits:
        return "I found no template for that. Try other words."
    lines = [f"• {hit.template.title}: {filled(hit.template)}" for hit in hits]
    return "From the templates:\n" + "\n".join(lines)
