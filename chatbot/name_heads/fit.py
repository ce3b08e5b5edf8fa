"""Fitting of the name heads and of the tuned layers below them."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import nn

from chatbot.message_heads.features import word_features
from chatbot.message_heads.layers import Bags
from chatbot.message_heads.prepared import tuned_context
from chatbot.message_heads.rows import word_spans
from chatbot.message_heads.states import MessageEncoder, MessageTokens
from chatbot.name_heads.layers import NameLayers, NameSizes, word_inputs
from chatbot.name_heads.passages import Passage
from chatbot.name_heads.words import word_marks
from mtl_core.training.moving_average import follow

if TYPE_CHECKING:
    from mtl_core.tuned_layers import TunedLayers

__all__ = ["NameFitOptions", "PreparedPassage", "fit_names", "prepare_passages", "renamed", "word_logits"]

_SPREAD_ROWS = 1_500
_LEAST_SPREAD = 1e-3


@dataclass(frozen=True, slots=True, kw_only=True)
class NameFitOptions:
    """How the heads are fitted.

    Args:
        epochs: Passes over the passages.
        batch: Passages a step.
        rate: Highest learning rate of the head in the one-cycle schedule.
        tuned_rate: The same of the tuned layers.
        decay: Weight decay of the head.
        dropout: Share of inputs left out.
        bag_dropout: Share of words whose hashed features are left out.
        variations: Copies of a passage with other names, beside the passage itself.
        average: Decay of the moving average of the weights, which is what is kept.
        seed: Of weights, order and names.
    """

    epochs: int = 6
    batch: int = 16
    rate: float = 1e-3
    tuned_rate: float = 2.5e-4
    decay: float = 0.05
    dropout: float = 0.2
    bag_dropout: float = 0.5
    variations: int = 2
    average: float = 0.99
    seed: int = 0


@dataclass(frozen=True, slots=True)
class PreparedPassage:
    """A passage as tensors.

    Args:
        tokens: What the frozen encoder sees.
        marks: ``[words, MARKS]``.
        buckets: Hashed features of each word.
        labels: ``[words]`` 1 where a word belongs to a name.
    """

    tokens: MessageTokens
    marks: torch.Tensor
    buckets: list[list[int]]
    labels: torch.Tensor


def renamed(passage: Passage, names: Sequence[str], *, seed: str) -> Passage:
    """The passage with other names in the places of its own.

    Args:
        passage: The passage.
        names: Names to choose from.
        seed: Of the choice.

    Returns:
        A passage of the same shape.
    """
    choice = random.Random(seed)  # noqa: S311 - variety, not a secret
    text, spans, end = "", [], 0
    for start, stop in passage.names:
        old = passage.text[start:stop]
        alike = [
            name for name in names if len(name.split()) == len(old.split()) and name[:1].isupper() == old[:1].isupper()
        ]
        text += passage.text[end:start]
        new = choice.choice(alike or [old])
        spans.append((len(text), len(text) + len(new)))
        text, end = text + new, stop
    return Passage(text + passage.text[end:], tuple(spans))


def prepare_passages(passages: Sequence[Passage], encoder: MessageEncoder, sizes: NameSizes) -> list[PreparedPassage]:
    """Read passages with the frozen encoder and label their words.

    Args:
        passages: The passages.
        encoder: Reads them.
        sizes: Of the head.

    Returns:
        One entry a passage.
    """
    prepared = []
    for passage, tokens in zip(passages, encoder.tokens([one.text for one in passages]), strict=True):
        spans = word_spans(passage.text)
        words = [passage.text[start:end] for start, end in spans]
        labels = [any(start < stop and begin < end for begin, stop in passage.names) for start, end in spans]
        prepared.append(
            PreparedPassage(
                tokens,
                word_marks(passage.text),
                word_features(words, buckets=sizes.buckets),
                torch.tensor(labels, dtype=torch.float32),
            )
        )
    return prepared


def word_logits(
    layers: NameLayers, tuned: TunedLayers, data: Sequence[PreparedPassage], keep: float = 1.0
) -> torch.Tensor:
    """Logits of the words of some passages, one after another; gradients flow to both.

    Args:
        layers: The head.
        tuned: The layers below it.
        data: The passages.
        keep: Share of the words whose hashed features are read.

    Returns:
        ``[words of all passages]``.
    """
    _, context = tuned_context(tuned, [one.tokens for one in data])
    bags = Bags.of([bucket for one in data for bucket in one.buckets])
    kept = None if keep >= 1 else (torch.rand(len(context)) < keep).float()
    logits: torch.Tensor = layers(word_inputs(context, torch.cat([one.marks for one in data])), bags, kept)
    return logits


def fit_names(
    groups: Sequence[Sequence[PreparedPassage]],
    tuned: TunedLayers,
    *,
    sizes: NameSizes,
    options: NameFitOptions,
    report: Callable[[str], None] = lambda _: None,
) -> NameLayers:
    """Fit the head together with the layers below.

    Args:
        groups: For each passage its variations; an epoch reads one of them.
        tuned: The layers; they are changed.
        sizes: Of the head.
        options: See the class.
        report: Gets a line after each epoch.

    Returns:
        The head, in evaluation mode.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(options.seed)
        layers = NameLayers(sizes, dropout=options.dropout)
        _standardise(layers, tuned, [group[0] for group in groups[:_SPREAD_ROWS]])
        both = nn.ModuleList([layers, tuned]).train()
        optimiser, schedule = _optimiser(
            layers, tuned, steps=options.epochs * -(-len(groups) // options.batch), options=options
        )
        average = {name: tensor.clone() for name, tensor in both.state_dict().items()}
        done = 0
        for epoch in range(options.epochs):
            total = 0.0
            for rows in torch.split(torch.randperm(len(groups)), options.batch):
                chosen = [groups[row][int(torch.randint(len(groups[row]), (1,)))] for row in rows.tolist()]
                logits = word_logits(layers, tuned, chosen, 1 - options.bag_dropout)
                labels = torch.cat([one.labels for one in chosen])
                loss = nn.functional.binary_cross_entropy_with_logits(logits, labels)
                optimiser.zero_grad()
                loss.backward()  # type: ignore[no-untyped-call]
                nn.utils.clip_grad_norm_(both.parameters(), 1.0)
                optimiser.step()
                schedule.step()
                done += 1
                follow(average, both, done=done, decay=options.average)
                total += loss.item() * len(rows)
            report(f"epoch {epoch + 1} of {options.epochs}: loss {total / len(groups):.4f}")
        both.load_state_dict(average)
        both.eval()
    return layers


def _optimiser(
    layers: NameLayers, tuned: TunedLayers, *, steps: int, options: NameFitOptions
) -> tuple[torch.optim.AdamW, torch.optim.lr_scheduler.OneCycleLR]:
    optimiser = torch.optim.AdamW(
        [
            {"params": list(layers.parameters()), "lr": options.rate, "weight_decay": options.decay},
            {"params": list(tuned.parameters()), "lr": options.tuned_rate, "weight_decay": 0.01},
        ]
    )
    rates = [options.rate, options.tuned_rate]
    return optimiser, torch.optim.lr_scheduler.OneCycleLR(optimiser, rates, total_steps=steps + 1, pct_start=0.1)


@torch.no_grad()
def _standardise(layers: NameLayers, tuned: TunedLayers, data: Sequence[PreparedPassage]) -> None:
    """Set mean and scale of the inputs by some passages."""
    seen: list[torch.Tensor] = []
    hook = layers.head.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    for at in range(0, len(data), 64):
        word_logits(layers, tuned, data[at : at + 64])
    hook.remove()
    every = torch.cat(seen)
    layers.head.mean.copy_(every.mean(0))
    layers.head.scale.copy_(1 / every.std(0).clamp(min=_LEAST_SPREAD))
