"""What heads of independent yes-no labels share: binary, multilabel and evidence tasks."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from mtl_core.data.examples import Example
from mtl_core.errors import InputError
from mtl_core.heads.base import Decision, Targets, TaskHead
from mtl_core.heads.masking import labelled_logits, masked_loss
from mtl_core.losses import LossOptions, TaskLoss, binary_losses, soft_binary_losses

__all__ = ["independent_loss", "independent_targets", "label_thresholds"]


def independent_targets(head: TaskHead, examples: Sequence[Example], *, labels: int) -> Targets:
    """Targets ``[examples, labels]`` of 0 and 1, ``known`` and ``taught`` ``[examples]``.

    Args:
        head: Whose ``classes`` turns a label into the numbers that hold.
        examples: The batch.
        labels: Number of columns.

    Returns:
        The targets.

    Raises:
        InputError: If a label is not one of the task's, or a teacher gives another number of probabilities.
    """
    name = head.task.name
    values, known = torch.zeros(len(examples), labels), torch.zeros(len(examples), dtype=torch.bool)
    soft, taught = torch.zeros(len(examples), labels), torch.zeros(len(examples), dtype=torch.bool)
    for row, example in enumerate(examples):
        if name in example.labels:
            known[row] = True
            label = example.labels[name]
            for held in (label,) if isinstance(label, str) else label:
                number = head.number(held, source=example.source)
                if head.kind == "binary":
                    values[row, 0] = float(number)
                else:
                    values[row, number] = 1.0
        if name in example.soft:
            given = example.soft[name]
            if len(given) != labels:
                raise InputError(
                    f"{example.source}: the teacher gives {len(given)} probabilities for {name!r}, not {labels}."
                )
            taught[row], soft[row] = True, torch.tensor(given)
    return Targets(values, known, soft, taught) if bool(taught.any()) else Targets(values, known)


def independent_loss(
    logits: torch.Tensor, targets: Targets, options: LossOptions, *, class_weights: torch.Tensor, plain: bool
) -> TaskLoss:
    """Loss of each labelled example, summed over its labels' mean, mixed with the teacher's where it spoke.

    Args:
        logits: ``[examples, labels]``.
        targets: Of the same batch.
        options: Which loss.
        class_weights: ``[labels, 2]`` or ``[2]``.
        plain: Without weights and smoothing.

    Returns:
        The loss.
    """
    weights = class_weights if options.class_weights and not plain else None
    logits = labelled_logits(logits, targets)
    hard = binary_losses(logits, targets.values, options, class_weights=weights, smooth=not plain).mean(-1)
    teacher = targets.values if targets.soft is None else targets.soft
    return masked_loss(
        hard,
        targets,
        options,
        plain=plain,
        soft=lambda: soft_binary_losses(logits, teacher, temperature=options.temperature).mean(-1),
    )


def label_thresholds(decision: Decision, labels: int) -> torch.Tensor:
    """Thresholds ``[labels]``, 0.5 where none was tuned.

    Args:
        decision: The decision.
        labels: How many are needed.

    Returns:
        The thresholds.

    Raises:
        InputError: If another number was saved.
    """
    if not decision.thresholds:
        return torch.full((labels,), 0.5)
    if len(decision.thresholds) != labels:
        raise InputError(f"{labels} thresholds are needed, {len(decision.thresholds)} are given.")
    return torch.tensor(decision.thresholds)
