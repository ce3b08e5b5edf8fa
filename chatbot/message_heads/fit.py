"""Fitting of the message heads on encoded messages."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from chatbot.message_heads.features import message_features, word_features
from chatbot.message_heads.layers import INTENTS, TAGS, Bags, HeadSizes, MessageLayers, sequence_losses
from chatbot.message_heads.rows import MessageRow, bio_tags, word_spans
from chatbot.message_heads.states import MessageStates
from chatbot.understanding import CATEGORIES, SENTIMENTS

__all__ = ["FitOptions", "Prepared", "fit_layers", "prepare_rows", "word_context"]

_LEAST_SPREAD = 1e-3


@dataclass(frozen=True, slots=True, kw_only=True)
class FitOptions:
    """How the heads are fitted.

    Args:
        epochs: Passes over the rows.
        batch: Messages a step.
        rate: Highest learning rate of the one-cycle schedule.
        decay: Weight decay.
        dropout: Share of inputs left out.
        bag_dropout: Share of messages and words whose hashed features are left out.
        smoothing: Of the labels.
        seed: Of weights and order.
    """

    epochs: int = 5
    batch: int = 64
    rate: float = 2e-3
    decay: float = 0.05
    dropout: float = 0.3
    bag_dropout: float = 0.3
    smoothing: float = 0.05
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Prepared:
    """Messages as tensors and buckets, one entry a message."""

    pooled: torch.Tensor
    words: list[torch.Tensor]
    message_buckets: list[list[int]]
    word_buckets: list[list[list[int]]]
    labels: torch.Tensor
    tags: list[torch.Tensor]


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


def prepare_rows(rows: Sequence[MessageRow], states: Sequence[MessageStates], *, sizes: HeadSizes) -> Prepared:
    """Features and labels of rows.

    Args:
        rows: The messages.
        states: Their states.
        sizes: Sizes of the heads.

    Returns:
        What ``fit_layers`` takes.
    """
    tokens = [[row.text[start:end] for start, end in word_spans(row.text)] for row in rows]
    labels = [
        [INTENTS.index(row.intent), CATEGORIES.index(row.category), SENTIMENTS.index(row.sentiment)] for row in rows
    ]
    return Prepared(
        pooled=torch.from_numpy(np.stack([state.pooled for state in states])),
        words=[torch.from_numpy(state.words) for state in states],
        message_buckets=[message_features(row.text, buckets=sizes.message_buckets) for row in rows],
        word_buckets=[word_features(words, buckets=sizes.word_buckets) for words in tokens],
        labels=torch.tensor(labels),
        tags=[torch.tensor([TAGS.index(tag) for tag in bio_tags(row)]) for row in rows],
    )


def fit_layers(
    data: Prepared, *, sizes: HeadSizes, options: FitOptions, report: Callable[[str], None] = lambda _: None
) -> MessageLayers:
    """Fit every head together.

    Args:
        data: The training messages.
        sizes: Sizes of the heads.
        options: See the class.
        report: Gets a line after each epoch.

    Returns:
        The heads, in evaluation mode.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(options.seed)
        layers = MessageLayers(sizes, dropout=options.dropout)
        _standardise(layers, data)
        steps = options.epochs * -(-len(data.labels) // options.batch)
        optimiser = torch.optim.AdamW(layers.parameters(), lr=options.rate, weight_decay=options.decay)
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, options.rate, total_steps=steps, pct_start=0.15)
        weights = _intent_weights(data.labels[:, 0])
        for epoch in range(options.epochs):
            total = 0.0
            for rows in torch.split(torch.randperm(len(data.labels)), options.batch):
                loss = _loss(layers, data, rows.tolist(), weights, options)
                optimiser.zero_grad()
                loss.backward()  # type: ignore[no-untyped-call]
                nn.utils.clip_grad_norm_(layers.parameters(), 2.0)
                optimiser.step()
                schedule.step()
                total += loss.item() * len(rows)
            report(f"epoch {epoch + 1} of {options.epochs}: loss {total / len(data.labels):.3f}")
    return layers.eval()


def _loss(
    layers: MessageLayers, data: Prepared, rows: list[int], weights: torch.Tensor, options: FitOptions
) -> torch.Tensor:
    keep = (torch.rand(len(rows)) >= options.bag_dropout).float()
    logits = layers.labels(data.pooled[rows], Bags.of([data.message_buckets[row] for row in rows]), keep)
    intents, categories, sentiments = data.labels[rows].unbind(1)
    smoothing = options.smoothing
    loss = nn.functional.cross_entropy(logits[0], intents, weight=weights, label_smoothing=smoothing)
    loss = loss + 0.3 * nn.functional.cross_entropy(logits[1], categories, label_smoothing=smoothing)
    loss = loss + 0.3 * nn.functional.cross_entropy(logits[2], sentiments, label_smoothing=smoothing)
    states = torch.cat([word_context(data.words[row], data.pooled[row]) for row in rows])
    keep = (torch.rand(len(states)) >= options.bag_dropout).float()
    flat = layers.emissions(states, Bags.of([word for row in rows for word in data.word_buckets[row]]), keep)
    lengths = [len(data.tags[row]) for row in rows]
    emissions = nn.utils.rnn.pad_sequence(list(torch.split(flat, lengths)), batch_first=True)
    tags = nn.utils.rnn.pad_sequence([data.tags[row] for row in rows], batch_first=True)
    mask = torch.arange(tags.shape[1]) < torch.tensor(lengths)[:, None]
    return loss + 0.5 * sequence_losses(emissions, tags, mask, layers).mean()


def _intent_weights(intents: torch.Tensor) -> torch.Tensor:
    """Weights that bring rare intents half-way to the frequent ones."""
    counts = torch.bincount(intents, minlength=len(INTENTS)).float().clamp(min=1)
    weights = (counts.mean() / counts).sqrt()
    return weights / weights.mean()


@torch.no_grad()
def _standardise(layers: MessageLayers, data: Prepared) -> None:
    words = torch.cat(data.words)
    inputs = ((layers.message, (data.pooled,)), (layers.tag, (words, words, words, data.pooled)))
    for head, states in inputs:
        head.mean.copy_(torch.cat([part.mean(0) for part in states]))
        spread = torch.cat([part.std(0) for part in states])
        # a state that hardly moves says nothing, and its scale would not fit half precision
        head.scale.copy_(torch.where(spread > _LEAST_SPREAD, 1 / spread.clamp(min=_LEAST_SPREAD), 0.0))
