"""Token tasks: one BIO tag a word, read at the word's first piece."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import torch
from torch import nn

from mtl_core.data.examples import Example, Label
from mtl_core.errors import InputError
from mtl_core.heads.base import (
    NO_WORD,
    Activation,
    Decision,
    EncoderStates,
    HeadSettings,
    Prediction,
    Targets,
    TaskHead,
    Unit,
)
from mtl_core.heads.bio import best_path, forbidden_steps
from mtl_core.heads.masking import labelled_logits, masked_loss
from mtl_core.heads.registry import register_head
from mtl_core.losses import LossOptions, TaskLoss, class_losses, distillation_losses
from mtl_core.tasks import OUTSIDE, Task

__all__ = ["TokenHead"]


@register_head("token")
class TokenHead(TaskHead):
    """Which tag does each word carry?

    The score of a word is linear in the state of its first piece. Decoding takes the best sequence of tags in
    which I-x follows B-x or I-x alone, so that every span that is predicted is well formed.

    Args:
        task: The task, with its BIO labels.
        dimension: Length of the encoder's states.
        settings: Shape of the head.
    """

    kind: ClassVar[str] = "token"
    unit: ClassVar[Unit] = "word"
    activation: ClassVar[Activation | None] = "softmax"
    forbidden_first: torch.Tensor
    forbidden: torch.Tensor

    def __init__(self, task: Task, dimension: int, settings: HeadSettings) -> None:
        super().__init__(task, dimension, settings)
        self.dropout = nn.Dropout(settings.dropout)
        self.linear = nn.Linear(dimension, len(task.labels))
        first, steps = forbidden_steps(task.labels)
        self.register_buffer("forbidden_first", first, persistent=False)
        self.register_buffer("forbidden", steps, persistent=False)

    @property
    def uses_tokens(self) -> bool:
        """Always: the head reads the first piece of each word."""
        return True

    def forward(self, states: EncoderStates) -> torch.Tensor:
        """Logits ``[examples, words, labels]``; rows of padding hold any value.

        Raises:
            InputError: If an example has several sequences.
        """
        if len(states.lengths) != len(states.pooled):
            raise InputError(f"The token task {self.task.name!r} reads examples of one passage each.")
        places = states.words.clamp(min=0)[..., None].expand(-1, -1, states.tokens.shape[-1])
        seen = states.tokens.gather(1, places).to(self.linear.weight.dtype)
        logits: torch.Tensor = self.linear(self.dropout(seen))
        return logits

    def targets(self, examples: Sequence[Example]) -> Targets:
        """Tag numbers ``[examples, words]``; see the base class."""
        name, labels = self.task.name, len(self.task.labels)
        width = max((len(example.words) for example in examples), default=0)
        values = torch.zeros(len(examples), width, dtype=torch.long)
        known = torch.zeros(len(examples), width, dtype=torch.bool)
        soft, taught = torch.zeros(len(examples), width, labels), torch.zeros(len(examples), width, dtype=torch.bool)
        for row, example in enumerate(examples):
            count = len(example.words)
            tags = example.labels.get(name)
            if tags is not None:
                if isinstance(tags, str) or len(tags) != count:
                    raise InputError(f"{example.source}: task {name!r} needs one tag for each of the {count} words.")
                values[row, :count] = torch.tensor([self.number(tag, source=example.source) for tag in tags])
                known[row, :count] = True
            if name in example.soft:
                given = torch.tensor(example.soft[name])
                if len(given) != count * labels:
                    raise InputError(
                        f"{example.source}: the teacher gives {len(given)} probabilities for {name!r}, "
                        f"not {count} words times {labels} tags."
                    )
                soft[row, :count], taught[row, :count] = given.view(count, labels), True
        return Targets(values, known, soft, taught) if bool(taught.any()) else Targets(values, known)

    def loss(self, logits: torch.Tensor, targets: Targets, options: LossOptions, *, plain: bool = False) -> TaskLoss:
        """See the base class."""
        weights = self.class_weights if options.class_weights and not plain else None
        flat = labelled_logits(logits, targets).flatten(0, 1)
        hard = class_losses(flat, targets.values.flatten(), options, class_weights=weights, smooth=not plain)
        teacher = torch.zeros_like(flat) if targets.soft is None else targets.soft.flatten(0, 1)
        return masked_loss(
            hard.view(logits.shape[:2]),
            targets,
            options,
            plain=plain,
            soft=lambda: distillation_losses(flat, teacher, temperature=options.temperature).view(logits.shape[:2]),
        )

    def probabilities(self, logits: torch.Tensor, decision: Decision) -> torch.Tensor:
        """Probability of each tag of each word, ``[examples, words, labels]``."""
        return torch.softmax(logits / decision.temperature, dim=-1)

    def predict(self, logits: torch.Tensor, decision: Decision, states: EncoderStates) -> list[Prediction]:
        """See the base class; a word that the token budget cut off is outside, with probability 0."""
        chances = self.probabilities(logits, decision)
        scores = chances.clamp(min=1e-12).log()
        predictions = []
        for row, places in enumerate(states.words.tolist()):
            count = next((number for number, place in enumerate(places) if place == NO_WORD), len(places))
            read = [number for number in range(count) if places[number] >= 0]
            path = best_path(scores[row, read], self.forbidden_first, self.forbidden)
            tags, sure = [OUTSIDE] * count, [0.0] * count
            for number, tag in zip(read, path, strict=True):
                tags[number], sure[number] = self.task.labels[tag], float(chances[row, number, tag])
            label: Label = tuple(tags)
            predictions.append(Prediction(label, tuple(sure)))
        return predictions
