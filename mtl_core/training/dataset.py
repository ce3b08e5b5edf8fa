"""Training text as tensors: one row a segment, labels with a mask, documents by their rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch

from mtl_core.features import encoder_text, segment_features
from mtl_core.rubric import MEASURES
from mtl_core.training.corpus import LabelledPlan, SegmentRow, overlapping

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mtl_core.encoder import SharedEncoder

__all__ = ["EvidenceDataset", "build_dataset", "vectors_for"]

UNKNOWN = -1.0
_POSITIVE, _NEGATIVE = 5.0, 0.5
_ROW_POSITIVE, _ROW_NEGATIVE = 3.0, 1.0


@dataclass(frozen=True, slots=True)
class EvidenceDataset:
    """Segments of plans and single segments.

    Args:
        features: ``[rows, features]``.
        labels: ``[rows, measures]``: 1, 0, or -1 where the label is not known.
        weights: ``[rows, measures]``: weight in the loss, 0 where the label is not known.
        documents: ``[rows]`` number of the plan, -1 for a single segment.
        plan_labels: ``[plans, measures]``.
        plan_vectors: ``[plans, dimension]`` unit vectors.
        groups: Group of each plan.
        row_groups: Group of each row.
    """

    features: torch.Tensor
    labels: torch.Tensor
    weights: torch.Tensor
    documents: torch.Tensor
    plan_labels: torch.Tensor
    plan_vectors: torch.Tensor
    groups: tuple[str, ...]
    row_groups: tuple[str, ...]

    def plan_rows(self, plan: int) -> torch.Tensor:
        """Features of one plan's segments."""
        return self.features[self.documents == plan]


def vectors_for(encoder: SharedEncoder, texts: Sequence[str]) -> dict[str, NDArray[np.float32]]:
    """Unit vectors by text, each text encoded once."""
    unique = list(dict.fromkeys(encoder_text(text) for text in texts))
    return dict(zip(unique, encoder.encode(unique).vectors, strict=True))


def build_dataset(
    encoder: SharedEncoder, *, plans: Sequence[LabelledPlan], segments: Sequence[SegmentRow]
) -> EvidenceDataset:
    """Encode training text once; the encoder stays as it is.

    In a plan that lacks a measure no segment is evidence for it. In a plan that has it, the quoted
    segments are; the others are not known, since readers quote the best passages and not all.

    Args:
        encoder: The shared encoder.
        plans: Whole plans.
        segments: Single labelled segments.

    Returns:
        The data set.
    """
    texts = [segment.text for plan in plans for segment in plan.segments]
    texts += [part for row in segments for part in (row.text, row.heading)]
    vectors = vectors_for(encoder, texts)
    features, labels, weights, documents, row_groups, plan_vectors = [], [], [], [], [], []
    for number, plan in enumerate(plans):
        features.append(segment_features(plan.segments, vectors))
        known = _plan_labels(plan)
        labels.append(known)
        weight = np.where(known == 1, _POSITIVE, _NEGATIVE) * (known != UNKNOWN)
        weights.append(weight * len(MEASURES) * _ROW_SHARE / max(weight.sum(), 1.0))
        documents.append(np.full(len(plan.segments), number))
        row_groups += [plan.group] * len(plan.segments)
        plan_vectors.append(document_vector(plan, vectors))
    for row in segments:
        features.append(segment_features([row.segment()], vectors))
        label = np.asarray([[float(key in row.measures) for key in MEASURES]])
        labels.append(label)
        weights.append(np.where(label == 1, _ROW_POSITIVE, _ROW_NEGATIVE) / len(MEASURES) * _ROW_WEIGHT)
        documents.append(np.asarray([-1]))
        row_groups.append(row.batch)
    return EvidenceDataset(
        features=torch.from_numpy(np.concatenate(features)),
        labels=torch.from_numpy(np.concatenate(labels)).float(),
        weights=torch.from_numpy(np.concatenate(weights)).float(),
        documents=torch.from_numpy(np.concatenate(documents)),
        plan_labels=torch.tensor([[float(plan.present[key]) for key in MEASURES] for plan in plans]),
        plan_vectors=torch.from_numpy(np.stack(plan_vectors)),
        groups=tuple(plan.group for plan in plans),
        row_groups=tuple(row_groups),
    )


_ROW_SHARE = 1.0
_ROW_WEIGHT = 1.0


def document_vector(plan: LabelledPlan, vectors: dict[str, NDArray[np.float32]]) -> NDArray[np.float32]:
    """Unit vector of a whole text: the mean of its segments by length, as the model computes it."""
    weights = np.asarray([len(segment.text) for segment in plan.segments], np.float32)
    matrix = np.stack([vectors[encoder_text(segment.text)] for segment in plan.segments])
    vector = (weights[:, None] * matrix).sum(0)
    return vector / max(float(np.linalg.norm(vector)), 1e-9)


def _plan_labels(plan: LabelledPlan) -> NDArray[np.float64]:
    labels = np.full((len(plan.segments), len(MEASURES)), UNKNOWN)
    for column, key in enumerate(MEASURES):
        if not plan.present[key]:
            labels[:, column] = 0.0
            continue
        for quote in plan.quotes[key]:
            labels[overlapping(plan, quote), column] = 1.0
    return labels
