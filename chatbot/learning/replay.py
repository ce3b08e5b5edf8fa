"""Off-line replay: would what a teacher decided earlier have told what the teacher decided next?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from retrieval.feedback import TeacherDecision
from retrieval.teacher_profile import TeacherProfile

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from retrieval.index import TemplateIndex

__all__ = ["LEAST", "Replay", "replay_preferences"]

LEAST = 30
"""Replayed decisions below which nothing is concluded."""

_RESAMPLES = 1000


@dataclass(frozen=True, slots=True)
class Replay:
    """What a replay found.

    Args:
        teachers: Teachers with a decision that could be replayed.
        decisions: Decisions that were predicted from earlier ones.
        accepted: How many of them were accepted.
        agreement: Chance that an accepted suggestion was rated above a dismissed one (area under the ROC curve;
            0.5 is what not learning gives); ``None`` where only one kind of answer was there.
        low: Lower end of its 95 % interval, teachers drawn anew.
        high: Upper end.
        verdict: ``helps``, ``does not help`` or ``cannot tell``.
    """

    teachers: int
    decisions: int
    accepted: int
    agreement: float | None
    low: float | None
    high: float | None
    verdict: str

    def as_json(self) -> dict[str, Any]:
        """JSON-serialisable values."""
        return asdict(self)


def replay_preferences(
    histories: Mapping[str, Sequence[TeacherDecision]], *, index: TemplateIndex, seed: int = 0
) -> Replay:
    """Predict each decision from the same teacher's earlier ones, and compare.

    Nothing of a decision is known when it is predicted, so no answer is learnt from twice. The replay sees
    only suggestions that were shown; it cannot say how others would have fared.

    Args:
        histories: Answers of each teacher, in the order of time.
        index: The templates; an answer about another template is skipped.
        seed: Of the interval.

    Returns:
        What was found.
    """
    lots = [lot for answers in histories.values() if len(lot := _replayed(answers, index))]
    values = np.concatenate(lots) if lots else np.zeros((0, 2))
    agreement = _area(values)
    generator = np.random.default_rng(seed)
    drawn = [
        area
        for _ in range(_RESAMPLES if agreement is not None else 0)
        if (area := _area(np.concatenate([lots[row] for row in generator.integers(0, len(lots), len(lots))])))
        is not None
    ]
    low, high = (float(np.quantile(drawn, q)) for q in (0.025, 0.975)) if drawn else (None, None)
    return Replay(
        teachers=len(lots),
        decisions=len(values),
        accepted=int(values[:, 1].sum()),
        agreement=agreement,
        low=low,
        high=high,
        verdict=_verdict(len(values), low, high),
    )


def _replayed(answers: Sequence[TeacherDecision], index: TemplateIndex) -> NDArray[np.float64]:
    """``[decisions, 2]``: predicted liking, and whether it was accepted; the first answer has nothing before it."""
    rows = []
    for place, answer in enumerate(answers):
        if place and answer.template_id in index.library:
            profile = TeacherProfile(answers[:place], index=index)
            liking = profile.likings([index.library[answer.template_id]])[0]
            rows.append((liking, float(answer.accepted)))
    return np.asarray(rows, np.float64).reshape(-1, 2)


def _area(values: NDArray[np.float64]) -> float | None:
    """Area under the ROC curve; ties count half."""
    accepted, dismissed = values[values[:, 1] == 1, 0], values[values[:, 1] == 0, 0]
    if not len(accepted) or not len(dismissed):
        return None
    gaps = accepted[:, None] - dismissed[None, :]
    return float((gaps > 0).mean() + (gaps == 0).mean() / 2)


def _verdict(decisions: int, low: float | None, high: float | None) -> str:
    if decisions < LEAST or low is None or high is None:
        return "cannot tell"
    return "helps" if low > 0.5 else "does not help" if high < 0.5 else "cannot tell"
