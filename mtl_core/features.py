"""What a head sees of each segment: its vector, its heading's vector, its kind and its place."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

from mtl_core.segments import Segment, SegmentKind

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

__all__ = ["encoder_text", "feature_dimension", "segment_features"]

_MARKS = re.compile(r"[*_#`~|>\\\[\]{}=]+|<[^<>\n]{1,80}>")
_KINDS = tuple(SegmentKind)
_START, _END = 0.12, 0.85
_PLACES = 3
_VECTOR_SCALE = 4.0


def encoder_text(text: str) -> str:
    """Text as the encoder sees it: without markup marks, white space folded.

    Args:
        text: A segment or heading.

    Returns:
        The plain text; empty where nothing but marks was there.
    """
    return " ".join(_MARKS.sub(" ", text).split())


def feature_dimension(dimension: int) -> int:
    """Length of a segment's features for an encoder of ``dimension``."""
    return 2 * dimension + _PLACES + len(_KINDS)


def segment_features(segments: Sequence[Segment], vectors: Mapping[str, NDArray[np.float32]]) -> NDArray[np.float32]:
    """Features of a document's segments.

    Args:
        segments: The segments in document order.
        vectors: Unit vector by ``encoder_text`` of every segment; headings are segments too.

    Returns:
        ``[segments, feature_dimension]`` float32. A segment above the first heading has a zero
        heading vector. Vectors are scaled so that their entries are of the order of one.
    """
    dimension = len(next(iter(vectors.values()))) if vectors else 0
    rows = np.zeros((len(segments), feature_dimension(dimension)), np.float32)
    last = max(len(segments) - 1, 1)
    for row, segment in enumerate(segments):
        rows[row, :dimension] = vectors[encoder_text(segment.text)]
        heading = vectors.get(encoder_text(segment.heading)) if segment.heading else None
        if heading is not None:
            rows[row, dimension : 2 * dimension] = heading
        place = row / last
        rows[row, 2 * dimension : 2 * dimension + _PLACES] = place, place < _START, place > _END
        rows[row, 2 * dimension + _PLACES + _KINDS.index(segment.kind)] = 1.0
    rows[:, : 2 * dimension] *= _VECTOR_SCALE
    return rows
