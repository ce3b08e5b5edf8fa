"""Attention over the members of a fusion, and one task's head on what it gives."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from pydantic import BaseModel, ConfigDict, Field
from torch import nn

from mtl_core.errors import InputError
from mtl_core.fusion_states import EncodedExamples
from mtl_core.heads import EncoderStates, HeadSettings, make_head
from mtl_core.heads.base import CUT, NO_WORD
from mtl_core.tasks import Task

__all__ = ["FusedLogits", "FusedTask", "FusionSettings", "MemberAttention", "Standardise"]


class FusionSettings(BaseModel):
    """Shape of the fusion layers.

    Args:
        size: Length that every member's vectors are projected to.
        dropout: Share of a fused vector that is dropped in training.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    size: int = Field(default=128, ge=1)
    dropout: float = Field(default=0.1, ge=0, lt=1)


class FusedLogits(NamedTuple):
    """What one task's fusion says of a batch.

    Args:
        logits: In the shape of the task's kind.
        states: The fused states that the head saw.
        weights: ``[passages, members]``, or ``[words, members]`` for a token task: attention, each row summing
            to one; zeros for a word that no member read.
    """

    logits: torch.Tensor
    states: EncoderStates
    weights: torch.Tensor


class Standardise(nn.Module):
    """Centre and scale of one member's vectors, so that members of different scales meet as equals.

    Args:
        dimension: Length of the vectors.
    """

    mean: torch.Tensor
    scale: torch.Tensor

    def __init__(self, dimension: int) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(dimension))
        self.register_buffer("scale", torch.ones(dimension))

    def fit(self, vectors: torch.Tensor) -> None:
        """Take centre and scale from training vectors.

        Args:
            vectors: ``[rows, dimension]``, at least one row.
        """
        deviation = vectors.std(0, correction=0)
        self.mean.copy_(vectors.mean(0))
        # a feature that hardly moves in training must not explode on the first text where it does
        self.scale.copy_(deviation.clamp(min=float(deviation.mean()) / 10 + 1e-6))

    def forward(self, vectors: torch.Tensor) -> torch.Tensor:
        """Vectors of mean 0 and deviation 1."""
        return (vectors - self.mean) / self.scale


class MemberAttention(nn.Module):
    """Attention over members: tanh projection, context vector, softmax over the members, weighted sum.

    The attention of Yang et al., Hierarchical attention networks for document classification (NAACL 2016),
    over encoders instead of words.

    Args:
        dimensions: Length of each member's vectors.
        size: Common length.
    """

    def __init__(self, dimensions: Sequence[int], size: int) -> None:
        super().__init__()
        self.standardise = nn.ModuleList(Standardise(dimension) for dimension in dimensions)
        self.projections = nn.ModuleList(nn.Linear(dimension, size) for dimension in dimensions)
        self.hidden = nn.Linear(size, size)
        self.context = nn.Linear(size, 1, bias=False)
        # equal attention at first: a drawn one settles on a member before the vectors say which is worth it
        nn.init.zeros_(self.context.weight)

    def fit_scale(self, vectors: Sequence[torch.Tensor], read: torch.Tensor) -> None:
        """Take each member's centre and scale from training vectors.

        Args:
            vectors: By member, ``[rows, dimension]``.
            read: ``[rows, members]`` false where a member has no vector.
        """
        for number, layer in enumerate(self.standardise):
            own = vectors[number][read[:, number]]
            if len(own) and isinstance(layer, Standardise):
                layer.fit(own)

    def forward(self, vectors: Sequence[torch.Tensor], read: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Fuse the members' vectors.

        Args:
            vectors: By member, ``[rows, dimension]``.
            read: ``[rows, members]`` false where a member has no vector; it gets no weight.

        Returns:
            ``[rows, size]`` fused vectors and ``[rows, members]`` weights, which sum to one where any member read.
        """
        parts = zip(self.projections, self.standardise, vectors, strict=True)
        seen = torch.stack([project(scale(part)) for project, scale, part in parts], dim=1)
        scores = self.context(torch.tanh(self.hidden(seen)))[..., 0]
        lowest = torch.finfo(scores.dtype).min
        weights = scores.masked_fill(~read, lowest).softmax(1) * read
        return (weights[..., None] * seen).sum(1), weights


class FusedTask(nn.Module):
    """One task of a fusion: attention over members at every passage or word, then the head of the task's kind.

    Args:
        task: The task.
        dimensions: Length of each member's vectors.
        settings: Shape of the layers.

    Raises:
        InputError: If the head reads token states otherwise than by words: word pieces of different tokenizers
            do not match.
    """

    def __init__(self, task: Task, dimensions: Sequence[int], settings: FusionSettings) -> None:
        super().__init__()
        self.attention = MemberAttention(dimensions, settings.size)
        self.head = make_head(task, dimension=settings.size, settings=HeadSettings(dropout=settings.dropout))
        self.by_words = self.head.unit == "word"
        if self.head.uses_tokens and not self.by_words:
            raise InputError(
                f"Task {task.name!r} of kind {task.kind!r} reads word pieces, which differ between members; "
                "only tasks over words or whole passages can be fused."
            )

    def member_vectors(self, encoded: EncodedExamples) -> tuple[list[torch.Tensor], torch.Tensor]:
        """What the task fuses.

        Args:
            encoded: What the members see.

        Returns:
            By member ``[rows, dimension]`` vectors of words or of passages; ``[rows, members]`` where there is one.
        """
        if self.by_words:
            read = torch.stack([part.read for part in encoded.members], dim=1)
            return [part.words for part in encoded.members], read
        vectors = [part.passages for part in encoded.members]
        every = torch.ones(len(vectors[0]), len(vectors), dtype=torch.bool, device=vectors[0].device)
        return vectors, every

    def forward(self, encoded: EncodedExamples) -> FusedLogits:
        """Logits, fused states and attention of a batch."""
        vectors, read = self.member_vectors(encoded)
        fused, weights = self.attention(vectors, read)
        if self.by_words:
            states = _word_states(fused, read.any(1), encoded.words)
        else:
            # passages of one document count by their length, which is a matter of opinion between tokenizers
            sizes = torch.stack([part.tokens for part in encoded.members]).mean(0)
            no_words = torch.zeros(len(encoded), 0, dtype=torch.long, device=fused.device)
            states = EncoderStates(fused[:, None], sizes[:, None], fused, encoded.passages, no_words)
        return FusedLogits(self.head(states), states, weights)


def _word_states(fused: torch.Tensor, read: torch.Tensor, counts: torch.Tensor) -> EncoderStates:
    """Fused words laid out as the token states of one sequence an example."""
    examples, width, size = len(counts), int(counts.max()), fused.shape[1]
    row = torch.repeat_interleave(torch.arange(examples, device=fused.device), counts)
    place = torch.arange(len(row), device=fused.device) - torch.repeat_interleave(counts.cumsum(0) - counts, counts)
    tokens = fused.new_zeros(examples, width, size).index_put((row, place), fused)
    words = torch.full((examples, width), NO_WORD, device=fused.device)
    words[row, place] = torch.where(read, place, CUT)
    mask = (words > NO_WORD).long()
    return EncoderStates(tokens, mask, fused.new_zeros(examples, size), torch.ones_like(counts), words)
