"""A kind of task that a user might add, in one file: labels in an order, such as grades."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import torch
import torch.nn.functional as F  # noqa: N812
from torch import nn

from mtl_core.data.examples import Example
from mtl_core.heads import Decision, EncoderStates, HeadSettings, Prediction, Targets, TaskHead, register_head
from mtl_core.losses import LossOptions, TaskLoss
from mtl_core.tasks import Task


@register_head("ordinal")
class OrdinalHead(TaskHead):
    """One score a text; the k-th logit says whether the label lies above the k-th."""

    kind: ClassVar[str] = "ordinal"

    def __init__(self, task: Task, dimension: int, settings: HeadSettings) -> None:
        super().__init__(task, dimension, settings)
        self.score = nn.Linear(dimension, 1)
        self.cuts = nn.Parameter(torch.linspace(-1, 1, len(task.labels) - 1))

    def forward(self, states: EncoderStates) -> torch.Tensor:
        return self.score(states.vectors) - self.cuts

    def targets(self, examples: Sequence[Example]) -> Targets:
        known = torch.tensor([self.task.name in example.labels for example in examples])
        numbers = [self.number(str(example.labels.get(self.task.name, self.task.labels[0]))) for example in examples]
        return Targets(torch.tensor(numbers), known)

    def loss(self, logits: torch.Tensor, targets: Targets, options: LossOptions, *, plain: bool = False) -> TaskLoss:
        above = (targets.values[:, None] > torch.arange(logits.shape[1])).to(logits.dtype)
        losses = F.binary_cross_entropy_with_logits(logits[targets.known], above[targets.known], reduction="none")
        return TaskLoss(losses.mean(-1).sum(), targets.known.sum().to(logits.dtype))

    def probabilities(self, logits: torch.Tensor, decision: Decision) -> torch.Tensor:
        above = torch.sigmoid(torch.sort(logits, descending=True).values)
        ends = torch.ones(len(logits), 1), torch.zeros(len(logits), 1)
        return torch.cat([ends[0], above], 1) - torch.cat([above, ends[1]], 1)

    def predict(self, logits: torch.Tensor, decision: Decision, states: EncoderStates) -> list[Prediction]:
        chances = self.probabilities(logits, decision)
        return [Prediction(self.task.labels[int(row.argmax())], tuple(row.tolist())) for row in chances]
