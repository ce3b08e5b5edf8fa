"""What a head sees of each segment: its vector, its heading's vector, its kind and its place."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

from mtl_core.segments import Segment, SegmentKind

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

__all__ = ["HEADING_WEIGHT", "document_vector", "encoder_text", "feature_dimension", "segment_features"]

_MARKS = re.compile(r"[*_#`~|>\\\[\]{}=]+|<[^<>\n]{1,80}>")
_KINDS = tuple(SegmentKind)
_START, _END = 0.12, 0.85
_PLACES = 3
HEADING_WEIGHT = 0.7
"""Scale of the heading's vector beside that of the segment."""
_PLACE_WEIGHT = 0.3


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
        heading vector. The weights set how strongly the penalty in training holds each part.
    """
    dimension = len(next(iter(vectors.values()))) if vectors else 0
    rows = np.zeros((len(segments), feature_dimension(dimension)), np.float32)
    last = max(len(segments) - 1, 1)
    for row, segment in enumerate(segments):
        rows[row, :dimension] = vectors[encoder_text(segment.text)]
        heading = vectors.get(encoder_text(segment.heading)) if segment.heading else None
        if heading is not None:
            rows[row, dimension : 2 * dimension] = heading * HEADING_WEIGHT
        place = row / last
        rows[row, 2 * dimension : 2 * dimension + _PLACES] = place, place < _START, place > _END
        rows[row, 2 * dimension + _PLACES + _KINDS.index(segment.kind)] = 1.0
    rows[:, 2 * dimension :] *= _PLACE_WEIGHT
    return rows


def document_vector(segments: Sequence[Segment], vectors: Mapping[str, NDArray[np.float32]]) -> NDArray[np.float32]:
    """Vector of a whole document: the mean of its segments' vectors, weighted by their lengths.

    Args:
        segments: The segments, one or more.
        vectors: Unit vector by ``encoder_text`` of every segment.

    Returns:
        ``[dimension]`` float32 unit vector.
    """
    weights = np.asarray([len(segment.text) for segment in segments], np.float32)
    matrix = np.stack([vectors[encoder_text(segment.text)] for segment in segments])
    vector = (weights[:, None] * matrix).sum(0)
    unit: NDArray[np.float32] = (vector / max(float(np.linalg.norm(vector)), 1e-9)).astype(np.float32)
    return unit
