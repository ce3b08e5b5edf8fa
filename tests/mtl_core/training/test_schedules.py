"""The curves of the learning rate, and that every group follows its own in the same shape."""

from __future__ import annotations

from typing import Any, get_args

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from mtl_core.errors import InputError
from mtl_core.training.schedules import ScheduleName, make_schedule
from mtl_core.training.typed_json import pack, unpack

NAMES: tuple[Any, ...] = get_args(ScheduleName)


def two_groups() -> torch.optim.Optimizer:
    lower, upper = (nn.Parameter(torch.zeros(1)) for _ in range(2))
    return torch.optim.AdamW([{"params": [lower], "lr": 0.001}, {"params": [upper], "lr": 0.1}])


def curve(name: Any, steps: int, **options: Any) -> list[list[float]]:
    """Rates of both groups at every step."""
    optimizer = two_groups()
    schedule = make_schedule(name, optimizer, total_steps=steps, **options)
    rates = []
    for _ in range(steps):
        rates.append([group["lr"] for group in optimizer.param_groups])
        optimizer.step()
        schedule.step()
    return rates


@settings(deadline=None, max_examples=60)
@given(st.sampled_from(NAMES), st.integers(1, 60), st.floats(0, 0.99), st.integers(1, 8))
def test_rates_stay_in_bounds_and_groups_keep_their_ratio(name: Any, steps: int, warmup: float, cycles: int) -> None:
    for lower, upper in curve(name, steps, warmup=warmup, cycles=cycles):
        assert upper == pytest.approx(100 * lower)
        assert 0 < upper <= 0.1 * (1 + 1e-9)


def tops(name: Any, steps: int, **options: Any) -> list[float]:
    return [upper for _, upper in curve(name, steps, **options)]


def test_constant_stays() -> None:
    assert set(tops("constant", 7)) == {0.1}


def test_linear_rises_to_the_peak_and_falls_towards_zero() -> None:
    rates = tops("linear", 20, warmup=0.2)
    assert rates[:5] == pytest.approx([0.02, 0.04, 0.06, 0.08, 0.1])
    assert rates[5:] == pytest.approx([0.1 * (20 - step) / 16 for step in range(5, 20)])
    assert tops("linear", 4, warmup=0.0) == pytest.approx([0.1, 0.075, 0.05, 0.025])


def test_one_cycle_peaks_once_and_ends_near_zero() -> None:
    rates = tops("one_cycle", 40, warmup=0.25, lowest=0.1)
    peak = rates.index(max(rates))
    assert peak == 9
    assert rates[0] == pytest.approx(0.01)
    assert rates[peak] == pytest.approx(0.1)
    assert rates[: peak + 1] == sorted(rates[: peak + 1])
    assert rates[peak:] == sorted(rates[peak:], reverse=True)
    assert rates[-1] < 1e-5


def test_cyclic_goes_up_and_down_as_often_as_asked() -> None:
    rates = tops("cyclic", 40, cycles=4, lowest=0.2)
    assert rates[:11] == pytest.approx([0.02, 0.036, 0.052, 0.068, 0.084, 0.1, 0.084, 0.068, 0.052, 0.036, 0.02])
    assert sum(rate == pytest.approx(0.1) for rate in rates) == 4
    assert rates[10:] == pytest.approx(rates[:-10])


@pytest.mark.parametrize("name", NAMES)
def test_momentum_stays(name: Any) -> None:
    optimizer = two_groups()
    schedule = make_schedule(name, optimizer, total_steps=9)
    for _ in range(5):
        optimizer.step()
        schedule.step()
    assert all(group["betas"] == (0.9, 0.999) for group in optimizer.param_groups)


@pytest.mark.parametrize("name", NAMES)
def test_a_saved_schedule_goes_on(name: Any) -> None:
    whole = tops(name, 12)
    optimizer = two_groups()
    schedule = make_schedule(name, optimizer, total_steps=12)
    for _ in range(5):
        optimizer.step()
        schedule.step()
    state = unpack(*pack({"optimizer": optimizer.state_dict(), "schedule": schedule.state_dict()}))
    optimizer = two_groups()
    schedule = make_schedule(name, optimizer, total_steps=12)
    optimizer.load_state_dict(state["optimizer"])
    schedule.load_state_dict(state["schedule"])
    rest = []
    for _ in range(7):
        rest.append(optimizer.param_groups[1]["lr"])
        optimizer.step()
        schedule.step()
    assert rest == whole[5:]


@pytest.mark.parametrize(
    "options",
    [{"total_steps": 0}, {"warmup": 1.0}, {"warmup": -0.1}, {"cycles": 0}, {"lowest": 0.0}, {"lowest": 1.1}],
)
def test_numbers_out_of_range_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(InputError, match="total_steps and cycles"):
        make_schedule("linear", two_groups(), **{"total_steps": 10, **options})


def test_an_unknown_schedule_is_refused() -> None:
    name: Any = "cosine"
    with pytest.raises(InputError, match="constant, linear, one_cycle, cyclic"):
        make_schedule(name, two_groups(), total_steps=10)
