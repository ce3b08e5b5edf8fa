"""Weights in 8 bits."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from mtl_core.rounding import rounded


@pytest.mark.parametrize(("dim", "shape"), [(0, (1, 3)), (1, (5, 1))])
def test_each_row_or_column_has_its_scale(dim: int, shape: tuple[int, int]) -> None:
    matrix = torch.arange(15.0).reshape(5, 3) - 7
    whole, scales = rounded(matrix, dim=dim)
    assert whole.dtype == torch.int8
    assert scales.shape == shape
    assert float((whole * scales - matrix).abs().max()) <= float(scales.max()) / 2 + 1e-6


@given(st.integers(0, 1), st.integers(0, 2**31))
def test_rounding_twice_changes_nothing(dim: int, seed: int) -> None:
    matrix = torch.randn(6, 4, generator=torch.Generator().manual_seed(seed))
    whole, scales = rounded(matrix, dim=dim)
    again, _ = rounded(whole * scales, dim=dim)
    assert torch.equal(whole, again)


def test_zeros_stay_zeros() -> None:
    whole, scales = rounded(torch.zeros(3, 2), dim=0)
    assert not whole.any()
    assert bool((scales > 0).all())
