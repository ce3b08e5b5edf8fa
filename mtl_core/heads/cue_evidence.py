"""Heads of the quality reader: linear scores over segment features and word cues."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import nn

from mtl_core.errors import InputError

__all__ = ["Cues", "EvidenceHead", "EvidenceOutput", "SequenceHead", "rank_weights"]


class Cues(NamedTuple):
    """Sparse rows of word cues, one a segment (see ``mtl_core.cues``).

    Args:
        offsets: ``[segments + 1]`` where each row begins.
        buckets: ``[entries]`` bucket numbers.
        values: ``[entries]`` float32.
    """

    offsets: torch.Tensor
    buckets: torch.Tensor
    values: torch.Tensor


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
        logits: torch.Tensor = self.linear(vectors)
        return logits


class EvidenceHead(nn.Module):
    """Hard attention over the segments of a document, whose weights are the evidence.

    A segment's score for a measure is linear in its features and its word cues. The ``top`` best
    segments of a document share the attention, the first with twice the weight of the others; the
    document's logit is the weighted mean of their scores. What decides a judgement is therefore
    exactly what is quoted.

    Additive multiple instance learning (Javed et al., NeurIPS 2022) with top-k attention. A linear
    score beat a hidden ``tanh`` layer with soft attention on plans of unseen authors
    (``docs/decisions.md``).

    Args:
        features: Length of a segment's features.
        buckets: Number of cue buckets.
        measures: Number of measures.
        top: Number of segments that share the attention.
    """

    def __init__(self, *, features: int, buckets: int, measures: int, top: int = 3) -> None:
        super().__init__()
        self.top = top
        self.features = nn.Linear(features, measures)
        self.cues = nn.EmbeddingBag(buckets, measures, mode="sum", include_last_offset=True)

    def score(self, features: torch.Tensor, cues: Cues) -> torch.Tensor:
        """Logit of each segment alone.

        Args:
            features: ``[segments, features]``.
            cues: Word cues of the same segments.

        Returns:
            ``[segments, measures]``.
        """
        words = self.cues(cues.buckets, cues.offsets, per_sample_weights=cues.values.to(self.cues.weight.dtype))
        scores: torch.Tensor = self.features(features) + words.float()
        return scores

    def forward(self, features: torch.Tensor, cues: Cues, lengths: torch.Tensor) -> EvidenceOutput:
        """Judge documents whose segments are laid end to end.

        Args:
            features: ``[segments, features]`` of all documents, one after the other.
            cues: Word cues of the same segments.
            lengths: ``[documents]`` number of segments of each, 1 or more.

        Returns:
            Logits, scores and weights.

        Raises:
            InputError: If the lengths do not add up to the segments, or a document has none.
        """
        if int(lengths.sum()) != len(features) or (len(lengths) and int(lengths.min()) < 1):
            raise InputError("Each document needs one segment or more, and the lengths must add up to the segments.")
        scores = self.score(features, cues)
        if not len(lengths):
            return EvidenceOutput(scores, scores, scores)
        sizes = lengths.tolist()
        parts = torch.split(scores, sizes)
        weights = torch.cat([_top_weights(part, self.top) for part in parts])
        shares = torch.split(weights * scores, sizes)
        logits = torch.stack([part.sum(0) for part in shares])
        return EvidenceOutput(logits, scores, weights)


def rank_weights(segments: int, *, top: int) -> list[float]:
    """Attention by rank: the best segment counts twice, the next ``top - 1`` once, the others not.

    Args:
        segments: Number of segments of the document.
        top: Number that share the attention.

    Returns:
        ``min(segments, top)`` weights that sum to one, best rank first.
    """
    count = min(segments, top)
    return [2 / (count + 1), *[1 / (count + 1)] * (count - 1)]


def _top_weights(scores: torch.Tensor, top: int) -> torch.Tensor:
    """Rank weights on the best rows of each column, zero elsewhere; ties go to the earlier row."""
    ranks = torch.tensor(rank_weights(len(scores), top=top), dtype=scores.dtype, device=scores.device)
    best = torch.sort(scores, dim=0, descending=True, stable=True).indices[: len(ranks)]
    return torch.zeros_like(scores).scatter(0, best, ranks[:, None].expand_as(best))
