"""Heads over the shared encoder."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import nn

from mtl_core.errors import InputError

__all__ = ["EvidenceHead", "EvidenceOutput", "SequenceHead"]


class EvidenceOutput(NamedTuple):
    """What the evidence head says of documents.

    Args:
        logits: ``[documents, measures]``, one logit per document and measure.
        scores: ``[segments, measures]``, the logit of each segment alone.
        weights: ``[segments, measures]``, attention that sums to one within a document.
    """

    logits: torch.Tensor
    scores: torch.Tensor
    weights: torch.Tensor


class SequenceHead(nn.Module):
    """One linear layer over a pooled vector.

    Args:
        dimension: Length of the vector.
        labels: Number of logits.
    """

    def __init__(self, dimension: int, labels: int) -> None:
        super().__init__()
        self.linear = nn.Linear(dimension, labels)

    def forward(self, vectors: torch.Tensor) -> torch.Tensor:
        """Logits ``[rows, labels]`` of vectors ``[rows, dimension]``."""
        return self.linear(vectors)


class EvidenceHead(nn.Module):
    """Per-measure attention over the segments of a document, whose weights are the evidence.

    A segment is mapped through ``tanh``; its product with a measure's context vector is its score.
    The softmax of the scores over the document weighs them, and the weighted sum is the document's
    logit. One context vector both scores and weighs, so what decides a judgement is what is quoted:
    each segment's share, ``weight * score``, is exact.

    Hierarchical attention networks (Yang et al., NAACL 2016) give the attention; additive multiple
    instance learning (Javed et al., NeurIPS 2022) the exact shares.

    Args:
        features: Length of a segment's features.
        measures: Number of measures.
        hidden: Width of the hidden layer.
        dropout: Share of hidden units dropped in training.
        sharpness: Factor on the scores inside the softmax: 0 is the mean, large is the maximum.
    """

    def __init__(
        self, features: int, measures: int, *, hidden: int = 64, dropout: float = 0.3, sharpness: float = 2.0
    ) -> None:
        super().__init__()
        self.features = features
        self.hidden = hidden
        self.sharpness = sharpness
        self.input_dropout = nn.Dropout(dropout)
        self.input = nn.Linear(features, hidden)
        self.dropout = nn.Dropout(dropout)
        self.context = nn.Linear(hidden, measures)

    def score(self, features: torch.Tensor) -> torch.Tensor:
        """Logit of each segment alone.

        Args:
            features: ``[segments, features]``.

        Returns:
            ``[segments, measures]``.
        """
        return self.context(self.dropout(torch.tanh(self.input(self.input_dropout(features)))))

    def forward(self, features: torch.Tensor, lengths: torch.Tensor) -> EvidenceOutput:
        """Judge documents whose segments are laid end to end.

        Args:
            features: ``[segments, features]`` of all documents, one after the other.
            lengths: ``[documents]`` number of segments of each, 1 or more.

        Returns:
            Logits, scores and weights.

        Raises:
            InputError: If the lengths do not add up to the segments, or a document has none.
        """
        if int(lengths.sum()) != len(features) or (len(lengths) and int(lengths.min()) < 1):
            raise InputError("Each document needs one segment or more, and the lengths must add up to the segments.")
        scores = self.score(features)
        documents = torch.repeat_interleave(torch.arange(len(lengths), device=features.device), lengths)
        weights = _segment_softmax(self.sharpness * scores, documents, len(lengths))
        logits = torch.zeros(len(lengths), scores.shape[1], dtype=scores.dtype, device=scores.device)
        return EvidenceOutput(logits.index_add(0, documents, weights * scores), scores, weights)


def _segment_softmax(values: torch.Tensor, documents: torch.Tensor, count: int) -> torch.Tensor:
    """Softmax over the rows of each document, column by column."""
    index = documents[:, None].expand_as(values)
    top = torch.full((count, values.shape[1]), -torch.inf, dtype=values.dtype, device=values.device)
    top = top.scatter_reduce(0, index, values, "amax")
    exponents = torch.exp(values - top[documents])
    sums = torch.zeros_like(top).index_add(0, documents, exponents)
    return exponents / sums[documents]
