"""A teacher's earlier answers beside a library: what is closed, what was liked, what resembles it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from retrieval.feedback import FeedbackConfig, TeacherDecision, likings, measure_balance

if TYPE_CHECKING:
    from retrieval.index import TemplateIndex
    from retrieval.templates import LessonTemplate, TemplateLibrary

__all__ = ["TeacherProfile"]

_ALIKE = 0.55


class TeacherProfile:
    """What is known of one teacher.

    Args:
        answers: Earlier answers; one without a measure is taken to be about the first measure of its template.
        index: The templates with their vectors; an answer about another template counts for its measure alone.
        config: Weights.
    """

    def __init__(
        self,
        answers: Iterable[TeacherDecision],
        *,
        index: TemplateIndex,
        config: FeedbackConfig | None = None,
    ) -> None:
        library = index.library
        self.answers = tuple(_with_measure(answer, library) for answer in answers)
        self._index = index
        self._config = config or FeedbackConfig()
        self._answered = {a.template_id: library[a.template_id] for a in self.answers if a.template_id in library}

    @property
    def closed(self) -> frozenset[str]:
        """Templates that are not offered again: accepted ones, and those called not relevant."""
        return frozenset(a.template_id for a in self.answers if a.accepted or a.decision == "not_relevant")

    @property
    def accepted(self) -> tuple[LessonTemplate, ...]:
        """Accepted templates of the library, in the order of the answers."""
        ids = dict.fromkeys(a.template_id for a in self.answers if a.accepted and a.template_id in self._answered)
        return tuple(self._answered[template_id] for template_id in ids)

    @property
    def wanted(self) -> dict[str, float]:
        """Measures whose nudges were accepted more than dismissed, with a weight from 0 to 1."""
        balance = measure_balance(self.answers, config=self._config)
        return {measure: weight for measure, weight in balance.items() if weight > 0}

    def likings(self, templates: Sequence[LessonTemplate]) -> list[float]:
        """What the answers say of each template, -1 to 1.

        Args:
            templates: Templates of the index.

        Returns:
            A value for each; 0 without answers.
        """
        known = dict(zip(self._answered, self._index.vectors_of(list(self._answered)), strict=True))
        vectors = self._index.vectors_of([template.id for template in templates])
        return likings(templates, vectors, self.answers, known, config=self._config)

    def resembled(self, template: LessonTemplate) -> LessonTemplate | None:
        """The accepted template that is nearest to another one, ``None`` where none is near.

        Args:
            template: A template of the index.

        Returns:
            The accepted one, if their cosine is at least 0.55.
        """
        if not self.accepted:
            return None
        scores = self._index.vectors_of([t.id for t in self.accepted]) @ self._index.vectors_of([template.id])[0]
        best = int(np.argmax(scores))
        return self.accepted[best] if scores[best] >= _ALIKE else None


def _with_measure(answer: TeacherDecision, library: TemplateLibrary) -> TeacherDecision:
    template = library.get(answer.template_id)
    if answer.measure is not None or template is None:
        return answer
    return answer.model_copy(update={"measure": template.measures[0]})
