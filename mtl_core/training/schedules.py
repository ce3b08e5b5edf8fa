"""Learning rate over the steps of a training. Every group keeps its ratio to the others."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

from torch.optim.lr_scheduler import CyclicLR, LambdaLR, LRScheduler, OneCycleLR

from mtl_core.errors import InputError

if TYPE_CHECKING:
    from torch.optim import Optimizer

__all__ = ["ScheduleName", "make_schedule"]

ScheduleName = Literal["constant", "linear", "one_cycle", "cyclic"]
"""``linear`` warms up and then decays to zero; ``one_cycle`` is its smooth kin; ``cyclic`` goes up and down."""


@dataclass(frozen=True, slots=True)
class _Shape:
    total_steps: int
    rising_steps: int
    cycle_steps: int
    lowest: float


def make_schedule(
    name: ScheduleName,
    optimizer: Optimizer,
    *,
    total_steps: int,
    warmup: float = 0.1,
    cycles: int = 4,
    lowest: float = 0.04,
) -> LRScheduler:
    """Make a schedule that is stepped after every optimiser step.

    The learning rates that the optimiser has now are the peaks. ``one_cycle`` is of Smith and Topin 2018, ``cyclic`` of
    Smith 2017 (triangular); momentum stays as it is in both.

    Args:
        name: Its shape.
        optimizer: Optimiser with the peak rate of each group.
        total_steps: Optimiser steps of the whole training.
        warmup: Part of the steps in which ``linear`` and ``one_cycle`` rise, in [0, 1).
        cycles: Ups and downs of ``cyclic``.
        lowest: Rate at the start of ``one_cycle`` and at the foot of ``cyclic``, as a part of the peak.

    Returns:
        The schedule; Lightning takes it with ``{"interval": "step"}``.

    Raises:
        InputError: If the name is not known or a number is out of range.
    """
    if name not in _MAKERS:
        raise InputError(f"The schedule {name!r} is not known; choose one of {', '.join(get_args(ScheduleName))}.")
    if total_steps < 1 or not 0 <= warmup < 1 or cycles < 1 or not 0 < lowest <= 1:
        raise InputError(
            f"A schedule needs total_steps and cycles of at least 1, warmup in [0, 1) and lowest in (0, 1]; "
            f"it got {total_steps}, {cycles}, {warmup} and {lowest}."
        )
    rising_steps = min(round(total_steps * warmup), total_steps - 1)
    # a cycle has at least one step up and one down
    cycle_steps = max(total_steps // cycles, 2)
    return _MAKERS[name](optimizer, _Shape(total_steps, rising_steps, cycle_steps, lowest))


def _constant(optimizer: Optimizer, _shape: _Shape) -> LRScheduler:
    return LambdaLR(optimizer, lambda _step: 1.0)


def _linear(optimizer: Optimizer, shape: _Shape) -> LRScheduler:
    def factor(step: int) -> float:
        if step < shape.rising_steps:
            # the first step counts: a rate of zero would waste its batch
            return (step + 1) / (shape.rising_steps + 1)
        return max(shape.total_steps - step, 0) / (shape.total_steps - shape.rising_steps)

    return LambdaLR(optimizer, factor)


def _one_cycle(optimizer: Optimizer, shape: _Shape) -> LRScheduler:
    peaks = _peaks(optimizer)
    # torch divides by the length of the rise less one step, and by that of the fall
    total_steps = max(shape.total_steps, 4)
    rise = min(max(shape.rising_steps, 2), total_steps - 2) / total_steps
    return OneCycleLR(
        optimizer,
        max_lr=peaks,
        total_steps=total_steps,
        pct_start=rise,
        div_factor=1 / shape.lowest,
        cycle_momentum=False,
    )


def _cyclic(optimizer: Optimizer, shape: _Shape) -> LRScheduler:
    peaks = _peaks(optimizer)
    up = shape.cycle_steps // 2
    return CyclicLR(
        optimizer,
        base_lr=[peak * shape.lowest for peak in peaks],
        max_lr=peaks,
        step_size_up=up,
        step_size_down=shape.cycle_steps - up,
        cycle_momentum=False,
    )


def _peaks(optimizer: Optimizer) -> list[float]:
    return [float(group["lr"]) for group in optimizer.param_groups]


_MAKERS: Mapping[str, Callable[[Optimizer, _Shape], LRScheduler]] = {
    "constant": _constant,
    "linear": _linear,
    "one_cycle": _one_cycle,
    "cyclic": _cyclic,
}
