"""The heads themselves: three labels of a message, and a tag a word decoded as one sequence."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import nn

from chatbot.understanding import CATEGORIES, SENTIMENTS, SLOTS, Intent

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

__all__ = [
    "INTENTS",
    "TAGS",
    "Bags",
    "HeadSizes",
    "MessageLayers",
    "StateHead",
    "best_tags",
    "sequence_losses",
    "word_context",
]

INTENTS = tuple(str(intent) for intent in Intent)
TAGS = ("O", *(f"{edge}-{slot}" for slot in SLOTS for edge in "BI"))
_GROUPS = (len(INTENTS), len(CATEGORIES), len(SENTIMENTS))
_NEVER = -1e4


@dataclass(frozen=True, slots=True)
class HeadSizes:
    """Sizes of the heads.

    Args:
        dense: Length of a pooled state and of a word's state.
        hidden: Hidden units of the message heads.
        tag_hidden: Hidden units of the tag head.
        message_buckets: Hash buckets of message features.
        word_buckets: Hash buckets of word features.
    """

    dense: int
    hidden: int = 256
    tag_hidden: int = 192
    message_buckets: int = 8192
    word_buckets: int = 8192


@dataclass(frozen=True, slots=True)
class Bags:
    """Buckets of several messages or words, one after another, and where each one's begin."""

    buckets: torch.Tensor
    starts: torch.Tensor

    @classmethod
    def of(cls, rows: Sequence[Sequence[int]]) -> Bags:
        """Bags of rows of buckets."""
        lengths = np.asarray([0, *(len(row) for row in rows)])[:-1]
        flat = np.fromiter((bucket for row in rows for bucket in row), np.int64)
        return cls(torch.from_numpy(flat), torch.from_numpy(np.cumsum(lengths).astype(np.int64)))


class StateHead(nn.Module):
    """A small network over states, added to weights of hashed features.

    Args:
        dense: Length of a state.
        hidden: Hidden units.
        buckets: Hash buckets of the features.
        outputs: Number of scores.
        dropout: Share of inputs left out in training.
    """

    def __init__(self, dense: int, hidden: int, buckets: int, outputs: int, *, dropout: float) -> None:
        super().__init__()
        self.mean: torch.Tensor
        self.scale: torch.Tensor
        self.register_buffer("mean", torch.zeros(dense))
        self.register_buffer("scale", torch.ones(dense))
        self.drop = nn.Dropout(dropout)
        self.inner = nn.Linear(dense, hidden)
        self.outer = nn.Linear(hidden, outputs)
        self.direct = nn.Linear(dense, outputs)
        self.bag = nn.EmbeddingBag(buckets, outputs, mode="mean")
        nn.init.zeros_(self.bag.weight)
        nn.init.zeros_(self.direct.weight)

    def forward(self, states: torch.Tensor, bags: Bags, keep: torch.Tensor | None = None) -> torch.Tensor:
        """Scores ``[rows, outputs]`` of states ``[rows, dense]``; ``keep`` is 0 where the features are left out."""
        plain = self.drop((states - self.mean) * self.scale)
        spelled: torch.Tensor = self.bag(bags.buckets, bags.starts) * 8.0
        if keep is not None:
            spelled = spelled * keep[:, None]
        hidden = self.drop(nn.functional.gelu(self.inner(plain)))
        logits: torch.Tensor = self.outer(hidden) + self.direct(plain) + spelled
        return logits


