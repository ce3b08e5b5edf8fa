"""Which passages of a document can be quoted, and how high the best of them score."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

import torch

from mtl_core.segments import Segment, SegmentKind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mtl_core.heads import EvidenceOutput

__all__ = ["BestPassage", "best_passages", "quotable_rows"]

_TIME = re.compile(r"\d\s*(?:['′]|-?\s*(?:hrs?|hours?|mins?|minutes?|secs?|seconds?)\b)", re.IGNORECASE)
_MUST_STATE = {"pacing_and_materials": _TIME}
"""What a passage must state to show a measure alone: the heads know lists of materials well, but without a time they
are a near miss of the rubric."""


class BestPassage(NamedTuple):
    """Highest scores of the passages of a document that can be quoted for a measure.

    Args:
        own: By the heads themselves, of a passage that can show the measure alone.
        whole: Patterns included; it may be of another passage.
    """

    own: float
    whole: float


def quotable_rows(segments: Sequence[Segment]) -> list[int]:
    """Rows of the segments that can be quoted: a heading alone is no evidence, so it may weigh but is never quoted."""
    return [row for row, segment in enumerate(segments) if segment.kind is not SegmentKind.HEADING]


def best_passages(
    segments: Sequence[Segment], judged: EvidenceOutput, *, measures: Sequence[str]
) -> list[BestPassage | None]:
    """The best passage of a document for each measure.

    Args:
        segments: The segments of the document.
        judged: Their scores.
        measures: Keys of the columns of the scores.

    Returns:
        One a measure, in the order of the scores; ``None`` where the document holds headings alone.
    """
    rows = quotable_rows(segments)
    if not rows:
        return [None] * len(measures)
    own, whole = judged.own[rows].clone(), judged.scores[rows].amax(0)
    for column, key in enumerate(measures):
        if (needed := _MUST_STATE.get(key)) is not None:
            states = torch.tensor([needed.search(segments[row].text) is not None for row in rows])
            own[~states, column] = -torch.inf
    return [BestPassage(*pair) for pair in zip(own.amax(0).tolist(), whole.tolist(), strict=True)]
