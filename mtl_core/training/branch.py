"""Training of the branch: tuned copies of the upper layers and the part of the evidence head that reads them."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from mtl_core.branch import EncoderBranch
from mtl_core.encoder import masked_mean
from mtl_core.features import HEADING_WEIGHT
from mtl_core.heads import smooth_maximum
from mtl_core.training.branch_data import BranchDocument, TokenStates
from mtl_core.training.linear_scores import LinearScores
from mtl_core.training.moving_average import follow
from mtl_core.tuned_layers import TunedLayers, copied_layers

if TYPE_CHECKING:
    from mtl_core.encoder import SharedEncoder

__all__ = ["BranchOptions", "Encode", "fit_branch"]

Encode = Callable[[TokenStates, Sequence[int]], torch.Tensor]
"""Pooled vectors ``[texts, dimension]`` of some texts, by the layers as they are."""

_TOP = 3
"""Segments that decide on a plan, as in the evidence head."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BranchOptions:
    """How the branch is trained.

    Args:
        layers: How many of the last layers it copies.
        epochs: Passes over the plans.
        learning_rate: Highest rate of the layers, one cycle.
        head_rate: The same of the linear part.
        plans: Plans a step; single segments are dealt evenly over the steps.
        segments: The most segments of one plan that a step reads; quoted ones always are.
        dropout: Share of the values that the linear part does not see.
        average: Decay of the moving average of the weights, which is what is kept.
        segment_share: Weight of the loss of the segments beside that of the plans.
        order_share: The same of the loss of their order within a plan.
        weight_decay: Of the layers.
        seed: Of order, choice and dropout.
    """

    layers: int = 2
    epochs: int = 4
    learning_rate: float = 2e-4
    head_rate: float = 2e-3
    plans: int = 4
    segments: int = 48
    dropout: float = 0.1
    average: float = 0.98
    segment_share: float = 3.0
    order_share: float = 0.5
    weight_decay: float = 0.05
    seed: int = 0


def fit_branch(
    encoder: SharedEncoder,
    states: TokenStates,
    documents: Sequence[BranchDocument],
    options: BranchOptions,
    *,
    report: Callable[[str], None] | None = None,
    prepare: Callable[[TunedLayers], None] | None = None,
    distance: Callable[[Encode], torch.Tensor] | None = None,
) -> tuple[EncoderBranch, LinearScores]:
    """Tune copies of the upper layers on labelled segments and plans.

    The loss is that of each labelled segment, weighted towards the rarer label, that of the plan, whose logit is the
    smooth maximum of its best segments as in the evidence head, and that of the order of its segments.

    Args:
        encoder: The shared encoder; it is not changed.
        states: Token states of every text.
        documents: Plans and single segments.
        options: See the class.
        report: Gets a line an epoch.
        prepare: Changes the copies before they are tuned, for instance to freeze them below adapters.
        distance: A further loss of each step.

    Returns:
        The branch, and weights ``[features, measures]`` over features made of its vectors.
    """
    with torch.random.fork_rng():
        torch.manual_seed(options.seed)
        network = _Network(encoder, documents, options)
        if prepare is not None:
            prepare(network.layers)
        _fit(network, states, documents, options, report=report or (lambda _: None), distance=distance)
    branch = EncoderBranch(network.layers, tap=encoder.layer_count - 1 - options.layers).eval()
    weights = network.linear.weight.detach().double().numpy().T
    return branch, LinearScores(weights, network.linear.bias.detach().double().numpy())


