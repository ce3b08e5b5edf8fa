"""Moving average of weights while they are trained."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from torch import nn

__all__ = ["follow"]


@torch.no_grad()
def follow(average: dict[str, torch.Tensor], network: nn.Module, *, done: int, decay: float) -> None:
    """One step of the moving average, which follows faster while it is young.

    Args:
        average: The averaged state, changed in place.
        network: The network after the step.
        done: Steps that were made, this one included.
        decay: Share of the old average that is kept, once it is no longer young.
    """
    for name, tensor in network.state_dict().items():
        average[name].lerp_(tensor, 1 - min(decay, done / (done + 9)))
