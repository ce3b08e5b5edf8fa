"""What a teacher's earlier answers say about templates: a content-based profile with feedback.

Rocchio's idea (1971) in a form that keeps one promise: a dismissal never raises any template. What was accepted
pulls by its mean vector, what was dismissed pushes by its nearest vector, and both count for their measures. A mean
of dismissals would break the promise, because one more of them can move it away from a template.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from mtl_core.errors import InputError
from mtl_core.rubric import MEASURES

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from retrieval.templates import LessonTemplate

__all__ = ["Answer", "FeedbackConfig", "TeacherDecision", "likings", "measure_balance", "read_history"]

Answer = Literal["use", "edit", "not_now", "not_relevant"]
"""What a teacher may do with a nudge."""

_ACCEPTED = frozenset({"use", "edit"})


class TeacherDecision(BaseModel):
    """One answer to one nudge, as a line of a history file holds it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    template_id: Annotated[str, Field(min_length=1, max_length=80)]
    decision: Answer
    measure: str | None = None
    """The gap that the nudge was for; ``None`` takes the template's first measure."""

    @field_validator("measure")
    @classmethod
    def _known_measure(cls, measure: str | None) -> str | None:
        if measure is not None and measure not in MEASURES:
            raise ValueError(f"unknown measure {measure!r}; use one of {', '.join(MEASURES)}")
        return measure

    @property
    def accepted(self) -> bool:
        """Whether the teacher took the suggestion, as it was or changed."""
        return self.decision in _ACCEPTED


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedbackConfig:
    """Weights of the profile.

    Args:
        accepted: Of the similarity to the mean of what was accepted.
        dismissed: Of the largest similarity to something dismissed.
        measures: Of how often nudges for the same measures were accepted.
        edit: What an edit counts beside a use, 0 to 1.
        not_now: What "not now" counts beside "not relevant", 0 to 1.

    Raises:
        InputError: If a weight is outside 0 to 1.
    """

    accepted: float = 0.6
    dismissed: float = 0.6
    measures: float = 0.4
    edit: float = 0.7
    not_now: float = 0.4

    def __post_init__(self) -> None:
        for name in self.__slots__:
            if not 0 <= getattr(self, name) <= 1:
                raise InputError(f"The weight {name} is {getattr(self, name)}; give 0 to 1.")

    def strength(self, decision: TeacherDecision) -> float:
        """How much a decision counts, 0 to 1."""
        return {"use": 1.0, "edit": self.edit, "not_now": self.not_now, "not_relevant": 1.0}[decision.decision]


def likings(
    templates: Sequence[LessonTemplate],
    vectors: NDArray[np.float32],
    history: Iterable[TeacherDecision],
    known: Mapping[str, NDArray[np.float32]],
    *,
    config: FeedbackConfig | None = None,
) -> list[float]:
    """What earlier answers say of each candidate.

    One more dismissal lowers a value or leaves it. Without history every value is 0.

    Args:
        templates: The candidates.
        vectors: ``[candidates, dimension]`` unit vectors of them.
        history: The answers, in any order.
        known: ``[dimension]`` unit vector by id of the templates in the history; one that is missing there (because
            the library no longer holds it) counts for its measure alone.
        config: Weights; ``None`` takes the defaults.

    Returns:
        Values from -1 (unlike anything wanted) to 1.
    """
    config = config or FeedbackConfig()
    answers = list(history)
    near = _nearness(vectors, answers, known, config)
    balance = measure_balance(answers, config=config)
    of_measures = np.array([np.mean([balance.get(key, 0.0) for key in t.measures]) for t in templates])
    values = near + config.measures * of_measures if len(templates) else np.zeros(0)
    return [float(value) for value in np.clip(values, -1.0, 1.0)]


def _nearness(
    vectors: NDArray[np.float32],
    answers: Sequence[TeacherDecision],
    known: Mapping[str, NDArray[np.float32]],
    config: FeedbackConfig,
) -> NDArray[np.float64]:
    total = np.zeros(len(vectors))
    located = [answer for answer in answers if answer.template_id in known]
    liked = [config.strength(a) * known[a.template_id].astype(np.float64) for a in located if a.accepted]
    centre = np.sum(liked, axis=0) if liked else np.zeros(vectors.shape[1])
    length = float(np.linalg.norm(centre))
    if length > 0:
        total += config.accepted * np.clip(vectors @ (centre / length), 0.0, 1.0)
    pushes = [
        config.strength(a) * np.clip(vectors @ known[a.template_id].astype(np.float64), 0.0, 1.0)
        for a in located
        if not a.accepted
    ]
    if pushes:
        total -= config.dismissed * np.max(pushes, axis=0)
    return total


def measure_balance(answers: Iterable[TeacherDecision], *, config: FeedbackConfig | None = None) -> dict[str, float]:
    """Balance of accepted and dismissed nudges by measure, drawn towards 0 while there are few.

    Args:
        answers: The answers; one without a measure counts for none.
        config: Weights; ``None`` takes the defaults.

    Returns:
        A value above -1 and below 1 for each measure that was answered.
    """
    config = config or FeedbackConfig()
    balance: dict[str, float] = {}
    counted: dict[str, float] = {}
    for answer in answers:
        if answer.measure is not None:
            strength = config.strength(answer)
            balance[answer.measure] = balance.get(answer.measure, 0.0) + (strength if answer.accepted else -strength)
            counted[answer.measure] = counted.get(answer.measure, 0.0) + strength
    return {measure: total / (counted[measure] + 2) for measure, total in balance.items()}


def read_history(path: str | Path) -> tuple[TeacherDecision, ...]:
    """Read a history: one decision a line, such as ``{"template_id": "exit-two-questions", "decision": "use"}``.

    Args:
        path: A JSON-lines file.

    Returns:
        The decisions in the order of the file.

    Raises:
        InputError: If the file cannot be read or a line is no decision; the line is named.
    """
    source = Path(path)
    try:
        content = source.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{source} cannot be read as UTF-8 text ({error}).") from error
    decisions = []
    for number, line in enumerate(content.split("\n"), 1):
        if line.strip():
            try:
                decisions.append(TeacherDecision.model_validate_json(line))
            except ValidationError as error:
                first = error.errors(include_url=False)[0]
                where = ".".join(map(str, first["loc"])) or "the line"
                raise InputError(f"{source}, line {number}: {where}: {first['msg']}.") from error
    return tuple(decisions)
