"""Messages as tensors: what the heads are fitted on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import nn

from chatbot.message_heads.features import message_features, word_features
from chatbot.message_heads.layers import INTENTS, TAGS, Bags, HeadSizes, word_context
from chatbot.message_heads.rows import MessageRow, bio_tags, word_spans
from chatbot.message_heads.states import MessageTokens, pool_tokens
from chatbot.understanding import CATEGORIES, SENTIMENTS

if TYPE_CHECKING:
    from mtl_core.tuned_layers import TunedLayers

__all__ = ["Prepared", "Step", "prepare_rows", "read_states", "tuned_context"]


@dataclass(frozen=True, slots=True)
class Prepared:
    """Messages with their labels, one entry a message."""

    tokens: list[MessageTokens]
    message_buckets: list[list[int]]
    word_buckets: list[list[list[int]]]
    labels: torch.Tensor
    tags: list[torch.Tensor]


@dataclass(frozen=True, slots=True)
class Step:
    """Some messages as the heads read them.

    Args:
        pooled: ``[messages, dense]``.
        context: ``[words of all messages, 4 * dense]``.
        messages: Hashed features of the messages.
        words: Hashed features of the words.
        lengths: Words of each message.
    """

    pooled: torch.Tensor
    context: torch.Tensor
    messages: Bags
    words: Bags
    lengths: list[int]


def prepare_rows(rows: Sequence[MessageRow], tokens: Sequence[MessageTokens], *, sizes: HeadSizes) -> Prepared:
    """Features and labels of rows.

    Args:
        rows: The messages.
        tokens: Their tokens.
        sizes: Sizes of the heads.

    Returns:
        What ``fit_heads`` takes.
    """
    texts = [[row.text[start:end] for start, end in word_spans(row.text)] for row in rows]
    labels = [
        [INTENTS.index(row.intent), CATEGORIES.index(row.category), SENTIMENTS.index(row.sentiment)] for row in rows
    ]
    return Prepared(
        tokens=list(tokens),
        message_buckets=[message_features(row.text, buckets=sizes.message_buckets) for row in rows],
        word_buckets=[word_features(words, buckets=sizes.word_buckets) for words in texts],
        labels=torch.tensor(labels),
        tags=[torch.tensor([TAGS.index(tag) for tag in bio_tags(row)]) for row in rows],
    )


def tuned_context(tuned: TunedLayers, tokens: Sequence[MessageTokens]) -> tuple[torch.Tensor, torch.Tensor]:
    """Read texts with the tuned layers; gradients flow to them.

    Args:
        tuned: The layers.
        tokens: The texts as the frozen encoder sees them.

    Returns:
        ``[texts, dense]`` states of the texts, and ``[words of all texts, 4 * dense]``, see ``word_context``.
    """
    start = nn.utils.rnn.pad_sequence([one.start for one in tokens], batch_first=True)
    inner = nn.utils.rnn.pad_sequence([one.inner for one in tokens], batch_first=True).float()
    lengths = torch.tensor([len(one.start) for one in tokens])
    mask = (torch.arange(start.shape[1]) < lengths[:, None]).long()
    with torch.autocast("cpu", torch.bfloat16):
        after = tuned(start.bfloat16(), mask.bool())
    places = [(one.words, one.count) for one in tokens]
    pooled, words = pool_tokens(torch.cat([inner, after.float()], dim=-1), mask, places)
    return pooled, torch.cat([word_context(part, whole) for part, whole in zip(words, pooled, strict=True)])


def read_states(tuned: TunedLayers, data: Prepared, rows: Sequence[int]) -> Step:
    """Read messages with the tuned layers; gradients flow to them.

    Args:
        tuned: The layers.
        data: The messages.
        rows: Which of them.

    Returns:
        What the heads take.
    """
    tokens = [data.tokens[row] for row in rows]
    pooled, context = tuned_context(tuned, tokens)
    return Step(
        pooled=pooled,
        context=context,
        messages=Bags.of([data.message_buckets[row] for row in rows]),
        words=Bags.of([word for row in rows for word in data.word_buckets[row]]),
        lengths=[one.count for one in tokens],
    )
