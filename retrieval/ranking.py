"""Gap-aware ranking: templates that together repair a plan's gaps and fit its topic, grade and subject.

The gaps are weighted aspects, a template covers them by its measures, and templates are chosen by greedy coverage
(:mod:`retrieval.coverage`) joined with relevance. Pure functions; nothing is encoded here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from mtl_core.errors import InputError
from mtl_core.rubric import MEASURES, RUBRIC
from retrieval.coverage import cover_greedily
from retrieval.diversity import pairwise_similarity

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from retrieval.coverage import Pick
    from retrieval.index import SearchHit
    from retrieval.templates import LessonTemplate

__all__ = [
    "PlanNeeds",
    "RankedTemplate",
    "RankingConfig",
    "Relevance",
    "coverage_of",
    "focused",
    "gap_weights",
    "rank_for_gaps",
    "suitable",
]

_HIGHEST_VALUE = max(measure.value for measure in RUBRIC)
_GRADES_TO_NOTHING = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class RankingConfig:
    """Weights of the ranking; the defaults are tuned on half of a judged set (``docs/ranking.md``).

    Args:
        similarity: Of the cosine of plan and template, 0 to 1.
        grade: Of the fit to the grade, 0 to 1.
        subject: Of the fit to the subject, 0 to 1.
        coverage: Of the gaps that a template newly covers.
        primary: Share of a gap that a template written for it covers, 0 to 1.
        secondary: Share that a template covers of a gap that it repairs besides, 0 to 1.
        redundancy: Of the largest similarity to a template chosen before; used where vectors are given.
        preference: Of what a teacher's earlier answers say, -1 to 1.

    Raises:
        InputError: If a weight is below 0, or a share outside 0 to 1.
    """

    similarity: float = 1.0
    grade: float = 0.2
    subject: float = 0.3
    coverage: float = 1.5
    primary: float = 0.7
    secondary: float = 0.2
    redundancy: float = 0.0
    preference: float = 0.3

    def __post_init__(self) -> None:
        for name in ("similarity", "grade", "subject", "coverage", "redundancy", "preference"):
            if not 0 <= getattr(self, name) < float("inf"):
                raise InputError(f"The weight {name} is {getattr(self, name)}; give a number of 0 or more.")
        for name in ("primary", "secondary"):
            if not 0 <= getattr(self, name) <= 1:
                raise InputError(f"The share {name} is {getattr(self, name)}; give 0 to 1.")


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanNeeds:
    """What a plan asks of templates.

    Args:
        gaps: Weight (0 to 1) by measure that the plan lacks.
        grade: US grade, or ``None`` where the plan does not say.
        subject: One of ``retrieval.SUBJECTS``, or ``None``.

    Raises:
        InputError: If a measure is unknown or a weight is outside 0 to 1.
    """

    gaps: Mapping[str, float] = field(default_factory=dict)
    grade: int | None = None
    subject: str | None = None

    def __post_init__(self) -> None:
        for measure, weight in self.gaps.items():
            if measure not in MEASURES:
                raise InputError(f"There is no measure {measure!r}; use one of {', '.join(MEASURES)}.")
            if not 0 <= weight <= 1:
                raise InputError(f"The weight of {measure} is {weight}; give 0 to 1.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Relevance:
    """Why a template suits a plan, whatever it repairs.

    Args:
        similarity: Cosine of plan and template, 0 where negative.
        grade: Fit to the grade, 0 to 1; 1 where the plan names none.
        subject: Fit to the subject, 0 to 1.
        preference: What earlier answers say, -1 to 1; 0 without any.
        total: The weighted sum.
    """

    similarity: float
    grade: float
    subject: float
    preference: float
    total: float


@dataclass(frozen=True, slots=True, kw_only=True)
class RankedTemplate:
    """One template in its place, with the reasons for it.

    Args:
        template: The template.
        score: What it added when it was chosen: relevance and gaps, less redundancy.
        relevance: The relevance part.
        gaps: What it newly covers of each gap, by measure, the most first.
        redundancy: What was taken off because it resembles a template before it.
    """

    template: LessonTemplate
    score: float
    relevance: Relevance
    gaps: Mapping[str, float]
    redundancy: float


def gap_weights(probabilities: Mapping[str, float]) -> dict[str, float]:
    """Weight of each gap: how surely it is one, times how much its repair usually helps.

    Args:
        probabilities: Probability that the measure is present, by the key of each gap.

    Returns:
        Weight by measure, 0 to 1.
    """
    return {
        measure: (1 - probability) * MEASURES[measure].value / _HIGHEST_VALUE
        for measure, probability in probabilities.items()
    }


def focused(gaps: Mapping[str, float], measure: str, *, others: float = 0.4) -> dict[str, float]:
    """Gaps for one nudge: the gap that it is for counts fully, the others a share of their weight.

    Args:
        gaps: Weight by measure.
        measure: The gap that the nudge is for.
        others: What is left of the other weights, 0 to 1.

    Returns:
        Weight by measure.
    """
    return {key: others * weight for key, weight in gaps.items()} | {measure: 1.0}


def suitable(template: LessonTemplate, needs: PlanNeeds) -> bool:
    """Whether a template fits a class at all: the grade in its band, and the subject or any subject."""
    grade = needs.grade is None or needs.grade in template.grades
    return grade and _subject_fit(template, needs.subject) > 0


def coverage_of(
    templates: Sequence[LessonTemplate], measures: Sequence[str], *, config: RankingConfig
) -> NDArray[np.float64]:
    """Share of each measure that each template covers, by the measures that it repairs.

    Args:
        templates: The templates.
        measures: Keys of measures.
        config: Gives the shares.

    Returns:
        ``[templates, measures]``, 0 to 1.
    """
    table = np.zeros((len(templates), len(measures)))
    for row, template in enumerate(templates):
        shares = dict.fromkeys(template.measures, config.secondary) | {template.measures[0]: config.primary}
        table[row] = [shares.get(measure, 0.0) for measure in measures]
    return table


def rank_for_gaps(
    hits: Sequence[SearchHit],
    needs: PlanNeeds,
    *,
    k: int = 5,
    config: RankingConfig | None = None,
    vectors: NDArray[np.float32] | None = None,
    preferences: Sequence[float] | None = None,
) -> list[RankedTemplate]:
    """Choose templates one by one, each time the one that adds the most to those before it.

    Args:
        hits: The candidates with the cosine of plan and template as score.
        needs: Gaps, grade and subject of the plan.
        k: The most templates.
        config: Weights; ``None`` takes the defaults.
        vectors: ``[len(hits), dimension]`` unit vectors of the candidates, for the redundancy.
        preferences: What earlier answers say of each candidate, -1 to 1.

    Returns:
        Templates, best first; ties keep the order of ``hits``.

    Raises:
        InputError: If ``k`` is below 1, or a sequence does not fit the candidates.
    """
    config = config or RankingConfig()
    if preferences is not None and len(preferences) != len(hits):
        raise InputError(f"{len(hits)} candidates need as many preferences, not {len(preferences)}.")
    measures = tuple(needs.gaps)
    liked = preferences if preferences is not None else [0.0] * len(hits)
    relevances = [_relevance(hit, needs, liking, config) for hit, liking in zip(hits, liked, strict=True)]
    templates = [hit.template for hit in hits]
    # what does not fit the class repairs nothing for it
    usable = [_grade_fit(t, needs.grade) if _subject_fit(t, needs.subject) else 0.0 for t in templates]
    picks = cover_greedily(
        np.array([relevance.total for relevance in relevances], np.float64),
        np.array(usable, np.float64)[:, None] * coverage_of(templates, measures, config=config),
        config.coverage * np.array([needs.gaps[measure] for measure in measures], np.float64),
        k=k,
        similarity=None if vectors is None else pairwise_similarity(vectors),
        redundancy=0.0 if vectors is None else config.redundancy,
    )
    return [_ranked(hits[pick.row].template, relevances[pick.row], pick, measures) for pick in picks]


def _relevance(hit: SearchHit, needs: PlanNeeds, liking: float, config: RankingConfig) -> Relevance:
    similarity = min(max(hit.score, 0.0), 1.0)
    grade = _grade_fit(hit.template, needs.grade)
    subject = _subject_fit(hit.template, needs.subject)
    total = (
        config.similarity * similarity + config.grade * grade + config.subject * subject + config.preference * liking
    )
    return Relevance(similarity=similarity, grade=grade, subject=subject, preference=liking, total=total)


def _grade_fit(template: LessonTemplate, grade: int | None) -> float:
    """1 inside the band of the template, falling to 0 four grades outside."""
    if grade is None:
        return 1.0
    outside = max(template.grades.lowest - grade, grade - template.grades.highest, 0)
    return max(0.0, 1 - outside / _GRADES_TO_NOTHING)


def _subject_fit(template: LessonTemplate, subject: str | None) -> float:
    """1 for the plan's own subject, a half for any subject, 0 for another one.

    A template of one subject is a risk for a plan whose subject is not known, so it counts as another one.
    """
    if subject is not None and subject in template.subjects:
        return 1.0
    return 0.5 if "any" in template.subjects else 0.0


def _ranked(template: LessonTemplate, relevance: Relevance, pick: Pick, measures: Sequence[str]) -> RankedTemplate:
    covered = sorted(zip(measures, pick.aspects, strict=True), key=lambda gap: -gap[1])
    return RankedTemplate(
        template=template,
        score=pick.gain,
        relevance=relevance,
        gaps={measure: gain for measure, gain in covered if gain > 0},
        redundancy=pick.redundancy,
    )
