"""What tells a lesson plan from other text: stretches of a document, their mean vectors and their hashed words."""

from __future__ import annotations

import itertools
import re
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mtl_core.features import document_vector, encoder_text
from mtl_core.segments import Segment

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

__all__ = ["WORD_BUCKETS", "PlanFeatures", "join_features", "plan_features", "plan_stretches"]

WORD_BUCKETS = 1 << 14
"""Number of hash buckets; no word itself is kept."""

_STRETCH_WORDS = 140
_MAX_TOKENS = 120
_MAX_HEADING_TOKENS = 20
_DIGITS = re.compile(r"\d+")
_TOKEN = re.compile(r"[a-z0']+|[?!:%$£€@/…_\[(]")
_CLOSING = frozenset("?!:")


@dataclass(frozen=True, slots=True)
class PlanFeatures:
    """Features of the stretches of one document or of several.

    Args:
        vectors: ``[stretches, dimension]`` unit vectors: the mean of the segments, weighted by their lengths.
        offsets: ``[stretches + 1]`` where the words of each stretch begin.
        buckets: ``[entries]`` bucket numbers.
        values: ``[entries]`` float32: damped counts, each stretch of length one.
        words: ``[stretches]`` number of words.
        counts: ``[documents]`` number of stretches.
    """

    vectors: NDArray[np.float32]
    offsets: NDArray[np.int64]
    buckets: NDArray[np.int64]
    values: NDArray[np.float32]
    words: NDArray[np.int64]
    counts: NDArray[np.int64]


def plan_stretches(segments: Sequence[Segment]) -> list[Sequence[Segment]]:
    """A document cut into stretches of about 140 words each, of whole segments.

    A judgement on stretches does not depend on how long a document is. A judgement on a whole document
    does: with sums or counts a head learns that plans are long and other texts short.

    Args:
        segments: The segments in document order, one or more.

    Returns:
        The stretches, one or more; together they are the document.
    """
    ends = np.cumsum([len(segment.text.split()) for segment in segments])
    wanted = max(1, round(float(ends[-1]) / _STRETCH_WORDS))
    cuts = np.searchsorted(ends, ends[-1] * np.arange(1, wanted) / wanted) + 1
    bounds = [0, *sorted({int(cut) for cut in cuts if cut < len(segments)}), len(segments)]
    return [segments[start:end] for start, end in itertools.pairwise(bounds)]


def plan_features(segments: Sequence[Segment], vectors: Mapping[str, NDArray[np.float32]]) -> PlanFeatures:
    """Features of a document.

    Args:
        segments: The segments in document order, one or more.
        vectors: Unit vector by ``encoder_text`` of every segment.

    Returns:
        The features; the same segments give the same features everywhere.
    """
    stretches = plan_stretches(segments)
    offsets, buckets, values = [0], [], []
    for stretch in stretches:
        own, weights = _hashed_words(stretch)
        buckets += own
        values += weights
        offsets.append(len(buckets))
    return PlanFeatures(
        vectors=np.stack([document_vector(stretch, vectors) for stretch in stretches]),
        offsets=np.asarray(offsets, np.int64),
        buckets=np.asarray(buckets, np.int64),
        values=np.asarray(values, np.float32),
        words=np.asarray([sum(len(s.text.split()) for s in stretch) for stretch in stretches], np.int64),
        counts=np.asarray([len(stretches)], np.int64),
    )


def join_features(documents: Sequence[PlanFeatures]) -> PlanFeatures:
    """Features of several documents, one after the other.

    Args:
        documents: One or more.

    Returns:
        Their features as one.
    """
    starts = np.cumsum([0, *(len(document.buckets) for document in documents)])
    offsets = [document.offsets[:-1] + start for document, start in zip(documents, starts[:-1], strict=True)]
    return PlanFeatures(
        vectors=np.concatenate([document.vectors for document in documents]),
        offsets=np.concatenate([*offsets, starts[-1:]]),
        buckets=np.concatenate([document.buckets for document in documents]),
        values=np.concatenate([document.values for document in documents]),
        words=np.concatenate([document.words for document in documents]),
        counts=np.concatenate([document.counts for document in documents]),
    )


def _hashed_words(stretch: Sequence[Segment]) -> tuple[list[int], list[float]]:
    counts = Counter(zlib.crc32(word.encode()) % WORD_BUCKETS for word in _words(stretch))
    damped = [1.0 + float(np.log(count)) for count in counts.values()]
    norm = max(sum(value * value for value in damped) ** 0.5, 1e-9)
    return list(counts), [value / norm for value in damped]


def _words(stretch: Sequence[Segment]) -> Iterator[str]:
    """Words and pairs of words; how each segment begins and ends, by its kind; words of the headings, each once."""
    for segment in stretch:
        tokens = _tokens(segment.text)[:_MAX_TOKENS]
        yield from ("w" + gram for gram in _grams(tokens))
        if tokens:
            kind = segment.kind.value[0]
            yield from (
                "f" + tokens[0],
                f"k{kind}{tokens[0]}",
                f"l{kind}{tokens[-1] if tokens[-1] in _CLOSING else ''}",
            )
            if len(tokens) > 1:
                yield f"f{tokens[0]} {tokens[1]}"
    for heading in dict.fromkeys(segment.heading for segment in stretch):
        yield from ("h" + gram for gram in _grams(_tokens(heading)[:_MAX_HEADING_TOKENS]))


def _tokens(text: str) -> list[str]:
    return _TOKEN.findall(_DIGITS.sub("0", encoder_text(text).lower()))


def _grams(tokens: Sequence[str]) -> Iterator[str]:
    yield from tokens
    yield from map(" ".join, itertools.pairwise(tokens))
