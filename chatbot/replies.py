"""What the coach says besides praise and nudges: short, narrow, with the teacher's own words."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from chatbot.events import Decision
from chatbot.nudges import Nudge, closed, name_of
from chatbot.state import CoachState
from chatbot.wording import pick, quoted
from mtl_core.rubric import MEASURES, Measure

if TYPE_CHECKING:
    from mtl_core.reading import Analysis, MeasureReading
    from retrieval.index import SearchHit
    from retrieval.templates import LessonTemplate

__all__ = [
    "ASK_GO_ON",
    "ASK_GRADE",
    "HELP",
    "LEAVE_IT",
    "NOTHING_WAITS",
    "answered",
    "changes",
    "define",
    "explain",
    "farewell",
    "lost",
    "muted",
    "no_template",
    "not_a_plan",
    "nothing_left",
    "nothing_shorter",
    "remind",
    "searched",
    "thanks_for_facts",
    "verified",
]

HELP = (
    "Type: use it, edit: your version, not now, not relevant, already there: the sentence, why, undo, redo, idea, "
    "shorter, pause, export, stop. Anything else is looked up in the templates; a number takes up one of those found."
)
NOTHING_WAITS = "No suggestion waits at the moment. Type “idea” for the next one."
ASK_GRADE = "Which grade or year is this lesson for?"
ASK_GO_ON = "Would you like another idea, or shall we leave it here?"
LEAVE_IT = "I leave it there; ask for an idea whenever you like."
_BANDS = ((0.15, "quite sure that it is missing"), (0.35, "fairly sure that it is missing"), (1.01, "not sure"))
_ANSWERS: dict[Decision, tuple[str, ...]] = {
    Decision.NOT_NOW: ("Fine, I keep that one back.", "Fine, we leave that one.", "Fine, not this time."),
    Decision.NOT_RELEVANT: (
        "Fine, I will not raise {measure} again for this plan.",
        "Understood, I leave {measure} out for this plan.",
    ),
    Decision.ALREADY_THERE: (
        "Thank you, I take your word that the plan has {measure}.",
        "Thank you, I count {measure} as there.",
    ),
}


def answered(decision: Decision, measure: str, *, seed: str) -> str:
    """One sentence after a decision that leaves the text as it is.

    Args:
        decision: ``not_now``, ``not_relevant`` or ``already_there``.
        measure: That the nudge was for.
        seed: Chooses among the wordings.

    Returns:
        The sentence.
    """
    # a gap is named as what is missing, a subject to leave alone by its title
    name = MEASURES[measure].title.lower() if decision is Decision.NOT_RELEVANT else name_of(measure)
    return pick(_ANSWERS[decision], seed=f"{decision} {seed}").format(measure=name)


def verified(
    measure: str, before: Analysis, after: Analysis, *, added: tuple[int, int], adapted: bool = False, words: int = 14
) -> str:
    """Say what the new reading finds for the measure that was to be repaired, and what dropped.

    Args:
        measure: The gap that the change was for.
        before: The reading before.
        after: The reading of the changed plan.
        added: Where the added text stands.
        adapted: Whether the teacher made the text their own, or added the template as it was.
        words: The most words of a passage that is quoted.

    Returns:
        One sentence that claims only what is quoted.
    """
    reading = after.measures[measure]
    name = name_of(measure)
    start = "Your version is in the plan" if adapted else "The template is added"
    inside = [
        e.quote[max(0, added[0] - e.start) : max(0, added[1] - e.start)]
        for e in reading.evidence
        if e.start < added[1] and added[0] < e.end
    ]
    dropped = _dropped(before, after)
    if reading.verdict == "present" and inside:
        said = f"{start}, and I now find evidence for {name}: {quoted(_without_label(inside[0]), words=words)}"
    elif reading.verdict == "present":
        place = quoted(reading.evidence[0].quote, words=words)
        said = f"{start}; I find evidence for {name}, in another place than the new text: {place}"
    else:
        made_for = f"{start}: it is made for {name}, though my reading does not show that yet"
        said = f"{start}, yet I still do not find clear evidence for {name}" if adapted else made_for
        said += "" if dropped else "; undo takes it out again"
    return closed(f"{said}{dropped}{'; undo takes the change back' if dropped else ''}")


def _without_label(quote: str) -> str:
    """What follows the bold title of a suggestion; it says more than the title does."""
    _, mark, rest = quote.partition(":** ")
    return rest if mark and rest.strip() and quote.startswith("**") else quote


def changes(before: Analysis, after: Analysis, *, quotes: bool = True) -> str:
    """Say which measures a new version of the plan gained or lost.

    Args:
        before: The reading before.
        after: The reading of the new version.
        quotes: Whether the first gains are quoted.

    Returns:
        One sentence.
    """
    gained = [
        key
        for key, reading in after.measures.items()
        if reading.verdict == "present" and before.measures[key].verdict != "present"
    ]
    dropped = _dropped(before, after)
    if not gained:
        return f"I have read your version{dropped or ', and the profile is unchanged'}."
    shown = [
        f"{name_of(key)}: {quoted(after.measures[key].evidence[0].quote, words=8)}"
        if quotes and row < 2 and after.measures[key].evidence
        else name_of(key)
        for row, key in enumerate(gained)
    ]
    return closed(f"In your version I now find evidence for {'; '.join(shown)}{dropped}")


def lost(before: Analysis, after: Analysis) -> list[str]:
    """Measures that were present and no longer are.

    Args:
        before: The earlier reading.
        after: The later one.

    Returns:
        Their keys, in the order of the rubric.
    """
    return [
        key
        for key, reading in before.measures.items()
        if reading.verdict == "present" and after.measures[key].verdict != "present"
    ]


def _dropped(before: Analysis, after: Analysis) -> str:
    names = ", ".join(map(name_of, lost(before, after)))
    return f", but I no longer find clear evidence for {names}" if names else ""


def define(entry: Measure) -> str:
    """What a measure is, in the words of the rubric."""
    less = f" Not enough by itself: {entry.near_misses}." if entry.near_misses else ""
    return f"{entry.title}. What counts: {entry.definition}.{less}"


def explain(nudge: Nudge, reading: MeasureReading, *, place: str) -> str:
    """Why a nudge is shown: definition, how sure, what was considered, template and licence, time and place.

    Args:
        nudge: The pending nudge.
        reading: The judgement behind it.
        place: Where in the plan it would go.

    Returns:
        A short paragraph.
    """
    measure = MEASURES[nudge.measure]
    band = next(words for limit, words in _BANDS if reading.probability < limit)
    minutes = nudge.template.minutes
    time = f"takes {minutes} minute{'s' * (minutes > 1)} and " if minutes else ""
    considered = "; ".join(quoted(e.quote, words=15) for e in reading.evidence) or "none found"
    return (
        f"{measure.title}. What counts: {measure.definition}. I am {band}. "
        f"Sentences considered: {considered}. "
        f"The suggestion is the template “{nudge.template.title}” ({nudge.template.licence}); "
        f"it {time}would go in {place}."
    )


def not_a_plan(language: str) -> str:
    """Say that the text is not judged, and why."""
    if language != "en":
        return (
            f"This text does not read as English (it looks like “{language}”). I read lesson plans in English only, "
            "so I make no judgement."
        )
    return "This does not read as a lesson plan, so I make no judgement. Give me the plan of one lesson."


def remind(nudge: Nudge) -> str:
    """Offer the pending nudge once more, in one line."""
    title = nudge.suggestion.partition(":**")[0].removeprefix("**")
    return f"“{title}” still waits; would it help?"


def farewell(*, offer: bool) -> str:
    """The last line, with the offer to write the plan to a file where it was not made yet."""
    return f"The plan stays as it is now{'; would you like to export it?' if offer else '.'}"


def nothing_left(state: CoachState, *, without_template: Sequence[str] = ()) -> str:
    """What is said where no gap is left to raise: one line, with an offer to export the first time.

    Args:
        state: What is true now.
        without_template: Titles of measures that were not found and that no template is made for.

    Returns:
        The line.
    """
    if without_template:
        said = f"I do not find clear evidence for {_listed(without_template)}, and I have no template for that"
    elif state.silent:
        said = "I have no further suggestion for this version"
    else:
        said = "I find evidence for every measure that I read"
    return f"{said}{'.' if state.export_offered else '; would you like to export the plan?'}"


def no_template(measure: str) -> str:
    """One sentence where every template for a measure was offered already."""
    return f"I have offered all my templates for {name_of(measure)}."


def nothing_shorter(measure: str) -> str:
    """One sentence where no template is short enough to take the place of the pending one."""
    return f"I have nothing shorter for {name_of(measure)}."


def _listed(names: Sequence[str]) -> str:
    return " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))


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
    lines = [f"{row}. {hit.template.title}: {filled(hit.template)}" for row, hit in enumerate(hits, 1)]
    return "From the templates:\n" + "\n".join(lines)


def thanks_for_facts(*, phrase: str, minutes: int | None) -> str:
    """One sentence that says what was understood of a lesson.

    Args:
        phrase: The grade as it was typed; empty where none was given.
        minutes: The most minutes, if given.

    Returns:
        The sentence.
    """
    parts = [f"for {phrase}"] if phrase else []
    if minutes is not None:
        parts.append(f"of at most {minutes} minutes")
    return f"Thank you; I choose ideas {' and '.join(parts)} from now on."


def muted(title: str) -> str:
    """One sentence after a measure was muted."""
    return f"I will not raise {title.lower()} again for this plan."
