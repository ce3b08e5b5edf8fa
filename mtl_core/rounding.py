"""Numbers in 8 bits with a scale a row or column, as weights are saved."""

from __future__ import annotations

import torch

__all__ = ["rounded"]

_LEVELS = 127


def rounded(tensor: torch.Tensor, *, dim: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Round a matrix to 8 bits; its product with the scales is nearly the matrix.

    Args:
        tensor: ``[rows, columns]``.
        dim: The dimension that shares a scale: 0 gives a scale a column, 1 a scale a row.

    Returns:
        int8 ``[rows, columns]`` and float32 scales, ``[1, columns]`` or ``[rows, 1]``.
    """
    scales = (tensor.float().abs().amax(dim, keepdim=True) / _LEVELS).clamp(min=1e-12)
    whole = (tensor / scales).round().clamp(-_LEVELS, _LEVELS).to(torch.int8)
    return whole.contiguous(), scales.contiguous()