class MessageLayers(nn.Module):
    """Every head of a message.

    Args:
        sizes: Sizes of the heads.
        dropout: Share of inputs left out in training.
    """

    def __init__(self, sizes: HeadSizes, *, dropout: float = 0.0) -> None:
        super().__init__()
        self.message = StateHead(sizes.dense, sizes.hidden, sizes.message_buckets, sum(_GROUPS), dropout=dropout)
        self.tag = StateHead(4 * sizes.dense, sizes.tag_hidden, sizes.word_buckets, len(TAGS), dropout=dropout)
        self.steps = nn.Parameter(torch.zeros(len(TAGS), len(TAGS)))
        self.begin = nn.Parameter(torch.zeros(len(TAGS)))

    def labels(self, states: torch.Tensor, bags: Bags, keep: torch.Tensor | None = None) -> tuple[torch.Tensor, ...]:
        """Logits of intent, category and sentiment, ``[messages, labels]`` each.

        Args:
            states: ``[messages, dense]``.
            bags: Hashed features of the messages.
            keep: ``[messages]`` 0 where the hashed features are left out in training.
        """
        scores: torch.Tensor = self.message(states, bags, keep)
        intents, categories, sentiments = torch.split(scores, list(_GROUPS), dim=-1)
        return intents, categories, sentiments

    def emissions(self, states: torch.Tensor, bags: Bags, keep: torch.Tensor | None = None) -> torch.Tensor:
        """Tag scores ``[words, tags]``.

        Args:
            states: ``[words, 4 * dense]``: the word before, the word, the word after, and the message.
            bags: Hashed features of the words.
            keep: ``[words]`` 0 where the hashed features are left out in training.
        """
        scores: torch.Tensor = self.tag(states, bags, keep)
        return scores


def word_context(words: torch.Tensor, pooled: torch.Tensor) -> torch.Tensor:
    """What the tag head sees of each word.

    Args:
        words: ``[words, dense]`` states of the words.
        pooled: ``[dense]`` state of the message.

    Returns:
        ``[words, 4 * dense]``: the word before, the word, the word after (zeros at the ends), and the message.
    """
    padded = torch.cat([torch.zeros(1, words.shape[1]), words, torch.zeros(1, words.shape[1])])
    return torch.cat([padded[:-2], words, padded[2:], pooled.expand(len(words), -1)], dim=1)


def sequence_losses(
    emissions: torch.Tensor, tags: torch.Tensor, mask: torch.Tensor, layers: MessageLayers
) -> torch.Tensor:
    """Negative log-likelihood of tag sequences in a linear-chain conditional random field.

    Lafferty, McCallum and Pereira, Conditional Random Fields, 2001.

    Args:
        emissions: ``[batch, words, tags]``.
        tags: ``[batch, words]`` right tags.
        mask: ``[batch, words]`` true for a word; the first is true in every row.
        layers: Holds the scores of steps between tags.

    Returns:
        ``[batch]``.
    """
    rows = torch.arange(len(tags))
    right = layers.begin[tags[:, 0]] + emissions[rows, 0, tags[:, 0]]
    total = layers.begin + emissions[:, 0]
    for word in range(1, tags.shape[1]):
        here = mask[:, word]
        step = layers.steps[tags[:, word - 1], tags[:, word]] + emissions[rows, word, tags[:, word]]
        right = right + torch.where(here, step, 0.0)
        ahead = torch.logsumexp(total[:, :, None] + layers.steps, dim=1) + emissions[:, word]
        total = torch.where(here[:, None], ahead, total)
    return torch.logsumexp(total, dim=-1) - right


def best_tags(emissions: NDArray[np.float32], steps: NDArray[np.float32], begin: NDArray[np.float32]) -> list[str]:
    """The best sequence of tags in which no ``I-`` follows another slot, by Viterbi's algorithm.

    Args:
        emissions: ``[words, tags]``.
        steps: ``[tags, tags]`` score of a tag after a tag.
        begin: ``[tags]`` score of a first tag.

    Returns:
        One tag a word.
    """
    if not len(emissions):
        return []
    allowed = np.asarray([[_may_follow(before, tag) for tag in TAGS] for before in TAGS])
    steps = np.where(allowed, steps, _NEVER)
    score = begin + emissions[0] + np.where(allowed[0], 0, _NEVER)
    back = np.zeros((len(emissions), len(TAGS)), np.int64)
    for word in range(1, len(emissions)):
        ahead = score[:, None] + steps
        back[word] = ahead.argmax(0)
        score = ahead.max(0) + emissions[word]
    path = [int(score.argmax())]
    for word in range(len(emissions) - 1, 0, -1):
        path.append(int(back[word, path[-1]]))
    return [TAGS[tag] for tag in reversed(path)]


def _may_follow(before: str, tag: str) -> bool:
    return not tag.startswith("I-") or before[2:] == tag[2:]
