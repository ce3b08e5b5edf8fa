"""The recommender: templates for a plan, more like a template, and what suits a teacher's earlier answers.

Content alone decides: the plan, the templates, and this one teacher's answers. No data of other people is used.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from mtl_core.errors import InputError
from retrieval.coverage import cover_greedily
from retrieval.diversity import pairwise_similarity
from retrieval.feedback import FeedbackConfig, TeacherDecision
from retrieval.index import SearchFilter
from retrieval.likeness import shared_grades, shared_measures, shared_subjects
from retrieval.ranking import PlanNeeds, RankedTemplate, RankingConfig, coverage_of, rank_for_gaps, suitable
from retrieval.reasons import reason_for_history, reason_for_template, reasons_for_plan
from retrieval.teacher_profile import TeacherProfile

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from retrieval.coverage import Pick
    from retrieval.index import SearchHit, TemplateIndex
    from retrieval.templates import LessonTemplate

__all__ = ["Recommendation", "Recommender", "RecommenderConfig"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RecommenderConfig:
    """Weights of the recommender.

    Args:
        ranking: Weights of relevance, gaps, redundancy and preference.
        feedback: Weights of the teacher's profile.
        same_measures: Of the measures shared with the template that more like it are sought for.
        same_grades: Of the grades shared with it, or with what was accepted.
        same_subjects: Of the subjects shared in the same way.
        redundancy: Of the largest similarity to an item chosen before, without a plan; beside a plan the gaps
            that are covered already keep items apart, and ``ranking`` says what is taken off besides.
        pool: How many of the nearest templates are looked at.

    Raises:
        InputError: If ``pool`` is below 1 or a weight below 0.
    """

    ranking: RankingConfig = field(default_factory=RankingConfig)
    feedback: FeedbackConfig = field(default_factory=FeedbackConfig)
    same_measures: float = 0.3
    same_grades: float = 0.2
    same_subjects: float = 0.1
    redundancy: float = 0.2
    pool: int = 500

    def __post_init__(self) -> None:
        if self.pool < 1:
            raise InputError(f"The pool is {self.pool}; look at 1 template or more.")
        for name in ("same_measures", "same_grades", "same_subjects", "redundancy"):
            if not 0 <= getattr(self, name) < float("inf"):
                raise InputError(f"The weight {name} is {getattr(self, name)}; give a number of 0 or more.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Recommendation:
    """One template to look at.

    Args:
        template: The template.
        score: What it added when it was chosen; comparable within one list only.
        reason: Why, in one plain sentence.
        gaps: What it newly covers of each gap of the plan, the most first; empty without a plan.
        parts: What the score is made of, by name.
    """

    template: LessonTemplate
    score: float
    reason: str
    gaps: Mapping[str, float]
    parts: Mapping[str, float]


class Recommender:
    """Recommends templates of an index.

    Accepted templates, and those called not relevant, are not offered again; what was answered with "not now" is
    lowered with everything that resembles it.

    Args:
        index: The templates.
        config: Weights; ``None`` takes the defaults.
    """

    def __init__(self, index: TemplateIndex, *, config: RecommenderConfig | None = None) -> None:
        self._index = index
        self._config = config or RecommenderConfig()

    def for_plan(
        self,
        vector: NDArray[np.float32],
        needs: PlanNeeds,
        *,
        history: Iterable[TeacherDecision] = (),
        k: int = 5,
    ) -> list[Recommendation]:
        """Templates that together repair a plan's gaps and fit it.

        Args:
            vector: ``[dimension]`` unit vector of the plan.
            needs: Its gaps, grade and subject.
            history: The teacher's earlier answers; none is a cold start from the plan alone.
            k: The most templates.

        Returns:
            Recommendations, best first.

        Raises:
            InputError: If ``k`` is below 1 or the vector does not fit the index.
        """
        profile = self._profile(history)
        hits = self._pool(vector, needs, profile, least=k)
        fitting = [hit for hit in hits if suitable(hit.template, needs)]
        # what does not fit the class is offered only where too little does
        hits = fitting if len(fitting) >= k else hits
        templates = [hit.template for hit in hits]
        ranked = rank_for_gaps(
            hits,
            needs,
            k=k,
            config=self._config.ranking,
            vectors=self._vectors(templates),
            preferences=profile.likings(templates),
        )
        reasons = reasons_for_plan(ranked, needs, [profile.resembled(item.template) for item in ranked])
        return [_from_ranked(item, reason) for item, reason in zip(ranked, reasons, strict=True)]

    def like_template(
        self, template_id: str, *, history: Iterable[TeacherDecision] = (), k: int = 5
    ) -> list[Recommendation]:
        """More like a template: near in meaning, for the same measures and grades; never the template itself.

        Args:
            template_id: Its id in the library.
            history: The teacher's earlier answers.
            k: The most templates.

        Returns:
            Recommendations, best first.

        Raises:
            InputError: If the library holds no such template, or ``k`` is below 1.
        """
        seed = self._index.library.get(template_id)
        if seed is None:
            raise InputError(f"There is no template {template_id!r}; search for one and take its id.")
        profile = self._profile(history)
        hits = [
            hit
            for hit in self._pool(self._index.vectors_of([template_id])[0], PlanNeeds(), profile)
            if hit.template.id != template_id
        ]
        templates = [hit.template for hit in hits]
        parts = [
            {
                "similarity": self._config.ranking.similarity * min(max(hit.score, 0.0), 1.0),
                "measures": self._config.same_measures * shared_measures(seed, hit.template),
                **self._suits([seed], hit.template),
                "preference": self._config.ranking.preference * liking,
            }
            for hit, liking in zip(hits, profile.likings(templates), strict=True)
        ]
        picks = self._diverse(templates, parts, k=k)
        return [
            _from_pick(templates[pick.row], pick, parts[pick.row], reason_for_template(seed, templates[pick.row]))
            for pick in picks
        ]

    def for_history(self, history: Iterable[TeacherDecision], *, k: int = 5) -> list[Recommendation]:
        """Templates that suit a teacher's earlier answers, without a plan.

        Args:
            history: The answers, at least one.
            k: The most templates.

        Returns:
            Recommendations, best first.

        Raises:
            InputError: If the history is empty, or ``k`` is below 1.
        """
        profile = self._profile(history)
        if not profile.answers:
            raise InputError("The history holds no decision yet; give a plan or a template instead.")
        templates = self._suited(profile)
        parts = [
            {"preference": self._config.ranking.preference * liking, **self._suits(profile.accepted, template)}
            for template, liking in zip(templates, profile.likings(templates), strict=True)
        ]
        picks = self._diverse(templates, parts, k=k, wanted=profile.wanted)
        chosen = [templates[pick.row] for pick in picks]
        reasons = [reason_for_history(t, profile.resembled(t), profile.answers) for t in chosen]
        return [
            _from_pick(template, pick, parts[pick.row], reason)
            for template, pick, reason in zip(chosen, picks, reasons, strict=True)
        ]

    def _suited(self, profile: TeacherProfile) -> list[LessonTemplate]:
        """Open templates near to what was accepted; without any, the first of the library."""
        if profile.accepted:
            centre = self._vectors(profile.accepted).sum(axis=0)
            length = float(np.linalg.norm(centre))
            if length > 0:
                return [hit.template for hit in self._pool(centre / length, PlanNeeds(), profile)]
        library = list(self._index.library.values())[: self._config.pool]
        return [template for template in library if template.id not in profile.closed]

    def _pool(
        self, vector: NDArray[np.float32], needs: PlanNeeds, profile: TeacherProfile, *, least: int = 1
    ) -> list[SearchHit]:
        """The nearest open templates; in a library larger than the pool those that fit the class, if not too few."""
        size = self._config.pool

        def nearest(where: SearchFilter | None) -> list[SearchHit]:
            hits = self._index.search(vector, k=size, where=where)
            return [hit for hit in hits if hit.template.id not in profile.closed]

        if len(self._index) > size:
            hits = nearest(SearchFilter(grade=needs.grade, subject=needs.subject))
            if len(hits) >= least:
                return hits
        return nearest(None)

    def _profile(self, history: Iterable[TeacherDecision]) -> TeacherProfile:
        return TeacherProfile(history, index=self._index, config=self._config.feedback)

    def _vectors(self, templates: Sequence[LessonTemplate]) -> NDArray[np.float32]:
        return self._index.vectors_of([template.id for template in templates])

    def _suits(self, seeds: Sequence[LessonTemplate], template: LessonTemplate) -> dict[str, float]:
        """Weighted parts for grades and subjects shared with other templates, on average."""
        if not seeds:
            return {}
        grades = [shared_grades(seed, template) for seed in seeds]
        subjects = [shared_subjects(seed, template) for seed in seeds]
        return {
            "grades": self._config.same_grades * sum(grades) / len(seeds),
            "subjects": self._config.same_subjects * sum(subjects) / len(seeds),
        }

    def _diverse(
        self,
        templates: Sequence[LessonTemplate],
        parts: Sequence[Mapping[str, float]],
        *,
        k: int,
        wanted: Mapping[str, float] | None = None,
    ) -> list[Pick]:
        """Choose by the sum of the parts, by the measures wanted and not covered yet, and away from what is chosen."""
        weights = wanted or {}
        return cover_greedily(
            np.array([sum(part.values()) for part in parts], np.float64),
            coverage_of(templates, tuple(weights), config=self._config.ranking),
            self._config.ranking.coverage * np.array(list(weights.values()), np.float64),
            k=k,
            similarity=pairwise_similarity(self._vectors(templates)),
            redundancy=self._config.redundancy,
        )


def _from_pick(template: LessonTemplate, pick: Pick, parts: Mapping[str, float], reason: str) -> Recommendation:
    return Recommendation(
        template=template,
        score=pick.gain,
        reason=reason,
        gaps={},
        parts={**parts, "measures wanted": sum(pick.aspects), "redundancy": -pick.redundancy}
        if pick.aspects
        else {**parts, "redundancy": -pick.redundancy},
    )


def _from_ranked(item: RankedTemplate, reason: str) -> Recommendation:
    return Recommendation(
        template=item.template,
        score=item.score,
        reason=reason,
        gaps=item.gaps,
        parts={
            "relevance": item.relevance.total,
            "gaps": sum(item.gaps.values()),
            "redundancy": -item.redundancy,
        },
    )
