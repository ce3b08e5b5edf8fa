"""How the losses of several tasks become one step: fixed weights, learned uncertainty, PCGrad."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import nn

from mtl_core.losses import TaskLoss, multi_task_mean

__all__ = ["UncertaintyWeights", "pcgrad_backward", "project_conflicts"]


class UncertaintyWeights(nn.Module):
    """Homoscedastic uncertainty weighting: ``exp(-s) L + s / 2`` with a learned ``s`` a task.

    Kendall, Gal and Cipolla, Multi-task learning using uncertainty to weigh losses, CVPR 2018.

    Args:
        tasks: Names of the tasks.
    """

    def __init__(self, tasks: Sequence[str]) -> None:
        super().__init__()
        self.log_variances = nn.ParameterDict({name: nn.Parameter(torch.zeros(())) for name in tasks})

    def forward(self, losses: Mapping[str, TaskLoss], weights: Mapping[str, float]) -> torch.Tensor:
        """The joint loss of the tasks that the batch labels.

        Args:
            losses: By task.
            weights: Fixed weight by task, which multiplies the learned one.

        Returns:
            Scalar.
        """
        weighted = {}
        for name, loss in losses.items():
            variance = self.log_variances[name]
            mean = loss.total / loss.count.clamp(min=1.0)
            weighted[name] = TaskLoss((torch.exp(-variance) * mean + variance / 2) * loss.count, loss.count)
        return multi_task_mean(weighted, weights)


def project_conflicts(gradients: torch.Tensor, *, generator: torch.Generator | None = None) -> torch.Tensor:
    """Sum of the tasks' gradients after each has lost what conflicts with another.

    Yu et al., Gradient surgery for multi-task learning, NeurIPS 2020, algorithm 1.

    Args:
        gradients: ``[tasks, parameters]``.
        generator: Decides the order of the other tasks; torch's own by default.

    Returns:
        ``[parameters]``.
    """
    projected = gradients.clone()
    for row in range(len(gradients)):
        for other in torch.randperm(len(gradients), generator=generator).tolist():
            if other == row:
                continue
            against = gradients[other]
            dot = torch.dot(projected[row], against)
            if dot < 0:
                projected[row] -= dot / against.dot(against).clamp(min=1e-12) * against
    return projected.sum(0)


def pcgrad_backward(
    losses: Sequence[torch.Tensor], *, shared: Sequence[nn.Parameter], own: Sequence[nn.Parameter]
) -> None:
    """Put PCGrad's gradient on the shared parameters and the plain one on the heads.

    Args:
        losses: One scalar a task, weighted already.
        shared: Parameters of the encoder that are trained.
        own: Parameters of the heads.
    """
    parameters = [*shared, *own]
    rows: list[torch.Tensor] = []
    for number, loss in enumerate(losses):
        found = torch.autograd.grad(loss, parameters, retain_graph=number + 1 < len(losses), allow_unused=True)
        for parameter, gradient in zip(own, found[len(shared) :], strict=True):
            if gradient is not None:
                parameter.grad = gradient if parameter.grad is None else parameter.grad + gradient
        parts = [
            (torch.zeros_like(parameter) if gradient is None else gradient).flatten()
            for parameter, gradient in zip(shared, found[: len(shared)], strict=True)
        ]
        if parts:
            rows.append(torch.cat(parts))
    if not rows:
        return
    flat = project_conflicts(torch.stack(rows))
    for parameter, part in zip(shared, torch.split(flat, [parameter.numel() for parameter in shared]), strict=True):
        gradient = part.view_as(parameter)
        parameter.grad = gradient.clone() if parameter.grad is None else parameter.grad + gradient
