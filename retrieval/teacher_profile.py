"""A teacher's earlier answers beside a library: what is closed, what was liked, what resembles it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from retrieval.feedback import FeedbackConfig, TeacherDecision, likings, measure_balance

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mtl_core.encoder import SharedEncoder
    from retrieval.templates import LessonTemplate, TemplateLibrary

__all__ = ["TeacherProfile", "TemplateVectors"]

_ALIKE = 0.55


class TemplateVectors:
    """Unit vectors of templates, each encoded once.

    Args:
        encoder: The encoder.
    """

    def __init__(self, encoder: SharedEncoder) -> None:
        self._encoder = encoder
        self._known: dict[str, NDArray[np.float32]] = {}

    def of(self, templates: Sequence[LessonTemplate]) -> NDArray[np.float32]:
        """Vectors of templates.

        Args:
            templates: The templates.

        Returns:
            ``[templates, dimension]`` unit vectors.
        """
        new = {template.search_text: None for template in templates if template.search_text not in self._known}
        if new:
            self._known |= dict(zip(new, self._encoder.encode(list(new)).vectors, strict=True))
        rows = [self._known[template.search_text] for template in templates]
        return np.stack(rows) if rows else np.zeros((0, self._encoder.dimension), np.float32)


class TeacherProfile:
    """What is known of one teacher.

    Args:
        answers: Earlier answers; one without a measure is taken to be about the first measure of its template.
        library: The templates; an answer about another one counts for its measure alone.
        vectors: Vectors of templates.
        config: Weights.
    """

    def __init__(
        self,
        answers: Iterable[TeacherDecision],
        *,
        library: TemplateLibrary,
        vectors: TemplateVectors,
        config: FeedbackConfig | None = None,
    ) -> None:
        self.answers = tuple(_with_measure(answer, library) for answer in answers)
        self._vectors = vectors
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
            templates: The candidates.

        Returns:
            A value for each; 0 without answers.
        """
        known = dict(zip(self._answered, self._vectors.of(list(self._answered.values())), strict=True))
        return likings(templates, self._vectors.of(templates), self.answers, known, config=self._config)

    def resembled(self, template: LessonTemplate) -> LessonTemplate | None:
        """The accepted template that is nearest to another one, ``None`` where none is near.

        Args:
            template: Any template.

        Returns:
            The accepted one, if their cosine is at least 0.55.
        """
        if not self.accepted:
            return None
        scores = self._vectors.of(self.accepted) @ self._vectors.of([template])[0]
        best = int(np.argmax(scores))
        return self.accepted[best] if scores[best] >= _ALIKE else None


def _with_measure(answer: TeacherDecision, library: TemplateLibrary) -> TeacherDecision:
    template = library.get(answer.template_id)
    if answer.measure is not None or template is None:
        return answer
    return answer.model_copy(update={"measure": template.measures[0]})
