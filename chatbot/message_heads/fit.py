"""Fitting of the message heads and of the tuned layers below them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import nn

from chatbot.message_heads.layers import INTENTS, HeadSizes, MessageLayers, sequence_losses
from chatbot.message_heads.prepared import Prepared, read_states
from mtl_core.training.moving_average import follow

if TYPE_CHECKING:
    from mtl_core.tuned_layers import TunedLayers

__all__ = ["FitOptions", "Messages", "fit_heads"]

_LEAST_SPREAD = 1e-3
_SPREAD_ROWS = 3_000
_SORTED = 24
"""Batches whose rows are sorted by length together, so that little padding is read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FitOptions:
    """How the heads are fitted.

    Args:
        epochs: Passes over the messages.
        batch: Messages a step.
        rate: Highest learning rate of the heads in the one-cycle schedule.
        tuned_rate: The same of the tuned layers.
        decay: Weight decay of the heads.
        dropout: Share of inputs left out.
        bag_dropout: Share of messages and words whose hashed features are left out.
        smoothing: Of the labels.
        framed_share: Share of the messages from frames that an epoch reads.
        average: Decay of the moving average of the weights, which is what is kept.
        seed: Of weights and order.
    """

    epochs: int = 7
    batch: int = 32
    rate: float = 2e-3
    tuned_rate: float = 2.5e-4
    decay: float = 0.05
    dropout: float = 0.3
    bag_dropout: float = 0.4
    smoothing: float = 0.05
    framed_share: float = 0.3
    average: float = 0.995
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Messages:
    """Messages to learn from, each with its variations.

    Args:
        data: All of them.
        written: For each message that was written by itself, the numbers of its variations.
        framed: The same for messages that a frame gave.
    """

    data: Prepared
    written: list[list[int]]
    framed: list[list[int]]


def fit_heads(
    messages: Messages,
    tuned: TunedLayers,
    *,
    sizes: HeadSizes,
    options: FitOptions,
    report: Callable[[str], None] = lambda _: None,
) -> MessageLayers:
    """Fit every head together with the layers below.

    Args:
        messages: The training messages.
        tuned: The layers; they are changed.
        sizes: Sizes of the heads.
        options: See the class.
        report: Gets a line after each epoch.

    Returns:
        The heads, in evaluation mode.
    """
    data = messages.data
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(options.seed)
        layers = MessageLayers(sizes, dropout=options.dropout)
        _standardise(layers, tuned, data)
        both = nn.ModuleList([layers, tuned]).train()
        optimiser, schedule = _optimiser(layers, tuned, messages, options)
        average = {name: tensor.clone() for name, tensor in both.state_dict().items()}
        done = 0
        for epoch in range(options.epochs):
            total, seen = 0.0, 0
            for rows in _batches(messages, options):
                loss = _loss(layers, tuned, data, rows, options)
                optimiser.zero_grad()
                loss.backward()  # type: ignore[no-untyped-call]
                nn.utils.clip_grad_norm_(both.parameters(), 2.0)
                optimiser.step()
                schedule.step()
                done += 1
                follow(average, both, done=done, decay=options.average)
                total, seen = total + loss.item() * len(rows), seen + len(rows)
            report(f"epoch {epoch + 1} of {options.epochs}: loss {total / seen:.3f}")
        both.load_state_dict(average)
        both.eval()
    return layers


def _optimiser(
    layers: MessageLayers, tuned: TunedLayers, messages: Messages, options: FitOptions
) -> tuple[torch.optim.AdamW, torch.optim.lr_scheduler.OneCycleLR]:
    optimiser = torch.optim.AdamW(
        [
            {"params": list(layers.parameters()), "lr": options.rate, "weight_decay": options.decay},
            {"params": list(tuned.parameters()), "lr": options.tuned_rate, "weight_decay": 0.01},
        ]
    )
    rows = len(messages.written) + int(options.framed_share * len(messages.framed))
    # one batch of each sorted part may be short
    steps = options.epochs * (-(-rows // options.batch) + 1)
    rates = [options.rate, options.tuned_rate]
    return optimiser, torch.optim.lr_scheduler.OneCycleLR(optimiser, rates, total_steps=steps, pct_start=0.1)


def _batches(messages: Messages, options: FitOptions) -> Iterator[list[int]]:
    """The rows of one epoch: a variation of each written message and of a share of the framed ones."""
    framed = torch.randperm(len(messages.framed))[: int(options.framed_share * len(messages.framed))]
    groups = [*messages.written, *(messages.framed[row] for row in framed.tolist())]
    rows = torch.tensor([group[int(torch.randint(len(group), (1,)))] for group in groups])
    rows = rows[torch.randperm(len(rows))]
    lengths = torch.tensor([len(tokens.start) for tokens in messages.data.tokens])
    batches: list[list[int]] = []
    for part in torch.split(rows, options.batch * _SORTED):
        ordered = part[torch.argsort(lengths[part], stable=True)]
        batches += [batch.tolist() for batch in torch.split(ordered, options.batch)]
    for number in torch.randperm(len(batches)).tolist():
        yield batches[number]


def _loss(
    layers: MessageLayers, tuned: TunedLayers, data: Prepared, rows: Sequence[int], options: FitOptions
) -> torch.Tensor:
    step = read_states(tuned, data, rows)
    weights = _intent_weights(data.labels[:, 0])
    keep = (torch.rand(len(rows)) >= options.bag_dropout).float()
    logits = layers.labels(step.pooled, step.messages, keep)
    intents, categories, sentiments = data.labels[list(rows)].unbind(1)
    smoothing = options.smoothing
    loss = nn.functional.cross_entropy(logits[0], intents, weight=weights, label_smoothing=smoothing)
    loss = loss + 0.3 * nn.functional.cross_entropy(logits[1], categories, label_smoothing=smoothing)
    loss = loss + 0.3 * nn.functional.cross_entropy(logits[2], sentiments, label_smoothing=smoothing)
    keep = (torch.rand(len(step.context)) >= options.bag_dropout).float()
    flat = layers.emissions(step.context, step.words, keep)
    emissions = nn.utils.rnn.pad_sequence(list(torch.split(flat, step.lengths)), batch_first=True)
    tags = nn.utils.rnn.pad_sequence([data.tags[row] for row in rows], batch_first=True)
    mask = torch.arange(tags.shape[1]) < torch.tensor(step.lengths)[:, None]
    return loss + 0.5 * sequence_losses(emissions, tags, mask, layers).mean()


def _intent_weights(intents: torch.Tensor) -> torch.Tensor:
    """Weights that bring rare intents half-way to the frequent ones."""
    counts = torch.bincount(intents, minlength=len(INTENTS)).float().clamp(min=1)
    weights = (counts.mean() / counts).sqrt()
    return weights / weights.mean()


@torch.no_grad()
def _standardise(layers: MessageLayers, tuned: TunedLayers, data: Prepared) -> None:
    rows = torch.randperm(len(data.tokens))[:_SPREAD_ROWS]
    steps = [read_states(tuned, data, part.tolist()) for part in torch.split(rows, 64)]
    pooled, context = torch.cat([step.pooled for step in steps]), torch.cat([step.context for step in steps])
    for head, states in ((layers.message, pooled), (layers.tag, context)):
        head.mean.copy_(states.mean(0))
        spread = states.std(0)
        # a state that hardly moves says nothing, and its scale would not fit half precision
        head.scale.copy_(torch.where(spread > _LEAST_SPREAD, 1 / spread.clamp(min=_LEAST_SPREAD), 0.0))
