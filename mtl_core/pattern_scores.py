"""Scores of passages by the patterns that match them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from mtl_core.errors import ArtifactError, one_line
from mtl_core.patterns import Hits, PatternMatcher, PatternRow
from mtl_core.prefilter import Prefilter
from mtl_core.segments import Segment

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["PatternScores", "WeighedPattern"]


class WeighedPattern(BaseModel):
    """A pattern of a measure and what it says.

    Args:
        measure: Number of the measure.
        words: Number of the list of named words that its expressions use.
        weight: Added to the score of each passage that it matches.
        row: The pattern.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    measure: int = Field(ge=0)
    words: int = Field(ge=0)
    weight: float = Field(allow_inf_nan=False)
    row: PatternRow


class _Saved(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    bonus: float = Field(allow_inf_nan=False)
    words: tuple[dict[str, str], ...]
    patterns: tuple[WeighedPattern, ...]
    prefilter: Prefilter


class PatternScores:
    """Adds up the weights of the patterns that match a passage.

    Where one of them shows the measure, and none says that the passage only looks like it, a bonus is added: what was
    written to show a measure is worth quoting even where training has hardly seen it.

    Args:
        patterns: The patterns.
        words: Lists of named words.
        bonus: Of a passage that shows the measure.
        measures: Number of measures.
        prefilter: Says where a pattern has to be tried, see ``PatternMatcher``.

    Raises:
        ArtifactError: If a pattern is of a measure or of words that are not there, or the prefilter is of others.
    """

    def __init__(
        self,
        patterns: Sequence[WeighedPattern],
        words: Sequence[dict[str, str]],
        *,
        bonus: float,
        measures: int,
        prefilter: Prefilter | None = None,
    ) -> None:
        self.patterns, self.words, self.bonus, self.measures = tuple(patterns), tuple(words), bonus, measures
        if any(one.measure >= measures or one.words >= len(self.words) for one in self.patterns):
            raise ArtifactError("The patterns do not fit the model's measures; train the model again.")
        if prefilter is not None and len(prefilter.needs) != 2 * len(self.patterns):
            raise ArtifactError("The prefilter does not fit the patterns; train the model again.")
        rows, lists = [one.row for one in self.patterns], [self.words[one.words] for one in self.patterns]
        self.matcher = PatternMatcher(rows, lists, prefilter=prefilter)

    def __call__(self, segments: Sequence[Segment], *, known: Hits | None = None) -> tuple[NDArray[np.float32], Hits]:
        """Score a document's passages.

        Args:
            segments: The document.
            known: Hits of an earlier version of it; its passages are not searched again.

        Returns:
            ``[segments, measures]``, and the hits for a later version.
        """
        scores = np.zeros((len(segments), self.measures), np.float32)
        shown, against = np.zeros((2, *scores.shape), np.bool_)
        matches, hits = self.matcher.matches(segments, known=known)
        for number, at in matches:
            one = self.patterns[number]
            scores[at, one.measure] += one.weight
            shown[at, one.measure] |= one.row.shows
            against[at, one.measure] |= one.row.against
        scores[shown & ~against] += self.bonus
        return scores, hits

    def to_json(self) -> bytes:
        """The patterns as they are saved; ``from_json`` reads them."""
        saved = _Saved(bonus=self.bonus, words=self.words, patterns=self.patterns, prefilter=self.matcher.prefilter)
        return saved.model_dump_json(by_alias=True, exclude_defaults=True).encode()

    @classmethod
    def from_json(cls, content: bytes, *, measures: int) -> PatternScores:
        """Patterns from what ``to_json`` gave.

        Args:
            content: The saved bytes.
            measures: Number of measures.

        Returns:
            The scores.

        Raises:
            ArtifactError: If they cannot be read, or do not fit the model.
        """
        try:
            saved = _Saved.model_validate_json(content)
        except ValidationError as error:
            message = f"The saved patterns cannot be read ({one_line(error)}); train the model again."
            raise ArtifactError(message) from error
        return cls(saved.patterns, saved.words, bonus=saved.bonus, measures=measures, prefilter=saved.prefilter)
