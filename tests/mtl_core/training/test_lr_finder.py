"""The range test finds a useful rate and leaves no trace (Lightning issue 6675 is what happens otherwise)."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

from mtl_core.errors import InputError
from mtl_core.training.lr_finder import LearningRateCurve, find_learning_rate
from mtl_core.training.randomness import collect_random_state
from tests.mtl_core.training.toy_training import ToyLoader


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.frozen = nn.Sequential(nn.Linear(5, 8), nn.Dropout(0.5))
        self.norm = nn.BatchNorm1d(8)
        self.head = nn.Sequential(nn.Dropout(0.2), nn.Linear(8, 2))
        self.register_buffer("calls", torch.zeros((), dtype=torch.int64), persistent=False)

    def forward(self, inputs: Tensor) -> Tensor:
        self.calls = self.calls + 1
        return self.head(self.norm(self.frozen(inputs)))


@pytest.fixture
def net() -> Net:
    torch.manual_seed(0)
    return Net()


def search(net: nn.Module, batches: Any, **options: Any) -> LearningRateCurve:
    def loss(batch: tuple[Tensor, Tensor]) -> Tensor:
        return nn.functional.cross_entropy(net(batch[0]), batch[1])

    settings = {
        "make_optimizer": lambda model: torch.optim.AdamW(model.parameters(), lr=1.0),
        "loss": loss,
        "steps": 40,
    }
    return find_learning_rate(net, batches=batches, **{**settings, **options})


def state_of(net: Net) -> dict[str, Any]:
    return {
        "tensors": {name: tensor.clone() for name, tensor in (*net.named_parameters(), *net.named_buffers())},
        "requires_grad": [parameter.requires_grad for parameter in net.parameters()],
        "gradients": [None if part.grad is None else part.grad.clone() for part in net.parameters()],
        "modes": [module.training for module in net.modules()],
        "random": collect_random_state(),
    }


def assert_untouched(before: dict[str, Any], after: dict[str, Any]) -> None:
    torch.testing.assert_close(after["tensors"], before["tensors"], rtol=0, atol=0)
    assert after["requires_grad"] == before["requires_grad"]
    assert after["modes"] == before["modes"]
    for left, right in zip(before["gradients"], after["gradients"], strict=True):
        assert (left is None) == (right is None)
        assert left is None or torch.equal(left, right)
    assert torch.equal(after["random"]["torch"], before["random"]["torch"])
    assert after["random"]["python"] == before["random"]["python"]
    np.testing.assert_equal(after["random"]["numpy"], before["random"]["numpy"])


@pytest.fixture
def prepared(net: Net) -> Net:
    """A net in an uneven state: partly frozen, in several modes, with gradients of an unfinished step."""
    net.frozen.requires_grad_(False)
    net.eval()
    net.head.train()
    net(torch.randn(4, 5)).sum().backward()
    return net


def test_everything_is_put_back(prepared: Net) -> None:
    calls = prepared.calls
    before = state_of(prepared)
    search(prepared, ToyLoader())
    assert_untouched(before, state_of(prepared))
    assert prepared.calls is calls


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
def test_everything_is_put_back_after_an_error(prepared: Net, error: type[BaseException]) -> None:
    def loss(batch: tuple[Tensor, Tensor]) -> Tensor:
        random.random()
        np.random.random()  # noqa: NPY002
        prepared.requires_grad_(True)
        if prepared.calls > 5:
            raise error("interrupted")
        return nn.functional.cross_entropy(prepared(batch[0]), batch[1])

    before = state_of(prepared)
    loader = ToyLoader()
    with pytest.raises(error):
        search(prepared, loader, loss=loss)
    assert_untouched(before, state_of(prepared))
    assert loader.state_dict() == {"epoch": -1, "position": 0}


def test_a_training_that_follows_is_the_same_as_without_the_search(net: Net) -> None:
    def train(loader: ToyLoader, optimizer: torch.optim.Optimizer, model: Net) -> None:
        for inputs, targets in loader:
            optimizer.zero_grad()
            nn.functional.cross_entropy(model(inputs), targets).backward()
            optimizer.step()

    results = []
    for searches in (False, True):
        torch.manual_seed(1)
        model = Net()
        optimizer = torch.optim.AdamW(model.parameters(), lr=0.01)
        loader = ToyLoader()
        train(loader, optimizer, model)
        if searches:
            before = optimizer.state_dict()
            search(model, loader)
            torch.testing.assert_close(optimizer.state_dict(), before, rtol=0, atol=0)
        train(loader, optimizer, model)
        results.append(model.state_dict())
    torch.testing.assert_close(results[1], results[0], rtol=0, atol=0)


def test_the_place_in_an_epoch_is_put_back(net: Net) -> None:
    loader = ToyLoader()
    expected = [batch[0] for batch in ToyLoader()]
    stream = iter(loader)
    for _ in range(2):
        next(stream)
    search(net, loader)
    assert loader.state_dict() == {"epoch": 0, "position": 2}
    assert all(torch.equal(left[0], right) for left, right in zip(stream, expected[2:], strict=True))


def test_a_loader_that_has_not_begun_begins_with_its_first_epoch(net: Net) -> None:
    class Plain(ToyLoader):
        def load_state_dict(self, state_dict: dict[str, Any]) -> None:
            super().load_state_dict(state_dict)
            self.continues = True

    loader = Plain()
    search(net, loader)
    assert all(torch.equal(left[0], right[0]) for left, right in zip(loader, ToyLoader(), strict=True))
    assert loader.state_dict() == {"epoch": 0, "position": 6}


def test_the_place_of_a_loader_that_keeps_it_elsewhere_is_put_back(net: Net) -> None:
    class Delegating:
        def __init__(self) -> None:
            self.inner = ToyLoader()

        def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
            return iter(self.inner)

        def state_dict(self) -> dict[str, Any]:
            return self.inner.state_dict()

        def load_state_dict(self, state_dict: dict[str, Any]) -> None:
            self.inner.load_state_dict(state_dict)

    loader = Delegating()
    next(iter(loader))
    search(net, loader)
    rest = list(loader)
    assert len(rest) == 5
    assert torch.equal(rest[0][0], list(ToyLoader())[1][0])


def test_a_generator_of_its_own_is_put_back(net: Net) -> None:
    toy = ToyLoader()
    generator = torch.Generator().manual_seed(3)
    loader = DataLoader(TensorDataset(toy.inputs, toy.targets), batch_size=4, shuffle=True, generator=generator)
    before = generator.get_state()
    search(net, loader)
    assert torch.equal(generator.get_state(), before)


def test_modules_that_learn_train_and_frozen_ones_rest(prepared: Net) -> None:
    modes: set[tuple[bool, bool, bool]] = set()

    def loss(batch: tuple[Tensor, Tensor]) -> Tensor:
        modes.add((prepared.frozen[1].training, prepared.norm.training, prepared.head.training))
        return nn.functional.cross_entropy(prepared(batch[0]), batch[1])

    search(prepared, ToyLoader(), loss=loss)
    assert modes == {(False, True, True)}


def test_the_suggestion_lies_where_the_loss_falls() -> None:
    weight = nn.Parameter(torch.full((1,), 10.0))
    model = nn.ParameterList([weight])
    curve = find_learning_rate(
        model,
        make_optimizer=lambda network: torch.optim.SGD(network.parameters(), lr=1.0),
        batches=[0],
        loss=lambda _: (weight**2).sum(),
        lowest=1e-5,
        highest=10.0,
        steps=120,
        smoothing=0.5,
    )
    # a step on x^2 goes to its minimum at a rate of 0.5 and away from it above 1
    assert curve.diverged
    assert 1 < curve.learning_rates[-1] < 10
    assert 0.01 < curve.suggestion < 0.5
    lowest = min(range(len(curve.smoothed)), key=curve.smoothed.__getitem__)
    assert curve.tenth_of_minimum == pytest.approx(curve.learning_rates[lowest] / 10)
    assert curve.suggestion < curve.learning_rates[lowest]
    assert weight.item() == 10.0


def test_the_smoothed_curve_is_a_corrected_moving_average() -> None:
    losses = iter([5.0, 3.0, 4.0, 1.0, 2.0, 2.0])
    weight = nn.Parameter(torch.zeros(1))
    curve = find_learning_rate(
        nn.ParameterList([weight]),
        make_optimizer=lambda network: torch.optim.SGD(network.parameters(), lr=1.0),
        batches=[0],
        loss=lambda _: (0 * weight).sum() + next(losses),
        steps=6,
        smoothing=0.5,
    )
    assert curve.losses == (5.0, 3.0, 4.0, 1.0, 2.0, 2.0)
    assert curve.smoothed[:3] == pytest.approx([5.0, (2.5 * 0.5 + 1.5) / 0.75, (1.375 + 2.0) / 0.875])
    assert curve.learning_rates == pytest.approx(np.geomspace(1e-7, 1.0, 6).tolist())
    assert not curve.diverged


def test_groups_keep_their_ratio(net: Net) -> None:
    seen: list[list[float]] = []

    class Watching(torch.optim.SGD):
        def step(self, closure: Any = None) -> None:
            seen.append([group["lr"] for group in self.param_groups])
            super().step(closure)

    groups = [{"params": list(net.frozen.parameters()), "lr": 0.01}, {"params": list(net.head.parameters()), "lr": 0.1}]
    curve = search(net, ToyLoader(), make_optimizer=lambda _: Watching(groups))
    assert [upper for _, upper in seen][: len(curve.learning_rates)] == pytest.approx(list(curve.learning_rates))
    assert all(upper == pytest.approx(10 * lower) for lower, upper in seen)


def test_the_curve_is_plain_data_and_the_search_repeats_itself(net: Net) -> None:
    curve = search(net, ToyLoader())
    assert json.loads(json.dumps(curve.as_json())) == curve.as_json()
    assert curve.as_json().keys() >= {"learning_rates", "losses", "smoothed", "suggestion", "tenth_of_minimum"}
    assert search(net, ToyLoader()) == curve


def once() -> Iterator[int]:
    yield 0


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"batches": []}, "at least one batch"),
        ({"batches": once()}, "can be read again"),
        ({"steps": 2}, "at least 5 steps"),
        ({"lowest": 1.0, "highest": 0.1}, "lowest < highest"),
        ({"loss": lambda _: torch.tensor(float("nan"), requires_grad=True)}, "blew up after 0 steps"),
    ],
)
def test_useless_searches_are_refused(net: Net, options: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        search(net, **{"batches": ToyLoader(), **options})
