"""Training text as matrices: one row a segment, labels with a mask, documents by their rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csr_matrix, hstack

from mtl_core.cues import BUCKETS, cue_matrix
from mtl_core.features import encoder_text, segment_features
from mtl_core.rubric import MEASURES
from mtl_core.training.corpus import LabelledPlan, SegmentRow, overlapping
from mtl_core.training.plan_head import PlanPieces, plan_pieces

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mtl_core.encoder import SharedEncoder

__all__ = ["UNKNOWN", "EvidenceDataset", "build_dataset", "segment_labels", "vectors_for"]

UNKNOWN = -1


@dataclass(frozen=True, slots=True)
class EvidenceDataset:
    """Segments of plans, and single segments.

    Args:
        inputs: ``[rows, features + buckets]`` sparse: what the evidence head sees of each segment.
        features: How many of the columns are features; the rest are cue buckets.
        labels: ``[rows, measures]``: 1, 0, or -1 where the label is not known.
        documents: ``[rows]`` number of the plan, -1 for a single segment.
        plan_labels: ``[plans, measures]`` 1, 0, or -1 where the label is not known.
        plan_pieces: What the head for lesson plans sees of each plan.
        groups: Group of each plan.
        row_groups: Group of each row.
        measures: Keys of the columns of the labels.
    """

    inputs: csr_matrix
    features: int
    labels: NDArray[np.int8]
    documents: NDArray[np.int64]
    plan_labels: NDArray[np.int8]
    plan_pieces: tuple[PlanPieces, ...]
    groups: tuple[str, ...]
    row_groups: tuple[str, ...]
    measures: tuple[str, ...] = tuple(MEASURES)


def vectors_for(encoder: SharedEncoder, texts: Sequence[str]) -> dict[str, NDArray[np.float32]]:
    """Unit vectors by text, each text encoded once."""
    unique = list(dict.fromkeys(encoder_text(text) for text in texts))
    return dict(zip(unique, encoder.encode(unique).vectors, strict=True))


def build_dataset(
    encoder: SharedEncoder,
    *,
    plans: Sequence[LabelledPlan],
    segments: Sequence[SegmentRow],
    measures: Sequence[str] = tuple(MEASURES),
) -> EvidenceDataset:
    """Encode training text once; the encoder stays as it is.

    In a plan that lacks a measure no segment is evidence for it. In a plan that has it, the quoted
    segments are; the others are not known, since readers quote the best passages and not all, unless the plan was read
    passage by passage.

    Args:
        encoder: The shared encoder.
        plans: Whole plans.
        segments: Single labelled segments.
        measures: Keys of the measures; a plan may lack the label of one.

    Returns:
        The data set.
    """
    single = [row.segment() for row in segments]
    everything = [*(segment for plan in plans for segment in plan.segments), *single]
    vectors = vectors_for(encoder, [part for segment in everything for part in (segment.text, segment.heading)])
    features = [segment_features(plan.segments, vectors) for plan in plans]
    features += [segment_features([segment], vectors) for segment in single]
    labels = [segment_labels(plan, measures) for plan in plans]
    labels += [np.asarray([[key in row.measures for key in measures]]) for row in segments]
    cues = cue_matrix(everything)
    words = csr_matrix((cues.values, cues.buckets, cues.offsets), shape=(len(everything), BUCKETS))
    dense = np.concatenate(features)
    documents = [np.full(len(plan.segments), number) for number, plan in enumerate(plans)]
    return EvidenceDataset(
        inputs=hstack([csr_matrix(dense), words]).tocsr(),
        features=dense.shape[1],
        labels=np.concatenate(labels).astype(np.int8),
        documents=np.concatenate([*documents, np.full(len(single), -1)]),
        plan_labels=np.asarray([[plan.present.get(key, UNKNOWN) for key in measures] for plan in plans], np.int8),
        plan_pieces=tuple(plan_pieces(plan.segments, vectors) for plan in plans),
        groups=tuple(plan.group for plan in plans),
        row_groups=(*(plan.group for plan in plans for _ in plan.segments), *(row.batch for row in segments)),
        measures=tuple(measures),
    )


def segment_labels(plan: LabelledPlan, measures: Sequence[str]) -> NDArray[np.int8]:
    """Labels ``[segments, measures]`` of a plan's segments.

    Args:
        plan: The plan.
        measures: Keys of the measures.

    Returns:
        1 if quoted, 0 if the plan lacks the measure, else -1. Of a plan that was read passage by passage, also 1 what
        shows the measure, and 0 what neither shows it nor belongs to it.
    """
    labels = np.full((len(plan.segments), len(measures)), UNKNOWN, np.int8)
    starts = np.asarray([segment.start for segment in plan.segments])
    for column, key in enumerate(measures):
        if key not in plan.present:
            continue
        if not plan.present[key] or plan.passages is not None:
            labels[:, column] = 0
        if plan.passages is not None:
            shown = np.isin(starts, plan.passages.shows.get(key, ()))
            # where the two readings differ nobody knows
            labels[shown, column] = 1 if plan.present[key] else UNKNOWN
            labels[np.isin(starts, plan.passages.part.get(key, ())), column] = UNKNOWN
            if plan.present[key] and not shown.any():
                labels[:, column] = UNKNOWN
        if plan.present[key]:
            for quote in plan.quotes.get(key, ()):
                labels[overlapping(plan, quote), column] = 1
    return labels
