"""Whole small trainings, and what looks on from inside while they run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import lightning.pytorch as pl
import torch

from mtl_core.training import lightning_setup, run
from mtl_core.training.config import TrainingConfig
from mtl_core.training.fit import TrainingResult, train
from tests.mtl_core.training.small_runs import weights_of

if TYPE_CHECKING:
    import pytest

LONG = {"trainer": {"epochs": 6, "average": 0.8}}


def done(config: TrainingConfig, **settings: Any) -> TrainingResult:
    result = train(config, **settings)
    assert result is not None
    return result


def same(left: torch.nn.Module, right: torch.nn.Module) -> bool:
    one, other = left.state_dict(), right.state_dict()
    return one.keys() == other.keys() and all(torch.equal(part, other[name]) for name, part in one.items())


def add_callback(monkeypatch: pytest.MonkeyPatch, *extra: pl.Callback) -> None:
    real = lightning_setup.make_callbacks
    monkeypatch.setattr(run, "make_callbacks", lambda *given: [*extra, *real(*given)])


class Watch(pl.Callback):
    """Keeps the weights at every validation."""

    def __init__(self) -> None:
        self.weights: list[dict[str, torch.Tensor]] = []
        self.rates: list[list[float]] = []
        self.modes: list[bool] = []

    def on_train_batch_start(self, trainer: pl.Trainer, pl_module: Any, batch: Any, batch_idx: int) -> None:
        self.rates.append([group["lr"] for group in trainer.optimizers[0].param_groups])
        self.modes.append(pl_module.model.network.training)

    def on_validation_start(self, trainer: pl.Trainer, pl_module: Any) -> None:
        self.weights.append(weights_of(pl_module.model))
