"""Which template a nudge is made from."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from chatbot.measure_rules import RULES
from chatbot.nudges import fill
from chatbot.policy import ranked_gaps
from chatbot.readability import fits_grade, reading_grade
from retrieval.index import SearchFilter
from retrieval.ranking import PlanNeeds, focused, gap_weights, rank_for_gaps

if TYPE_CHECKING:
    from chatbot.plan_facts import PlanFacts
    from chatbot.state import CoachState
    from mtl_core.reading import Analysis
    from retrieval.index import SearchHit, TemplateIndex
    from retrieval.templates import LessonTemplate

__all__ = ["choose_template"]

_CONSIDERED = 12


def choose_template(
    gap: str,
    *,
    index: TemplateIndex,
    state: CoachState,
    analysis: Analysis,
    facts: PlanFacts,
    most: int | None = None,
) -> LessonTemplate | None:
    """The best template for a gap that was not offered yet.

    Subject and grade are given up in turn if none fits. Among the best, the first whose text reads easily
    enough for the grade is taken, else the easiest.

    Args:
        gap: Key of the measure.
        index: Finds templates.
        state: Says what was offered, and how many minutes there are.
        analysis: The reading of the plan.
        facts: Of the plan.
        most: Minutes that it may take, without exception; the minutes that the state knows are a wish.

    Returns:
        The template, or ``None`` where none repairs the gap.
    """
    if gap not in RULES:
        return None  # a measure of a school's own; templates know ours alone
    open_gaps = ranked_gaps(state.judgements, RULES, silent=state.silent)
    weights = gap_weights({key: state.judgements[key].probability for key in open_gaps})
    needs = PlanNeeds(gaps=focused(weights, gap), grade=facts.grade, subject=facts.subject)
    for where in (
        SearchFilter(measure=gap, grade=facts.grade, subject=facts.subject),
        SearchFilter(measure=gap, grade=facts.grade),
        SearchFilter(measure=gap),
    ):
        hits = index.search(analysis.vector, k=len(index), where=replace(where, minutes=most))
        fitting = _fitting(hits, state=state, facts=facts)
        if fitting:
            ranked = rank_for_gaps(fitting, needs, k=min(_CONSIDERED, len(fitting)))
            return _readable([row.template for row in ranked], facts)
    return None


def _fitting(hits: list[SearchHit], *, state: CoachState, facts: PlanFacts) -> list[SearchHit]:
    repairs = [hit for hit in hits if hit.template.kind == "repair"]
    fresh = [hit for hit in repairs if hit.template.id not in state.used_templates]
    general = [hit for hit in fresh if facts.subject or "any" in hit.template.subjects] or fresh
    most = state.minutes
    return general if most is None else [hit for hit in general if hit.template.minutes <= most] or general


def _readable(templates: list[LessonTemplate], facts: PlanFacts) -> LessonTemplate:
    def text(template: LessonTemplate) -> str:
        return fill(template.text, template=template, facts=facts)

    for template in templates:
        if fits_grade(text(template), facts.grade):
            return template
    return min(templates, key=lambda template: reading_grade(text(template)))
