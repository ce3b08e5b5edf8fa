"""Evidence tasks: labels of a whole document, each with the passages that speak for it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import torch
from torch import nn

from mtl_core.data.examples import Example
from mtl_core.heads.base import Activation, Decision, EncoderStates, HeadSettings, Prediction, Targets, TaskHead, Unit
from mtl_core.heads.independent import independent_loss, independent_targets, label_thresholds
from mtl_core.heads.registry import register_head
from mtl_core.losses import LossOptions, TaskLoss
from mtl_core.tasks import Task

__all__ = ["EvidenceTaskHead"]

_QUOTES = 3


@register_head("evidence")
class EvidenceTaskHead(TaskHead):
    """Gated attention over the passages of a document, one attention a label; its weights are the evidence.

    A label's vector is the weighted sum of the passages' vectors (tanh, context vector, softmax), its logit is
    linear in that vector (Ilse et al., Attention-based deep multiple instance learning, ICML 2018).

    Args:
        task: The task; its labels are the measures.
        dimension: Length of the encoder's states.
        settings: Shape of the head.
    """

    kind: ClassVar[str] = "evidence"
    unit: ClassVar[Unit] = "label"
    activation: ClassVar[Activation | None] = "sigmoid"

    def __init__(self, task: Task, dimension: int, settings: HeadSettings) -> None:
        super().__init__(task, dimension, settings)
        labels = len(task.labels)
        self.register_buffer("class_weights", torch.ones(labels, 2))
        self.dropout = nn.Dropout(settings.dropout)
        self.project = nn.Linear(dimension, dimension)
        self.context = nn.Linear(dimension, labels, bias=False)
        self.weight = nn.Parameter(torch.randn(labels, dimension) * dimension**-0.5)
        self.bias = nn.Parameter(torch.zeros(labels))

    def attention(self, states: EncoderStates) -> list[torch.Tensor]:
        """Weights ``[segments, labels]`` of each document, summing to one over its segments."""
        scores = self.context(torch.tanh(self.project(states.pooled)))
        return [part.softmax(0) for part in torch.split(scores, states.lengths.tolist())]

    def forward(self, states: EncoderStates) -> torch.Tensor:
        """Logits ``[examples, labels]``."""
        parts = torch.split(states.pooled, states.lengths.tolist())
        seen = torch.stack([weights.T @ part for weights, part in zip(self.attention(states), parts, strict=True)])
        logits: torch.Tensor = (self.dropout(seen) * self.weight).sum(-1) + self.bias
        return logits

    def targets(self, examples: Sequence[Example]) -> Targets:
        """Values ``[examples, labels]``; see the base class."""
        return independent_targets(self, examples, labels=len(self.task.labels))

    def loss(self, logits: torch.Tensor, targets: Targets, options: LossOptions, *, plain: bool = False) -> TaskLoss:
        """See the base class."""
        return independent_loss(logits, targets, options, class_weights=self.class_weights, plain=plain)

    def probabilities(self, logits: torch.Tensor, decision: Decision) -> torch.Tensor:
        """Probability of each label, ``[examples, labels]``."""
        return torch.sigmoid(logits / decision.temperature)

    def predict(self, logits: torch.Tensor, decision: Decision, states: EncoderStates) -> list[Prediction]:
        """See the base class; the evidence of a label is its passages by falling attention."""
        thresholds = label_thresholds(decision, len(self.task.labels)).tolist()
        predictions = []
        # the states may be inference tensors, of which no gradient can be taken
        with torch.no_grad():
            attention = self.attention(states)
        for row, weights in zip(self.probabilities(logits, decision).tolist(), attention, strict=True):
            held = tuple(
                label for label, chance, cut in zip(self.task.labels, row, thresholds, strict=True) if chance >= cut
            )
            order = torch.sort(weights, dim=0, descending=True, stable=True).indices[:_QUOTES].T.tolist()
            predictions.append(Prediction(held, tuple(row), tuple(map(tuple, order))))
        return predictions
