"""The mask over partial labels, and the share of a teacher in the loss."""

from __future__ import annotations

from collections.abc import Callable

import torch

from mtl_core.heads.base import Targets
from mtl_core.losses import LossOptions, TaskLoss

__all__ = ["labelled_logits", "masked_loss"]


def labelled_logits(logits: torch.Tensor, targets: Targets) -> torch.Tensor:
    """Logits of what is labelled or taught, and zeros elsewhere.

    A loss takes its logits through this first: masked only afterwards, a NaN among the unknown would still reach
    the gradient, as zero times NaN.

    Args:
        logits: Any shape that begins with the shape of the masks.
        targets: The masks.

    Returns:
        Logits in the same shape.
    """
    used = targets.known if targets.taught is None else targets.known | targets.taught
    return torch.where(used.view(*used.shape, *[1] * (logits.ndim - used.ndim)), logits, 0.0)


def masked_loss(
    hard: torch.Tensor,
    targets: Targets,
    options: LossOptions,
    *,
    soft: Callable[[], torch.Tensor],
    plain: bool,
) -> TaskLoss:
    """Sum of the losses where a label or a teacher is known.

    A unit with both takes ``options.distillation`` of the teacher's loss; one with either takes that alone.
    Unknown units are cut out by ``where``; their logits by ``labelled_logits`` before.

    Args:
        hard: Loss of each unit against its hard target.
        targets: Masks in the same shape.
        options: The teacher's share.
        soft: Loss of each unit against the teacher, asked for only where there is one.
        plain: Leave the teacher out, as in validation.

    Returns:
        The loss.
    """
    zero = torch.zeros((), dtype=hard.dtype, device=hard.device)
    if targets.taught is None or plain:
        total = torch.where(targets.known, hard, zero).sum()
        return TaskLoss(total, targets.known.sum().to(hard.dtype))
    both = targets.known & targets.taught
    share = torch.where(both, options.distillation, 1.0).to(hard.dtype)
    own = torch.where(targets.known, hard * torch.where(both, 1.0 - share, 1.0), zero)
    taught = torch.where(targets.taught, soft() * share, zero)
    return TaskLoss((own + taught).sum(), (targets.known | targets.taught).sum().to(hard.dtype))
