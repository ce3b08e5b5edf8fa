"""What one reading of a lesson plan says: segments, vectors, and 14 judgements with their quotes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from mtl_core.patterns import Hits
from mtl_core.rubric import MEASURES, Measure

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from mtl_core.segments import Segment

__all__ = ["Analysis", "Evidence", "MeasureReading", "Verdict"]

Verdict = Literal["present", "absent", "unsure"]


@dataclass(frozen=True, slots=True)
class Evidence:
    """A passage of the plan.

    Args:
        quote: ``text[start:end]``, byte for byte.
        start: Offset of the first character in the plan.
        end: Offset after the last character.
    """

    quote: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class MeasureReading:
    """One judgement.

    Args:
        probability: Calibrated probability that the measure is present.
        verdict: ``present`` and ``absent`` outside the band of doubt; ``unsure`` inside it, or where the document
            speaks for the measure but no passage does.
        evidence: The segments that speak most for the measure, strongest first; never empty when
            the verdict is ``present``, always empty when it is ``absent``. In doubt, only those that
            score enough to be quoted.
    """

    probability: float
    verdict: Verdict
    evidence: tuple[Evidence, ...]


@dataclass(frozen=True, slots=True)
class Analysis:
    """One reading of one document.

    Args:
        words: Number of words.
        language: ISO 639-1 code of the language that the text is written in.
        is_lesson_plan: Whether the text reads as a lesson plan in English; the judgements of a
            text that does not are not worth showing.
        measures: Judgement by measure key, in the order of the rubric.
        vector: ``[dimension]`` unit vector of the whole text, for search.
        segments: The segments in document order.
        segment_vectors: ``[segments, dimension]`` unit vectors.
        encoded: How many texts went through the encoder; the others were known from an earlier reading.
        text_vectors: Unit vector of every text that was encoded, segments and headings, for a later reading.
        branch_vectors: The same of the tuned branch; empty where the model has none.
        pattern_hits: Numbers of the hand-written patterns that hold for each passage, for a later reading.
        rubric: What the measures are, by key.
    """

    words: int
    language: str
    is_lesson_plan: bool
    measures: dict[str, MeasureReading]
    vector: NDArray[np.float32]
    segments: tuple[Segment, ...]
    segment_vectors: NDArray[np.float32]
    encoded: int
    text_vectors: dict[str, NDArray[np.float32]] = field(default_factory=dict, repr=False)
    branch_vectors: dict[str, NDArray[np.float32]] = field(default_factory=dict, repr=False)
    pattern_hits: Hits = field(default_factory=dict, repr=False)
    rubric: Mapping[str, Measure] = field(default_factory=lambda: MEASURES, repr=False)

    def as_json(self, source: str) -> dict[str, Any]:
        """The reading as ``assess --json`` prints it.

        Args:
            source: Where the text came from.

        Returns:
            JSON-serialisable values.
        """
        return {
            "source": source,
            "is_lesson_plan": self.is_lesson_plan,
            "language": self.language,
            "words": self.words,
            "measures": {
                key: {
                    "probability": round(reading.probability, 4),
                    "verdict": reading.verdict,
                    "evidence": [{"quote": e.quote, "start": e.start, "end": e.end} for e in reading.evidence],
                }
                for key, reading in self.measures.items()
            },
        }
