"""The steps of a training: how many, at which rates, how tasks are balanced, and how classes are weighted."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from safetensors.torch import load_file

from mtl_core.saved_model import load_model
from mtl_core.training.config import TrainingConfig
from tests.mtl_core.training.fit_runs import Watch, add_callback, done

pytestmark = pytest.mark.usefixtures("no_pictures")


def test_a_run_may_be_shorter_than_an_epoch(config: Callable[..., TrainingConfig]) -> None:
    said: list[str] = []
    done(config("weather", trainer={"max_steps": 3}), report=said.append)
    assert any(line.endswith("at step 3 of 3") for line in said)
    done(config("weather", trainer={"max_steps": 3, "validate_every": 50}))


@pytest.mark.parametrize("balance", ["pcgrad", "uncertainty"])
def test_every_balance_learns(config: Callable[..., TrainingConfig], balance: str) -> None:
    result = done(config("weather", "topic", "spans", trainer={"epochs": 6, "balance": balance}))
    assert result.validation.score > 0.8
    assert not any("variance" in name for name in load_file(result.folder / "heads.safetensors"))


@pytest.mark.parametrize("schedule", ["constant", "linear", "one_cycle", "cyclic"])
def test_every_schedule_runs_over_the_steps(
    config: Callable[..., TrainingConfig], monkeypatch: pytest.MonkeyPatch, schedule: str
) -> None:
    watch = Watch()
    add_callback(monkeypatch, watch)
    done(config("weather", optimiser={"schedule": schedule, "layer_decay": 0.5}, trainer={"epochs": 2}))
    head = [rates[-1] for rates in watch.rates]
    assert len(head) == 10
    assert max(head) <= 3e-2 * (1 + 1e-6)
    assert (len(set(head)) == 1) is (schedule == "constant")
    ratios = {round(rates[0] / rates[-1], 6) for rates in watch.rates}
    # embeddings lie two layers below the last one
    assert ratios == {round(1e-2 * 0.25 / 3e-2, 6)}


def test_class_weights_are_kept_with_the_model(config: Callable[..., TrainingConfig]) -> None:
    result = done(config("topic", loss={"class_weights": True}, trainer={"epochs": 1}))
    weights = load_model(result.folder).head("topic").class_weights
    assert not torch.equal(weights, torch.ones(3))
    torch.testing.assert_close(weights, result.model.head("topic").class_weights)
