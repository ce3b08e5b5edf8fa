"""The head that knows a lesson plan from other text: it judges stretches of a document and keeps the best ones."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import nn

from mtl_core.plan_features import WORD_BUCKETS, PlanFeatures

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["POOLED", "VECTOR_WEIGHT", "WORD_WEIGHT", "PlanHead", "pooled_stretches"]

POOLED = 2
"""How many numbers the second layer sees of a document."""

VECTOR_WEIGHT, WORD_WEIGHT = 0.7, 2.0
"""How strongly the penalty in training holds the vector and the words of a stretch."""

_FULL_STRETCH, _SHORTEST = 140, 2.0
_BEST_PART = 3


class PlanHead(nn.Module):
    """Two linear layers: one over the stretches of a document, one over their pooled logits.

    The first gives each stretch a logit from its mean vector and its hashed words. The second sees the mean
    of the best third of them, and how far a short document is from one full stretch: most of a long plan may
    be a worksheet or a text to read, and a plan of three lines shows less of what a plan is. It does not see
    how long a long document is, so length never speaks for a plan. See ``docs/decisions.md``.

    Args:
        dimension: Of the encoder.
    """

    def __init__(self, dimension: int) -> None:
        super().__init__()
        self.vectors = nn.Linear(dimension, 1)
        self.words = nn.EmbeddingBag(WORD_BUCKETS, 1, mode="sum", include_last_offset=True)
        self.pool = nn.Linear(POOLED, 1)

    def stretch_logits(self, features: PlanFeatures) -> torch.Tensor:
        """Logits ``[stretches]`` of the stretches alone."""
        buckets, offsets, values = (
            torch.from_numpy(part) for part in (features.buckets, features.offsets, features.values)
        )
        kind = self.words.weight.dtype
        words = self.words(buckets, offsets, per_sample_weights=WORD_WEIGHT * values.to(kind)).float()
        logits: torch.Tensor = self.vectors(VECTOR_WEIGHT * torch.from_numpy(features.vectors)) + words
        return logits[:, 0]

    def forward(self, features: PlanFeatures) -> torch.Tensor:
        """Logits ``[documents]``: above 0 the more likely a lesson plan.

        Args:
            features: Of one document or of several.

        Returns:
            The logits.
        """
        pooled = pooled_stretches(self.stretch_logits(features).detach().numpy(), features)
        logits: torch.Tensor = self.pool(torch.from_numpy(pooled))
        return logits[:, 0]


def pooled_stretches(logits: NDArray[np.float32], features: PlanFeatures) -> NDArray[np.float32]:
    """What the second layer sees of each document.

    Args:
        logits: ``[stretches]``.
        features: The features that they belong to.

    Returns:
        ``[documents, 2]``: mean of the best third of the logits, and how many times the words would have
        to double to fill a stretch, at most twice.
    """
    rows = []
    bounds = np.cumsum([0, *features.counts])
    for start, end in itertools.pairwise(bounds):
        ordered = np.sort(logits[start:end])[::-1]
        words = max(int(features.words[start:end].sum()), 1)
        short = float(np.clip(np.log2(_FULL_STRETCH / words), 0.0, _SHORTEST))
        rows.append((ordered[: -(-len(ordered) // _BEST_PART)].mean(), short))
    return np.asarray(rows, np.float32)
