"""Multiclass tasks: one label of several holds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import torch
from torch import nn

from mtl_core.data.examples import Example
from mtl_core.errors import InputError
from mtl_core.heads.base import Activation, Decision, EncoderStates, HeadSettings, Prediction, Targets, TaskHead
from mtl_core.heads.masking import labelled_logits, masked_loss
from mtl_core.heads.registry import register_head
from mtl_core.losses import LossOptions, TaskLoss, class_losses, distillation_losses
from mtl_core.tasks import Task

__all__ = ["MulticlassHead"]


@register_head("multiclass")
class MulticlassHead(TaskHead):
    """Which one of several labels is a text's?

    Args:
        task: The task, with its labels.
        dimension: Length of the encoder's states.
        settings: Shape of the head.
    """

    kind: ClassVar[str] = "multiclass"
    activation: ClassVar[Activation | None] = "softmax"

    def __init__(self, task: Task, dimension: int, settings: HeadSettings) -> None:
        super().__init__(task, dimension, settings)
        self.dropout = nn.Dropout(settings.dropout)
        self.linear = nn.Linear(dimension, len(self.task.labels))

    def forward(self, states: EncoderStates) -> torch.Tensor:
        """Logits ``[examples, labels]``."""
        logits: torch.Tensor = self.linear(self.dropout(states.vectors))
        return logits

    def targets(self, examples: Sequence[Example]) -> Targets:
        """Class numbers ``[examples]``; see the base class."""
        name, labels = self.task.name, len(self.task.labels)
        values, known = torch.zeros(len(examples), dtype=torch.long), torch.zeros(len(examples), dtype=torch.bool)
        soft, taught = torch.zeros(len(examples), labels), torch.zeros(len(examples), dtype=torch.bool)
        for row, example in enumerate(examples):
            if name in example.labels:
                label = example.labels[name]
                if not isinstance(label, str):
                    raise InputError(f"{example.source}: task {name!r} takes one label, not {list(label)}.")
                values[row], known[row] = self._class_of(label, source=example.source), True
            if name in example.soft:
                if len(example.soft[name]) != labels:
                    raise InputError(
                        f"{example.source}: the teacher gives {len(example.soft[name])} probabilities "
                        f"for {name!r}, not {labels}."
                    )
                soft[row], taught[row] = torch.tensor(example.soft[name]), True
        return Targets(values, known, soft, taught) if bool(taught.any()) else Targets(values, known)

    def _class_of(self, label: str, *, source: str) -> int:
        """Number of a label; of several right answers that are no label together, the first that is one."""
        separator = self.task.separator
        if label in self.task.labels or separator is None:
            return self.number(label, source=source)
        known = [part for part in label.split(separator) if part in self.task.labels]
        return self.number(known[0] if known else label, source=source)

    def loss(self, logits: torch.Tensor, targets: Targets, options: LossOptions, *, plain: bool = False) -> TaskLoss:
        """See the base class."""
        weights = self.class_weights if options.class_weights and not plain else None
        logits = labelled_logits(logits, targets)
        hard = class_losses(logits, targets.values, options, class_weights=weights, smooth=not plain)
        teacher = torch.zeros_like(logits) if targets.soft is None else targets.soft
        return masked_loss(
            hard,
            targets,
            options,
            plain=plain,
            soft=lambda: distillation_losses(logits, teacher, temperature=options.temperature),
        )

    def probabilities(self, logits: torch.Tensor, decision: Decision) -> torch.Tensor:
        """Probability of each label, ``[examples, labels]``, summing to one."""
        return torch.softmax(logits / decision.temperature, dim=-1)

    def predict(self, logits: torch.Tensor, decision: Decision, states: EncoderStates) -> list[Prediction]:
        """See the base class."""
        del states
        return [
            Prediction(self.task.labels[max(range(len(row)), key=row.__getitem__)], tuple(row))
            for row in self.probabilities(logits, decision).tolist()
        ]
