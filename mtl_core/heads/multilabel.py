"""Multilabel tasks: any number of labels may hold of a text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import torch
from torch import nn

from mtl_core.data.examples import Example, Label
from mtl_core.heads.base import Activation, Decision, EncoderStates, HeadSettings, Prediction, Targets, TaskHead, Unit
from mtl_core.heads.independent import independent_loss, independent_targets, label_thresholds
from mtl_core.heads.registry import register_head
from mtl_core.losses import LossOptions, TaskLoss
from mtl_core.tasks import Task

__all__ = ["MultilabelHead"]


@register_head("multilabel")
class MultilabelHead(TaskHead):
    """Which of several things hold of a text?

    Args:
        task: The task, with its labels.
        dimension: Length of the encoder's states.
        settings: Shape of the head.
    """

    kind: ClassVar[str] = "multilabel"
    unit: ClassVar[Unit] = "label"
    activation: ClassVar[Activation | None] = "sigmoid"

    def __init__(self, task: Task, dimension: int, settings: HeadSettings) -> None:
        super().__init__(task, dimension, settings)
        # a weight for the absence and one for the presence of each label
        self.register_buffer("class_weights", torch.ones(len(task.labels), 2))
        self.dropout = nn.Dropout(settings.dropout)
        self.linear = nn.Linear(dimension, len(task.labels))

    def forward(self, states: EncoderStates) -> torch.Tensor:
        """Logits ``[examples, labels]``."""
        logits: torch.Tensor = self.linear(self.dropout(states.vectors))
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
        """See the base class."""
        del states
        probabilities = self.probabilities(logits, decision)
        held = (probabilities >= label_thresholds(decision, len(self.task.labels)).to(logits.device)).tolist()
        return [
            Prediction(self._names(row), tuple(chances))
            for row, chances in zip(held, probabilities.tolist(), strict=True)
        ]

    def _names(self, held: Sequence[bool]) -> Label:
        return tuple(label for label, holds in zip(self.task.labels, held, strict=True) if holds)
