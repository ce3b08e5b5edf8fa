"""Readings of plans passage by passage: which passages show a measure, where a quote names the best one or two.

The rows hold places, not text, so that plans by others can be read this way too. A plan is known by the digest of its
text.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping

from pydantic import BaseModel, ConfigDict, Field, model_validator

from mtl_core.rubric import MEASURES

__all__ = ["PlanPassages", "by_digest", "text_digest"]

Starts = Mapping[str, tuple[int, ...]]


class PlanPassages(BaseModel):
    """One reading of one plan; what is in neither list does not show the measure.

    Args:
        plan: Identifier of the plan, for people.
        digest: ``text_digest`` of its text.
        shows: By measure, where the segments start that show it by themselves, in characters.
        part: The same of segments that belong to it but do not show it alone.
        best: Those of ``shows`` that the reader would quote, one or two.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    plan: str
    digest: str = Field(pattern=r"^[0-9a-f]{16}$")
    shows: Starts
    part: Starts = Field(default_factory=dict)
    best: Starts = Field(default_factory=dict)

    @model_validator(mode="after")
    def _known_measures(self) -> PlanPassages:
        unknown = {*self.shows, *self.part, *self.best} - set(MEASURES)
        if unknown:
            raise ValueError(f"there is no measure {min(unknown)!r}")
        for measure in self.shows:
            if set(self.shows[measure]) & set(self.part.get(measure, ())):
                raise ValueError(f"a passage both shows {measure} and is part of it")
        for measure in self.best:
            if not set(self.best[measure]) <= set(self.shows.get(measure, ())):
                raise ValueError(f"the best passage of {measure} does not show it")
        return self


def text_digest(text: str) -> str:
    """The first 16 hexadecimal digits of the SHA-256 of a text."""
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def by_digest(rows: Iterable[PlanPassages]) -> dict[str, PlanPassages]:
    """Readings by the digest of their plan; of two of one plan the later counts."""
    return {row.digest: row for row in rows}
