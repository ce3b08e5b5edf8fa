"""What a saved quality model is: its measures, the shape of its heads, and its calibration."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from mtl_core.rubric import MEASURES
from mtl_core.rubric_file import MeasureRow

if TYPE_CHECKING:
    from mtl_core.best_passages import BestPassage
    from mtl_core.reading import Verdict

__all__ = ["Calibration", "QualityConfig"]


class Calibration(BaseModel):
    """How a document logit becomes a probability and a verdict.

    Platt's sigmoid ``1 / (1 + exp(-(slope * logit + offset)))`` and a band of doubt; both are
    fitted on predictions for documents that the head was not trained on.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    slope: float = 1.0
    offset: float = 0.0
    absent_below: float = Field(default=0.5, ge=0, le=1)
    present_from: float = Field(default=0.5, ge=0, le=1)

    def probability(self, logit: float) -> float:
        """Calibrated probability of a logit."""
        margin = float(np.clip(self.slope * logit + self.offset, -60.0, 60.0))
        return float(1.0 / (1.0 + np.exp(-margin)))

    def verdict(self, probability: float) -> Verdict:
        """Present from the upper threshold on, absent below the lower one, unsure between."""
        if probability >= self.present_from:
            return "present"
        return "absent" if probability < self.absent_below else "unsure"


class QualityConfig(BaseModel):
    """What a saved model is: its encoder, its measures, the shape of its heads, its calibration.

    ``rubric`` holds the measures of a rubric of one's own, and is empty for the one that comes with the package.
    ``branch_layers`` is the number of tuned upper layers; 0 where the heads read the encoder alone. ``reads_words``
    says whether scores of the whole document by its words are added to those of its passages, and ``reads_patterns``
    whether hand-written patterns score passages too. ``passage_from`` is the score by the heads themselves from which
    one passage is enough, whatever the rest of the document says; ``None`` where the whole always decides.
    ``quotable_from`` is the score, patterns included, that some passage must have before anything is called present,
    however much the words of the document speak for it; ``None`` where any will do.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    encoder: str
    fingerprint: str
    measures: tuple[str, ...] = tuple(MEASURES)
    rubric: tuple[MeasureRow, ...] = ()
    top: int = Field(default=3, ge=1)
    calibration: dict[str, Calibration] = Field(default_factory=dict)
    plan_calibration: Calibration = Calibration()
    branch_layers: int = Field(default=0, ge=0)
    reads_words: bool = False
    reads_patterns: bool = False
    passage_from: float | None = Field(default=None, allow_inf_nan=False)
    quotable_from: float | None = Field(default=None, allow_inf_nan=False)
    training: dict[str, str | int | float] = Field(default_factory=dict)

    def judge(self, measure: str, logit: float, *, passage: BestPassage | None) -> tuple[float, Verdict]:
        """Probability and verdict of a measure.

        Args:
            measure: Its key.
            logit: Of the document.
            passage: The best that can be quoted; ``None`` where nothing can, and then nothing is present.

        Returns:
            The calibrated probability and the verdict. The probability is not below the threshold where one passage
            is enough, and within the band of doubt where the document speaks for the measure but no passage does.
        """
        calibration = self.calibration.get(measure, Calibration())
        probability = calibration.probability(logit)
        if passage is not None and self.passage_from is not None and passage.own >= self.passage_from:
            return max(probability, calibration.present_from), "present"
        verdict = calibration.verdict(probability)
        if verdict == "present" and not self._quotable(passage):
            return (calibration.absent_below + calibration.present_from) / 2, "unsure"
        return probability, verdict

    def quotes(self, verdict: Verdict, *, score: float) -> bool:
        """Whether a passage is quoted: where in doubt, only one that scores ``quotable_from`` or more.

        Args:
            verdict: Of the measure.
            score: Of the passage, patterns included; one of the best of its document.

        Returns:
            Whether it is.
        """
        if verdict == "unsure":
            return self.quotable_from is None or score >= self.quotable_from
        return verdict == "present"

    def _quotable(self, passage: BestPassage | None) -> bool:
        return passage is not None and self.quotes("unsure", score=passage.whole)
