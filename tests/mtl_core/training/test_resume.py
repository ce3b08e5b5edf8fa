"""A training that was interrupted and resumed equals one that was not, bit for bit."""

from __future__ import annotations

import signal
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import lightning.pytorch as pl
import pytest
import torch
from lightning.pytorch.callbacks import Callback, EarlyStopping, ModelCheckpoint

from mtl_core.errors import ArtifactError, InputError
from mtl_core.training.resume import ExactResume, ResumableLoader
from tests.mtl_core.training.toy_training import FixedLoader, InterruptAt, MemoryLogger, ToyLoader, ToyModule, trainer_of

pytestmark = [
    pytest.mark.filterwarnings("ignore:.*LeafSpec:FutureWarning"),  # Lightning 2.6 with torch 2.13
    pytest.mark.filterwarnings("ignore:.*does not have many workers:UserWarning"),
    pytest.mark.filterwarnings("ignore:Checkpoint directory .* exists and is not empty:UserWarning"),
    pytest.mark.filterwarnings("ignore:Your `IterableDataset` has `__len__` defined:UserWarning"),
]


@dataclass
class Run:
    trainer: pl.Trainer
    module: ToyModule
    logger: MemoryLogger

    def outcome(self) -> dict[str, Any]:
        stopping = next(cb for cb in self.trainer.callbacks if isinstance(cb, EarlyStopping))
        best = next(cb for cb in self.trainer.callbacks if isinstance(cb, ModelCheckpoint))
        schedule = self.trainer.lr_scheduler_configs[0].scheduler
        return {
            "weights": self.module.state_dict(),
            "optimiser": self.trainer.optimizers[0].state_dict(),
            "schedule": {key: value for key, value in schedule.state_dict().items() if not key.startswith("_get")},
            "stopping": stopping.state_dict(),
            "best": {Path(path).name: score for path, score in best.best_k_models.items()},
            "best_score": best.best_model_score,
            "steps": self.trainer.global_step,
        }


def train(folder: Path, *extra: Callback, resume: bool = False, module: ToyModule | None = None, **options: Any) -> Run:
    # another seed on resume: everything has to come from the checkpoint
    torch.manual_seed(99 if resume else 7)
    logger = MemoryLogger()
    module = module or ToyModule()
    size = options.pop("batches", 6)
    trainer = trainer_of(folder, logger, *extra, **options)
    trainer.fit(
        module,
        ToyLoader(batches=size),
        FixedLoader(),
        ckpt_path=folder / "last.ckpt" if resume else None,
    )
    return Run(trainer, module, logger)


def same(left: Any, right: Any) -> bool:
    if isinstance(left, torch.Tensor):
        return isinstance(right, torch.Tensor) and left.dtype == right.dtype and torch.equal(left, right)
    if isinstance(left, dict):
        return left.keys() == right.keys() and all(same(value, right[key]) for key, value in left.items())
    if isinstance(left, list | tuple):
        return len(left) == len(right) and all(map(same, left, right))
    return bool(left == right)


def assert_same(whole: Run, *parts: Run | MemoryLogger) -> None:
    resumed = parts[-1]
    assert isinstance(resumed, Run)
    expected, actual = whole.outcome(), resumed.outcome()
    for key, value in expected.items():
        assert same(value, actual[key]), key
    logged: dict[Any, set[float]] = {}
    for part in parts:
        values = part.values if isinstance(part, MemoryLogger) else part.logger.values
        for key, found in values.items():
            logged.setdefault(key, set()).update(found)
    assert logged == {key: set(found) for key, found in whole.logger.values.items()}


def interrupted(folder: Path, *extra: Callback, **options: Any) -> MemoryLogger:
    torch.manual_seed(7)
    logger = MemoryLogger()
    size = options.pop("batches", 6)
    module = options.pop("module", None) or ToyModule()
    trainer = trainer_of(folder, logger, *extra, **options)
    with pytest.raises((RuntimeError, SystemExit)):
        trainer.fit(module, ToyLoader(batches=size), FixedLoader())
    return logger


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return train(tmp_path_factory.mktemp("whole"), patience=99)


HOOKS = [
    "on_train_batch_start",
    "on_before_optimizer_step",
    "on_train_batch_end",
    "on_validation_start",
    "on_validation_end",
    "on_train_epoch_end",
    "on_train_epoch_start",
]


@pytest.mark.parametrize("hook", HOOKS)
@pytest.mark.parametrize("step", [3, 4, 6, 12, 17])
def test_an_error_in_any_hook_is_resumed_exactly(tmp_path: Path, whole: Run, hook: str, step: int) -> None:
    logger = interrupted(tmp_path, InterruptAt(hook, step, RuntimeError), patience=99)
    assert_same(whole, logger, train(tmp_path, resume=True, patience=99))