class _Network(nn.Module):
    """Layers, linear part, and a scale of the plan logits that only training needs."""

    positive: torch.Tensor

    def __init__(self, encoder: SharedEncoder, documents: Sequence[BranchDocument], options: BranchOptions) -> None:
        super().__init__()
        measures, places = documents[0].labels.shape[1], documents[0].places.shape[1]
        self.layers = copied_layers(encoder, options.layers)
        self.dropout = nn.Dropout(options.dropout)
        self.linear = nn.Linear(2 * encoder.dimension + places, measures)
        nn.init.zeros_(self.linear.weight)
        nn.init.normal_(self.linear.weight[:, : encoder.dimension], std=0.02)
        nn.init.constant_(self.linear.bias, -2.0)
        self.options = options
        self.register_buffer("positive", _positive_weights(documents))
        self.slope = nn.Parameter(torch.ones(measures))
        self.offset = nn.Parameter(torch.zeros(measures))

    def vectors(self, states: TokenStates, texts: Sequence[int], *, tokens: int = 4096) -> torch.Tensor:
        """Pooled vectors ``[texts, dimension]``."""
        order = sorted(range(len(texts)), key=lambda row: states.offsets[texts[row] + 1] - states.offsets[texts[row]])
        lengths = [int(states.offsets[texts[row] + 1] - states.offsets[texts[row]]) for row in order]
        parts, start = [], 0
        while start < len(order):
            stop = start + 1
            while stop < len(order) and (stop - start + 1) * lengths[stop] <= tokens:
                stop += 1
            padded, mask = states.batch([texts[row] for row in order[start:stop]])
            with torch.autocast("cpu", torch.bfloat16):
                after = self.layers(padded, mask)
            parts.append(masked_mean(after, mask))
            start = stop
        return torch.cat(parts)[torch.from_numpy(np.argsort(order))]

    def forward(self, states: TokenStates, documents: Sequence[BranchDocument]) -> torch.Tensor:
        """Scores ``[segments of all documents, measures]``."""
        texts = np.concatenate([document.texts for document in documents])
        headings = np.concatenate([document.headings for document in documents])
        wanted = np.unique(np.r_[texts, headings[headings >= 0]])
        vectors = self.vectors(states, wanted.tolist())
        vectors = torch.cat([vectors, vectors.new_zeros(1, vectors.shape[1])])
        above = np.where(headings >= 0, np.searchsorted(wanted, headings), len(wanted))
        seen = [vectors[np.searchsorted(wanted, texts)], HEADING_WEIGHT * vectors[above]]
        places = torch.from_numpy(np.concatenate([document.places for document in documents]))
        scores: torch.Tensor = self.linear(torch.cat([self.dropout(torch.cat(seen, 1)), places], 1))
        return scores


def _fit(
    network: _Network,
    states: TokenStates,
    documents: Sequence[BranchDocument],
    options: BranchOptions,
    *,
    report: Callable[[str], None],
    distance: Callable[[Encode], torch.Tensor] | None,
) -> None:
    plans = [document for document in documents if len(document.texts) > 1]
    singles = [document for document in documents if len(document.texts) <= 1]
    generator = np.random.default_rng(options.seed)
    layers = [weights for weights in network.layers.parameters() if weights.requires_grad]
    others = [*network.linear.parameters(), network.slope, network.offset]
    optimiser = torch.optim.AdamW(
        [
            {"params": layers, "lr": options.learning_rate, "weight_decay": options.weight_decay},
            {"params": others, "lr": options.head_rate, "weight_decay": 0.0},
        ]
    )
    steps = options.epochs * -(-len(plans) // options.plans)
    rates = [options.learning_rate, options.head_rate]
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, rates, total_steps=steps + 1, pct_start=0.15)
    average = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    done = itertools.count(1)
    network.train()
    for epoch in range(options.epochs):
        losses = []
        for chosen, extra in _steps(plans, singles, options, generator):
            loss = _loss(network, states, chosen, extra)
            loss = loss if distance is None else loss + distance(network.vectors)
            loss.backward()  # type: ignore[no-untyped-call]
            nn.utils.clip_grad_norm_(network.parameters(), 1.0)
            optimiser.step()
            schedule.step()
            optimiser.zero_grad()
            losses.append(float(loss.detach()))
            follow(average, network, done=next(done), decay=options.average)
        report(f"branch, epoch {epoch + 1} of {options.epochs}: loss {np.mean(losses):.3f}")
    network.load_state_dict(average)
    network.eval()


