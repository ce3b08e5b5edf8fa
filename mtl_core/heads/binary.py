"""Binary tasks: one logit, the second label is the positive one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import torch
from torch import nn

from mtl_core.data.examples import Example
from mtl_core.heads.base import Activation, Decision, EncoderStates, HeadSettings, Prediction, Targets, TaskHead
from mtl_core.heads.independent import independent_loss, independent_targets, label_thresholds
from mtl_core.heads.registry import register_head
from mtl_core.losses import LossOptions, TaskLoss
from mtl_core.tasks import ABSENT_PRESENT, Task

__all__ = ["BinaryHead"]


@register_head("binary")
class BinaryHead(TaskHead):
    """Does one thing hold of a text?

    Args:
        task: The task; without labels it takes ``0`` and ``1``.
        dimension: Length of the encoder's states.
        settings: Shape of the head.
    """

    kind: ClassVar[str] = "binary"
    activation: ClassVar[Activation | None] = "sigmoid"

    def __init__(self, task: Task, dimension: int, settings: HeadSettings) -> None:
        super().__init__(
            task if task.is_labelled else task.model_copy(update={"labels": ABSENT_PRESENT}), dimension, settings
        )
        self.dropout = nn.Dropout(settings.dropout)
        self.linear = nn.Linear(dimension, 1)

    def forward(self, states: EncoderStates) -> torch.Tensor:
        """Logits ``[examples, 1]``."""
        logits: torch.Tensor = self.linear(self.dropout(states.vectors))
        return logits

    def targets(self, examples: Sequence[Example]) -> Targets:
        """Values ``[examples, 1]``; see the base class."""
        return independent_targets(self, examples, labels=1)

    def loss(self, logits: torch.Tensor, targets: Targets, options: LossOptions, *, plain: bool = False) -> TaskLoss:
        """See the base class."""
        return independent_loss(logits, targets, options, class_weights=self.class_weights, plain=plain)

    def probabilities(self, logits: torch.Tensor, decision: Decision) -> torch.Tensor:
        """Probability of the positive label, ``[examples, 1]``."""
        return torch.sigmoid(logits / decision.temperature)

    def predict(self, logits: torch.Tensor, decision: Decision, states: EncoderStates) -> list[Prediction]:
        """See the base class."""
        del states
        threshold = float(label_thresholds(decision, 1)[0])
        chances = self.probabilities(logits, decision)[:, 0].tolist()
        return [Prediction(self.task.labels[int(chance >= threshold)], (chance,)) for chance in chances]
