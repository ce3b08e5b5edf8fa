"""Losses: cross-entropy and focal, plain and class-weighted, and their masked mean over tasks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, NamedTuple

import torch
import torch.nn.functional as F  # noqa: N812 - the field's name for it
from pydantic import BaseModel, ConfigDict, Field

__all__ = [
    "LossOptions",
    "TaskLoss",
    "binary_losses",
    "class_losses",
    "distillation_losses",
    "multi_task_mean",
    "soft_binary_losses",
]


class LossOptions(BaseModel):
    """Which loss is trained.

    Args:
        name: ``cross_entropy``, or ``focal`` for binary, multilabel and evidence tasks (others keep cross-entropy).
        gamma: Focusing exponent of the focal loss; 0 gives cross-entropy.
        alpha: Weight of the positive class in the focal loss, 1 - alpha of the negative; ``None`` for neither.
        label_smoothing: Share of the target spread over all classes.
        class_weights: Weigh classes by their inverse frequency in the training data.
        temperature: Softens teacher and student in distillation (Hinton et al., 2015).
        distillation: Share of the loss that the teacher decides where it spoke.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Literal["cross_entropy", "focal"] = "cross_entropy"
    gamma: float = Field(default=2.0, ge=0)
    alpha: float | None = Field(default=None, gt=0, lt=1)
    label_smoothing: float = Field(default=0.0, ge=0, lt=0.5)
    class_weights: bool = False
    temperature: float = Field(default=1.0, gt=0)
    distillation: float = Field(default=0.5, ge=0, le=1)


class TaskLoss(NamedTuple):
    """A task's loss over a batch.

    Args:
        total: Scalar sum over what is labelled; zero, and still part of the graph, where nothing is.
        count: How many examples (words, for a token task) are labelled, as a float scalar.
    """

    total: torch.Tensor
    count: torch.Tensor  # type: ignore[assignment]  # hides the method of tuples, which nobody needs here


def binary_losses(
    logits: torch.Tensor,
    targets: torch.Tensor,
    options: LossOptions,
    *,
    class_weights: torch.Tensor | None = None,
    smooth: bool = True,
) -> torch.Tensor:
    """Elementwise loss of independent yes-no decisions.

    With ``name="focal"``: ``-alpha_t (1 - p_t)^gamma log p_t`` (Lin et al., ICCV 2017).

    Args:
        logits: Any shape.
        targets: Same shape, 0 to 1.
        options: Which loss.
        class_weights: ``[..., 2]`` weight of the negative and the positive class, broadcast over the shape.
        smooth: Whether to smooth the labels.

    Returns:
        Losses in the shape of the logits.
    """
    targets = targets.to(logits.dtype)
    smoothing = options.label_smoothing if smooth else 0.0
    smoothed = targets * (1 - smoothing) + smoothing / 2
    losses = F.binary_cross_entropy_with_logits(logits, smoothed, reduction="none")
    if options.name == "focal":
        probability = torch.sigmoid(logits)
        missed = targets * (1 - probability) + (1 - targets) * probability
        # the clamp keeps the gradient of a power finite where the miss is exactly zero
        losses = losses * missed.clamp(min=1e-8) ** options.gamma
        if options.alpha is not None:
            losses = losses * (targets * options.alpha + (1 - targets) * (1 - options.alpha))
    if class_weights is not None:
        losses = losses * (targets * class_weights[..., 1] + (1 - targets) * class_weights[..., 0])
    return losses


def class_losses(
    logits: torch.Tensor,
    targets: torch.Tensor,
    options: LossOptions,
    *,
    class_weights: torch.Tensor | None = None,
    smooth: bool = True,
) -> torch.Tensor:
    """Cross-entropy of one class among several, row by row.

    Args:
        logits: ``[rows, classes]``.
        targets: ``[rows]`` class numbers.
        options: Which loss; focal does not apply here.
        class_weights: ``[classes]``.
        smooth: Whether to smooth the labels.

    Returns:
        ``[rows]``.
    """
    smoothing = options.label_smoothing if smooth else 0.0
    losses = F.cross_entropy(logits, targets, reduction="none", label_smoothing=smoothing)
    return losses if class_weights is None else losses * class_weights[targets]


def soft_binary_losses(logits: torch.Tensor, probabilities: torch.Tensor, *, temperature: float) -> torch.Tensor:
    """Distillation of yes-no decisions: cross-entropy at a temperature, times its square.

    Args:
        logits: The student's, any shape.
        probabilities: The teacher's at temperature 1, same shape.
        temperature: Above 1 softens both.

    Returns:
        Losses in the shape of the logits; zero at best, since the teacher's entropy is taken off.
    """
    teacher = torch.sigmoid(torch.logit(probabilities.to(logits.dtype).clamp(1e-6, 1 - 1e-6)) / temperature)
    student = F.binary_cross_entropy_with_logits(logits / temperature, teacher, reduction="none")
    entropy = F.binary_cross_entropy(teacher, teacher, reduction="none")
    return (student - entropy) * temperature**2


def distillation_losses(logits: torch.Tensor, probabilities: torch.Tensor, *, temperature: float) -> torch.Tensor:
    """Kullback-Leibler divergence from a teacher at a temperature, times its square (Hinton et al., 2015).

    Args:
        logits: ``[rows, classes]`` of the student.
        probabilities: ``[rows, classes]`` of the teacher at temperature 1.
        temperature: Above 1 softens both.

    Returns:
        ``[rows]``.
    """
    teacher = F.log_softmax(probabilities.to(logits.dtype).clamp(min=1e-6).log() / temperature, dim=-1)
    student = F.log_softmax(logits / temperature, dim=-1)
    return F.kl_div(student, teacher, reduction="none", log_target=True).sum(-1) * temperature**2


def multi_task_mean(losses: Mapping[str, TaskLoss], weights: Mapping[str, float] | None = None) -> torch.Tensor:
    """Weighted mean over the tasks that a batch labels, each the mean over its labelled examples.

    A task without a label in the batch takes no part: it gets no gradient, and the others count as if they
    were alone.

    Args:
        losses: By task.
        weights: By task, 1 where not given.

    Returns:
        Scalar; zero where no task is labelled.
    """
    weights = weights or {}
    labelled = {name: loss for name, loss in losses.items() if loss.count > 0}
    if not labelled:
        return torch.tensor(0.0)
    shares = [weights.get(name, 1.0) for name in labelled]
    means = [share * loss.total / loss.count for share, loss in zip(shares, labelled.values(), strict=True)]
    return torch.stack(means).sum() / sum(shares)
