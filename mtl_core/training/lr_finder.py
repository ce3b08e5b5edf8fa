"""Learning rate range test: which rates make the loss fall, found without leaving a trace."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Protocol, TypeVar, runtime_checkable

import numpy as np
import torch
from torch import Tensor, nn

from mtl_core.errors import InputError
from mtl_core.training.randomness import collect_random_state, restore_random_state

if TYPE_CHECKING:
    from torch.optim import Optimizer

__all__ = ["LearningRateCurve", "find_learning_rate"]

Batch = TypeVar("Batch")

_LEAST_POINTS = 5


@runtime_checkable
class _HasState(Protocol):
    """A loader that knows its place."""

    def state_dict(self) -> dict[str, Any]: ...

    def load_state_dict(self, state_dict: dict[str, Any], /) -> None: ...


@dataclass(frozen=True, slots=True)
class LearningRateCurve:
    """Loss by learning rate.

    Args:
        learning_rates: Rates tried, rising: ``[steps]``. They are those of the group with the highest rate.
        losses: Loss of the batch at each rate, before the step: ``[steps]``.
        smoothed: Moving average of the losses: ``[steps]``.
        suggestion: Rate at which the smoothed loss falls fastest.
        tenth_of_minimum: A tenth of the rate with the lowest smoothed loss, the other common choice.
        diverged: Whether the loss blew up before the highest rate.
    """

    learning_rates: tuple[float, ...]
    losses: tuple[float, ...]
    smoothed: tuple[float, ...]
    suggestion: float
    tenth_of_minimum: float
    diverged: bool

    def as_json(self) -> dict[str, Any]:
        """The curve as plain data."""
        return {key: list(value) if isinstance(value, tuple) else value for key, value in asdict(self).items()}


def find_learning_rate(
    model: nn.Module,
    *,
    make_optimizer: Callable[[nn.Module], Optimizer],
    batches: Iterable[Batch],
    loss: Callable[[Batch], Tensor],
    lowest: float = 1e-7,
    highest: float = 1.0,
    steps: int = 100,
    smoothing: float = 0.9,
    divergence: float = 4.0,
) -> LearningRateCurve:
    """Train a few steps with a rate that grows exponentially, then put everything back (Smith 2017).

    What is put back, also after an error: weights, buffers, gradients, ``requires_grad``, the mode of every module, the
    random numbers, and the place of a loader that has ``state_dict`` and ``load_state_dict``. No optimiser of the
    caller is touched: one is made for the test. Other state that ``loss`` changes is its own affair.

    Args:
        model: The model, put in training mode for the test; frozen modules in eval mode stay so.
        make_optimizer: Makes an optimiser of the model; groups keep the ratio of their rates.
        batches: Training batches; begun anew when they run out.
        loss: Loss of a batch under the model: a scalar that can be differentiated.
        lowest: First learning rate.
        highest: Last learning rate.
        steps: Rates tried.
        smoothing: Weight of the past in the moving average, in [0, 1).
        divergence: The test stops where the smoothed loss exceeds its minimum by this factor.

    Returns:
        The curve with a suggestion.

    Raises:
        InputError: If a number is out of range, there are no batches to read again, or the loss blows up at once.
    """
    if not 0 < lowest < highest or steps < _LEAST_POINTS or not 0 <= smoothing < 1 or divergence <= 1:
        raise InputError(
            f"The search needs 0 < lowest < highest, at least {_LEAST_POINTS} steps, smoothing in [0, 1) and "
            "divergence above 1."
        )
    if isinstance(batches, Iterator):
        raise InputError(
            "The search needs batches that can be read again, such as a list or a loader, not an iterator."
        )
    rates = [float(rate) for rate in np.geomspace(lowest, highest, steps)]
    # closed first, so that a loader's iterator cannot move its place after it was put back
    with _untouched(model, batches), closing(_forever(_copy_of_loader(batches))) as stream:
        losses = _train(make_optimizer(model), stream, loss, rates, smoothing=smoothing, divergence=divergence)
    return _curve(rates, losses, smoothing, divergence)


def _train(
    optimizer: Optimizer,
    batches: Iterator[Batch],
    loss: Callable[[Batch], Tensor],
    rates: list[float],
    *,
    smoothing: float,
    divergence: float,
) -> list[float]:
    highest = max(float(group["lr"]) for group in optimizer.param_groups)
    ratios = [float(group["lr"]) / highest for group in optimizer.param_groups]
    losses: list[float] = []
    with torch.enable_grad():
        for rate in rates:
            for group, ratio in zip(optimizer.param_groups, ratios, strict=True):
                group["lr"] = rate * ratio
            optimizer.zero_grad(set_to_none=True)
            value = loss(next(batches))
            losses.append(float(value.detach()))
            if _has_diverged(losses, smoothing, divergence):
                break
            torch.autograd.backward(value)
            optimizer.step()
    return losses


def _curve(rates: list[float], losses: list[float], smoothing: float, divergence: float) -> LearningRateCurve:
    diverged = _has_diverged(losses, smoothing, divergence)
    # the point that blew up tells only where to stop
    kept = losses[:-1] if diverged else losses
    if len(kept) < _LEAST_POINTS:
        raise InputError(
            f"The loss blew up after {len(kept)} steps of the search, at a learning rate of {rates[len(kept)]:.1e}; "
            "start lower, or look for a fault in the data."
        )
    tried = rates[: len(kept)]
    smoothed = _smooth(kept, smoothing)
    slopes = np.gradient(np.asarray(smoothed), np.log(tried))
    return LearningRateCurve(
        learning_rates=tuple(tried),
        losses=tuple(kept),
        smoothed=tuple(smoothed),
        suggestion=tried[int(slopes.argmin())],
        tenth_of_minimum=tried[int(np.argmin(smoothed))] / 10,
        diverged=diverged,
    )


def _smooth(losses: list[float], smoothing: float) -> list[float]:
    """Exponential moving average, corrected for its start."""
    average = 0.0
    smoothed: list[float] = []
    for number, loss in enumerate(losses, start=1):
        average = smoothing * average + (1 - smoothing) * loss
        smoothed.append(average / (1 - smoothing**number))
    return smoothed


def _has_diverged(losses: list[float], smoothing: float, divergence: float) -> bool:
    if not math.isfinite(losses[-1]):
        return True
    smoothed = _smooth(losses, smoothing)
    lowest = min(smoothed)
    # the first loss sets the scale too: four times a minimum near zero would be nothing
    return smoothed[-1] > lowest + (divergence - 1) * max(abs(lowest), abs(smoothed[0]) / divergence)


def _forever(batches: Iterable[Batch]) -> Generator[Batch, None, None]:
    while True:
        is_empty = True
        for batch in batches:
            is_empty = False
            yield batch
        if is_empty:
            raise InputError("The search needs at least one batch.")


@contextmanager
def _untouched(model: nn.Module, batches: Iterable[Any]) -> Iterator[None]:
    """Put the model in training mode; afterwards put back it, the random numbers and the place in the data."""
    random_state = collect_random_state()
    generator = getattr(batches, "generator", None)
    drawn = generator.get_state() if isinstance(generator, torch.Generator) else None
    place = copy.deepcopy(batches.state_dict()) if isinstance(batches, _HasState) else None
    put_back = _snapshot(model)
    try:
        _train_what_learns(model)
        yield
    finally:
        put_back()
        if isinstance(batches, _HasState) and place is not None and batches.state_dict() != place:
            batches.load_state_dict(place)
        if isinstance(generator, torch.Generator) and drawn is not None:
            generator.set_state(drawn)
        restore_random_state(random_state)


def _copy_of_loader(batches: Iterable[Batch]) -> Iterable[Batch]:
    """A shallow copy that moves in the data in place of a loader, which need not be put back then.

    Putting back would not do: loading a state says that the next pass goes on there, not that a pass is under way.
    """
    return copy.copy(batches) if isinstance(batches, _HasState) else batches


def _snapshot(model: nn.Module) -> Callable[[], None]:
    """Remember everything that training changes in a model, and give the function that puts it back."""
    modes = [(module, module.training) for module in model.modules()]
    parameters = [
        (parameter, parameter.detach().clone(), parameter.requires_grad, _copy_of(parameter.grad))
        for parameter in model.parameters()
    ]
    # the tensors themselves too: a module may put another in a buffer's place
    buffers = [
        (module, name, buffer, buffer.clone())
        for module in model.modules()
        for name, buffer in module.named_buffers(recurse=False)
    ]

    def put_back() -> None:
        with torch.no_grad():
            for parameter, value, requires_grad, gradient in parameters:
                parameter.copy_(value)
                parameter.requires_grad_(requires_grad)
                parameter.grad = gradient
            for module, name, buffer, value in buffers:
                setattr(module, name, buffer.copy_(value))
        for module, mode in modes:
            module.training = mode

    return put_back


def _copy_of(gradient: Tensor | None) -> Tensor | None:
    return None if gradient is None else gradient.clone()


def _train_what_learns(model: nn.Module) -> None:
    resting = [
        module
        for module in model.modules()
        if not module.training
        and any(True for _ in module.parameters())
        and not any(parameter.requires_grad for parameter in module.parameters())
    ]
    model.train()
    for module in resting:
        module.eval()
