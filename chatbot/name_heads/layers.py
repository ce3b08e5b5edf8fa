"""The head itself: how likely each word belongs to a pupil's name."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import nn

from chatbot.message_heads.layers import Bags, StateHead
from chatbot.name_heads.words import MARKS

__all__ = ["NameLayers", "NameSizes", "word_inputs"]


@dataclass(frozen=True, slots=True)
class NameSizes:
    """Sizes of the head.

    Args:
        dense: Length of a word's state.
        hidden: Hidden units.
        buckets: Hash buckets of word features.
    """

    dense: int
    hidden: int = 128
    buckets: int = 8192


class NameLayers(nn.Module):
    """One score a word.

    Args:
        sizes: Sizes of the head.
        dropout: Share of inputs left out in training.
    """

    def __init__(self, sizes: NameSizes, *, dropout: float = 0.0) -> None:
        super().__init__()
        self.head = StateHead(4 * sizes.dense + MARKS, sizes.hidden, sizes.buckets, 1, dropout=dropout)

    def forward(self, inputs: torch.Tensor, bags: Bags, keep: torch.Tensor | None = None) -> torch.Tensor:
        """Logits ``[words]``.

        Args:
            inputs: ``[words, 4 * dense + MARKS]``, from ``word_inputs``.
            bags: Hashed features of the words.
            keep: ``[words]`` 0 where the hashed features are left out in training.
        """
        scores: torch.Tensor = self.head(inputs, bags, keep)
        return scores[:, 0]


def word_inputs(context: torch.Tensor, marks: torch.Tensor) -> torch.Tensor:
    """What the head takes of each word.

    Args:
        context: ``[words, 4 * dense]``: the word before, the word, the word after, and the passage.
        marks: ``[words, MARKS]``.

    Returns:
        ``[words, 4 * dense + MARKS]``.
    """
    return torch.cat([context, marks], dim=1)
