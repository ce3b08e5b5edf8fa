"""What every head shares: what it sees of the encoder, its targets, its loss, its predictions."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal, NamedTuple

import torch
from pydantic import BaseModel, ConfigDict, Field
from torch import nn

from mtl_core.data.examples import Example, Label
from mtl_core.errors import InputError
from mtl_core.losses import LossOptions, TaskLoss
from mtl_core.tasks import Task

__all__ = [
    "CUT",
    "NO_WORD",
    "Activation",
    "Decision",
    "EncoderStates",
    "HeadSettings",
    "Prediction",
    "Targets",
    "TaskHead",
    "Unit",
]

CUT, NO_WORD = -1, -2
"""Marks in ``EncoderStates.words``."""

Unit = Literal["example", "word", "label"]
"""What a task is judged on: whole examples, the words of an example, or the labels of an example."""

Activation = Literal["softmax", "sigmoid"]
"""How logits become probabilities: one distribution over the labels, or a chance for each label."""


class HeadSettings(BaseModel):
    """Shape of the heads.

    Args:
        dropout: Share of a head's inputs that is dropped in training.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    dropout: float = Field(default=0.1, ge=0, lt=1)


@dataclass(frozen=True, slots=True)
class EncoderStates:
    """What one pass of the encoder gives for a batch of examples.

    Args:
        tokens: ``[sequences, tokens, dimension]`` last hidden states.
        mask: ``[sequences, tokens]`` 1 for a token, 0 for padding.
        pooled: ``[sequences, dimension]`` masked mean of the tokens, float32.
        lengths: ``[examples]`` number of sequences of each example, laid end to end.
        words: ``[examples, words]`` place of each word's first piece in its sequence, ``CUT`` for a word beyond
            the token budget, ``NO_WORD`` for padding.
    """

    tokens: torch.Tensor
    mask: torch.Tensor
    pooled: torch.Tensor
    lengths: torch.Tensor
    words: torch.Tensor

    @property
    def vectors(self) -> torch.Tensor:
        """``[examples, dimension]``: the sequences' vectors, averaged by their tokens."""
        if len(self.lengths) == len(self.pooled):
            return self.pooled
        owners = torch.repeat_interleave(torch.arange(len(self.lengths), device=self.lengths.device), self.lengths)
        sizes = self.mask.sum(1).to(self.pooled.dtype)
        total = torch.zeros(len(self.lengths), self.pooled.shape[1], dtype=self.pooled.dtype, device=sizes.device)
        weight = torch.zeros(len(self.lengths), dtype=self.pooled.dtype, device=sizes.device)
        total = total.index_add(0, owners, self.pooled * sizes[:, None])
        return total / weight.index_add(0, owners, sizes)[:, None]


class Targets(NamedTuple):
    """What a batch's examples say of one task.

    Args:
        values: Hard targets, in the shape of the kind; what is unknown holds any value.
        known: Same leading shape, true where a hard target is known.
        soft: A teacher's probabilities, or ``None`` where no example has any.
        taught: Same leading shape as ``known``, true where the teacher spoke.
    """

    values: torch.Tensor
    known: torch.Tensor
    soft: torch.Tensor | None = None
    taught: torch.Tensor | None = None


class Decision(BaseModel):
    """How logits become a decision: fitted on validation data, saved with the model.

    Args:
        temperature: Divides the logits (Guo et al., ICML 2017).
        thresholds: A probability from which each label holds; one number for a binary task, one a label for
            multilabel and evidence tasks, empty for the others.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    temperature: float = Field(default=1.0, gt=0, allow_inf_nan=False)
    thresholds: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Prediction:
    """What one head says of one example.

    Args:
        label: The decision, in the form of ``Example.labels``.
        probabilities: Calibrated probability by label; of the positive label alone for a binary task; of each
            word's chosen tag for a token task.
        evidence: By label, the numbers of the segments that speak most for it; evidence tasks alone.
    """

    label: Label
    probabilities: tuple[float, ...]
    evidence: tuple[tuple[int, ...], ...] = ()


class TaskHead(nn.Module, ABC):
    """A head: logits, targets, loss and decision of one kind of task.

    A new kind of task is a subclass in a file of its own, registered with ``register_head``.

    Args:
        task: The task, with its labels.
        dimension: Length of the encoder's states.
        settings: Shape of the head.

    Raises:
        InputError: If the task has no labels yet.
    """

    kind: ClassVar[str]
    unit: ClassVar[Unit] = "example"
    activation: ClassVar[Activation | None] = None
    """By which a temperature, and thresholds for chances, are fitted; ``None`` leaves a kind's decisions plain."""
    class_weights: torch.Tensor

    def __init__(self, task: Task, dimension: int, settings: HeadSettings) -> None:
        super().__init__()
        if not task.is_labelled:
            raise InputError(f"Task {task.name!r} has no labels; name them or take them from training data.")
        self.task = task
        self.settings = settings
        self.dimension = dimension
        self.register_buffer("class_weights", torch.ones(self.class_count))

    @property
    def class_count(self) -> int:
        """Number of classes that may be weighted."""
        return len(self.task.labels)

    @property
    def uses_tokens(self) -> bool:
        """Whether the head looks at token states, beside the pooled vector."""
        return False

    @abstractmethod
    def forward(self, states: EncoderStates) -> torch.Tensor:
        """Logits of a batch."""

    @abstractmethod
    def targets(self, examples: Sequence[Example]) -> Targets:
        """Targets of a batch; an example without a label of this task is masked.

        Raises:
            InputError: If a label is not one of the task's.
        """

    @abstractmethod
    def loss(self, logits: torch.Tensor, targets: Targets, options: LossOptions, *, plain: bool = False) -> TaskLoss:
        """Sum of the losses over what is labelled, and how much that is.

        Args:
            logits: Of this head.
            targets: Of the same batch.
            options: Which loss.
            plain: Without class weights and label smoothing, as for validation and test.
        """

    @abstractmethod
    def probabilities(self, logits: torch.Tensor, decision: Decision) -> torch.Tensor:
        """Calibrated probabilities, which are also what a teacher hands to a student."""

    @abstractmethod
    def predict(self, logits: torch.Tensor, decision: Decision, states: EncoderStates) -> list[Prediction]:
        """One prediction an example."""

    def classes(self, label: Label) -> list[int]:
        """Class numbers that a label counts for, by which classes are weighted.

        Raises:
            InputError: If the label is not one of the task's.
        """
        names = (label,) if isinstance(label, str) else label
        return [self.number(name) for name in names]

    def number(self, name: str, *, source: str = "") -> int:
        """Number of a label.

        Raises:
            InputError: If it is not one of the task's.
        """
        try:
            return self.task.labels.index(name)
        except ValueError:
            allowed = ", ".join(self.task.labels[:12]) + (", ..." if len(self.task.labels) > 12 else "")
            where = f"{source}: " if source else ""
            raise InputError(
                f"{where}{name!r} is not a label of task {self.task.name!r}; it may be one of: {allowed}."
            ) from None
