"""Why a template is recommended, in one plain sentence that claims nothing that is not so."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from mtl_core.rubric import MEASURES
from retrieval.grades import ADULT, YOUNGEST

if TYPE_CHECKING:
    from retrieval.feedback import TeacherDecision
    from retrieval.ranking import PlanNeeds, RankedTemplate
    from retrieval.templates import LessonTemplate

__all__ = ["measure_in_words", "reason_for_history", "reason_for_template", "reasons_for_plan", "title_in_words"]

_COUNTABLE = frozenset({"measurable_objective", "check_for_understanding", "exit_assessment"})
_MOST_NAMED = 3


def measure_in_words(measure: str) -> str:
    """Name of a measure inside a sentence, such as "an exit assessment"."""
    title = MEASURES[measure].title.lower()
    if measure not in _COUNTABLE:
        return title
    return f"an {title}" if title[0] in "aeiou" else f"a {title}"


def title_in_words(template: LessonTemplate) -> str:
    """Title of a template in quotes, its slots filled with general words."""
    words = {"topic": "the topic", "grade": "", "minutes": str(template.minutes)}
    title = re.sub(r"\{(topic|grade|minutes)\}", lambda slot: words[slot[1]], template.title)
    return f"“{' '.join(title.split())}”"


def reasons_for_plan(
    ranked: Sequence[RankedTemplate], needs: PlanNeeds, liked: Sequence[LessonTemplate | None]
) -> list[str]:
    """Reasons for templates in the order in which they are shown.

    Args:
        ranked: The templates.
        needs: Gaps, grade and subject of the plan.
        liked: For each, the accepted template that it resembles, if any.

    Returns:
        A sentence for each.
    """
    shown: set[str] = set()
    reasons = []
    for item, like in zip(ranked, liked, strict=True):
        new = [measure for measure in item.gaps if measure not in shown][:_MOST_NAMED]
        if new:
            first = f"{_opening(item.template)} {_listed(new)}, which the plan does not clearly show yet"
        elif item.gaps:
            first = f"Another way to bring in {_listed(list(item.gaps)[:1])}"
        else:
            first = "Repairs no open gap, but is near to the plan"
        shown |= set(item.gaps)
        reasons.append(_sentence(first, _fit(item, needs), _resembles(like)))
    return reasons


def reason_for_template(seed: LessonTemplate, template: LessonTemplate) -> str:
    """Reason for a template that is like another one.

    Args:
        seed: The template that more like it are sought for.
        template: The one that is recommended.

    Returns:
        A sentence.
    """
    same = [measure for measure in template.measures if measure in seed.measures]
    besides = [measure for measure in template.measures if measure not in seed.measures]
    if same:
        first = f"Also for {_listed(same[:_MOST_NAMED])}"
        second = f"brings in {_listed(besides[:_MOST_NAMED])} besides" if besides else ""
    else:
        first = f"Near in content, for {_listed(besides[:_MOST_NAMED])}"
        second = ""
    covers = template.grades.lowest <= seed.grades.lowest and seed.grades.highest <= template.grades.highest
    return _sentence(first, second, "suits the same grades" if covers else "")


def reason_for_history(
    template: LessonTemplate, liked: LessonTemplate | None, answers: Sequence[TeacherDecision]
) -> str:
    """Reason for a template that suits earlier answers.

    Args:
        template: The one that is recommended.
        liked: The accepted template that it resembles, if any.
        answers: The earlier answers.

    Returns:
        A sentence.
    """
    used = {answer.measure for answer in answers if answer.accepted}
    set_aside = {answer.measure for answer in answers if not answer.accepted}
    same = [measure for measure in template.measures if measure in used][:_MOST_NAMED]
    if same:
        return _sentence(f"Brings in {_listed(same)}, as suggestions did that you used", _resembles(liked))
    if liked is not None:
        return _sentence(f"Like {title_in_words(liked)}, which you used")
    if not set(template.measures) & set_aside:
        return _sentence(f"Brings in {_listed(template.measures[:1])}, which you have not set aside")
    return _sentence("Among what is least like the suggestions that you set aside")


def _listed(measures: Sequence[str]) -> str:
    words = [measure_in_words(measure) for measure in measures]
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def _opening(template: LessonTemplate) -> str:
    return "A whole lesson that brings in" if template.kind == "lesson" else "Brings in"


def _fit(item: RankedTemplate, needs: PlanNeeds) -> str:
    fits = []
    if needs.subject is not None and needs.subject in item.template.subjects:
        fits.append(f"made for {needs.subject.replace('_', ' ')}")
    if needs.grade is not None and needs.grade in item.template.grades:
        fits.append(f"suits {_grade_in_words(needs.grade)}")
    return " and ".join(fits)


def _grade_in_words(grade: int) -> str:
    return {YOUNGEST: "kindergarten", ADULT: "adults"}.get(grade, f"grade {grade}")


def _resembles(liked: LessonTemplate | None) -> str:
    return f"like {title_in_words(liked)}, which you used" if liked is not None else ""


def _sentence(*parts: str) -> str:
    return "; ".join(part for part in parts if part) + "."
