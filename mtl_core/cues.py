"""Word cues of a segment: hashed n-grams, which keep the little words that a mean of token vectors loses."""

from __future__ import annotations

import re
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mtl_core.features import encoder_text
from mtl_core.segments import Segment

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["BUCKETS", "CueMatrix", "cue_matrix"]

BUCKETS = 1 << 16
"""Number of hash buckets; no n-gram itself is kept."""

_DIGITS = re.compile(r"\d+")
_TOKEN = re.compile(r"[a-z0']+|[?\"“:…_\[(]")
_TEXT_LENGTHS = (1, 2, 3)
_HEADING_LENGTHS = (1, 2)
_TEXT_WEIGHT = 2.0
_HEADING_WEIGHT = 1.4
_MAX_TOKENS = 120


@dataclass(frozen=True, slots=True)
class CueMatrix:
    """Sparse rows in compressed form, one a segment.

    Args:
        offsets: ``[segments + 1]`` where each row begins.
        buckets: ``[entries]`` bucket numbers.
        values: ``[entries]`` float32: damped counts, text part and heading part of a fixed length each.
    """

    offsets: NDArray[np.int64]
    buckets: NDArray[np.int64]
    values: NDArray[np.float32]


def cue_matrix(segments: Sequence[Segment]) -> CueMatrix:
    """Hashed n-grams of segments and of their headings.

    Words of one to three tokens, digits folded to 0, counts damped by ``1 + log``; headings count
    apart from text and less. CRC-32 gives the bucket, so the same text gives the same cues everywhere.

    Args:
        segments: The segments.

    Returns:
        The sparse matrix.
    """
    offsets, buckets, values = [0], [], []
    headings: dict[str, tuple[list[int], list[float]]] = {}
    for segment in segments:
        if segment.heading not in headings:
            headings[segment.heading] = _row(segment.heading, prefix="h", lengths=_HEADING_LENGTHS)
        own = _row(segment.text, prefix="t", lengths=_TEXT_LENGTHS)
        above = headings[segment.heading]
        buckets += own[0] + above[0]
        values += [value * _TEXT_WEIGHT for value in own[1]] + [value * _HEADING_WEIGHT for value in above[1]]
        offsets.append(len(buckets))
    return CueMatrix(np.asarray(offsets), np.asarray(buckets, np.int64), np.asarray(values, np.float32))


def _row(text: str, *, prefix: str, lengths: Iterable[int]) -> tuple[list[int], list[float]]:
    tokens = _TOKEN.findall(_DIGITS.sub("0", encoder_text(text).lower()))[:_MAX_TOKENS]
    counts = Counter(zlib.crc32(f"{prefix}:{gram}".encode()) % BUCKETS for gram in _grams(tokens, lengths))
    damped = [1.0 + float(np.log(count)) if count > 1 else 1.0 for count in counts.values()]
    norm = sum(value * value for value in damped) ** 0.5
    return list(counts), [value / norm for value in damped]


def _grams(tokens: Sequence[str], lengths: Iterable[int]) -> Iterator[str]:
    for length in lengths:
        for start in range(len(tokens) - length + 1):
            yield " ".join(tokens[start : start + length])