def _steps(
    plans: Sequence[BranchDocument],
    singles: Sequence[BranchDocument],
    options: BranchOptions,
    generator: np.random.Generator,
) -> Iterator[tuple[list[BranchDocument], list[BranchDocument]]]:
    """Plans and single segments of each step of one epoch."""
    order, rest = generator.permutation(len(plans)), generator.permutation(len(singles))
    count = -(-len(plans) // options.plans)
    for step, dealt in enumerate(np.array_split(rest, count)):
        rows = order[step * options.plans : (step + 1) * options.plans]
        yield [_shortened(plans[row], options.segments, generator) for row in rows], [singles[row] for row in dealt]


def _shortened(plan: BranchDocument, most: int, generator: np.random.Generator) -> BranchDocument:
    """The quoted segments of a long plan and a random choice of the others."""
    if len(plan.texts) <= most:
        return plan
    quoted = np.flatnonzero((plan.labels == 1).any(1))
    others = np.setdiff1d(np.arange(len(plan.texts)), quoted)
    kept = generator.choice(others, max(min(most - len(quoted), len(others)), 0), replace=False)
    rows = np.sort(np.r_[quoted, kept]).astype(np.int64)
    return BranchDocument(
        plan.texts[rows], plan.headings[rows], plan.places[rows], plan.labels[rows], plan.present, plan.group
    )


def _positive_weights(documents: Sequence[BranchDocument]) -> torch.Tensor:
    """Root of the ratio of the labels, a measure."""
    labels = np.concatenate([document.labels for document in documents])
    ratio = (labels == 0).sum(0) / np.maximum((labels == 1).sum(0), 1)
    return torch.from_numpy(np.sqrt(ratio)).float()


def _loss(
    network: _Network,
    states: TokenStates,
    plans: Sequence[BranchDocument],
    singles: Sequence[BranchDocument],
) -> torch.Tensor:
    documents, options = [*plans, *singles], network.options
    scores = network(states, documents)
    parts = torch.split(scores, [len(document.texts) for document in documents])[: len(plans)]
    segments = _segment_loss(scores, documents, network.positive)
    return (
        options.segment_share * segments
        + _plan_loss(network, parts, plans)
        + options.order_share * _order_loss(parts, plans)
    )


def _segment_loss(scores: torch.Tensor, documents: Sequence[BranchDocument], positive: torch.Tensor) -> torch.Tensor:
    labels = torch.from_numpy(np.concatenate([document.labels for document in documents])).float()
    weights = torch.where(labels > 0, positive, torch.ones(1)) * (labels >= 0)
    each = functional.binary_cross_entropy_with_logits(scores, labels.clamp(min=0), reduction="none")
    return (each * weights).sum() / weights.sum().clamp(min=1)


def _plan_loss(network: _Network, parts: Sequence[torch.Tensor], plans: Sequence[BranchDocument]) -> torch.Tensor:
    # softer than in the head, so that the loss reaches more than one segment
    best = torch.stack([smooth_maximum(part, top=_TOP, temperature=1.0) for part in parts])
    logits = best * functional.softplus(network.slope) + network.offset
    present = torch.from_numpy(np.stack([plan.present for plan in plans])).float()
    known = (present >= 0).float()
    whole = functional.binary_cross_entropy_with_logits(logits, present.clamp(min=0), weight=known, reduction="sum")
    return whole / known.sum().clamp(min=1)


def _order_loss(parts: Sequence[torch.Tensor], plans: Sequence[BranchDocument]) -> torch.Tensor:
    """How unlikely it is that a quoted segment comes first among all of its plan, by a softmax over their scores.

    It orders passages within a plan, where the loss of single segments knows those that nobody quoted only from plans
    without the measure. The top-one likelihood of Cao et al., Learning to rank: from pairwise approach to listwise
    approach, ICML 2007.
    """
    losses = []
    for part, plan in zip(parts, plans, strict=True):
        quoted = torch.from_numpy(plan.labels == 1)
        ordered = quoted.any(0) & torch.from_numpy(plan.present == 1)
        scores = part[:, ordered]
        right = scores.masked_fill(~quoted[:, ordered], -torch.inf)
        losses.append(torch.logsumexp(scores, 0) - torch.logsumexp(right, 0))
    return torch.cat(losses).mean() if sum(map(len, losses)) else parts[0].new_zeros(())
