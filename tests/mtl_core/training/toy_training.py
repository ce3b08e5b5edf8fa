"""A small training to interrupt: a loader that knows its place, a module with dropout, a logger in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import lightning.pytorch as pl
import pytest
import torch
from lightning.pytorch.callbacks import Callback, EarlyStopping, ModelCheckpoint
from lightning.pytorch.loggers.logger import DummyLogger
from torch import Tensor, nn

from mtl_core.training.checkpoints import SafeCheckpointIO
from mtl_core.training.resume import ExactResume
from mtl_core.training.schedules import make_schedule


class ToyLoader:
    """Shuffled batches; the order is a function of seed and epoch alone."""

    def __init__(self, *, batches: int = 6, size: int = 4, seed: int = 0) -> None:
        source = torch.Generator().manual_seed(seed)
        self.inputs = torch.randn(batches * size, 5, generator=source)
        self.targets = (self.inputs.sum(1) > 0).long()
        self.size = size
        self.seed = seed
        self.epoch = -1
        self.position = 0
        self.continues = False

    def __len__(self) -> int:
        return len(self.inputs) // self.size

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        if not self.continues:
            self.epoch += 1
            self.position = 0
        self.continues = False
        order = torch.randperm(len(self.inputs), generator=torch.Generator().manual_seed(1000 * self.seed + self.epoch))
        while self.position < len(self):
            rows = order[self.position * self.size : (self.position + 1) * self.size]
            self.position += 1
            yield self.inputs[rows], self.targets[rows]

    def state_dict(self) -> dict[str, Any]:
        return {"epoch": self.epoch, "position": self.position}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self.epoch, self.position = state_dict["epoch"], state_dict["position"]
        self.continues = self.position < len(self)


class FixedLoader:
    """The same batches in the same order every time, as a validation needs them."""

    def __init__(self, *, batches: int = 2) -> None:
        self.batches = list(ToyLoader(batches=batches, seed=5))

    def __len__(self) -> int:
        return len(self.batches)

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        return iter(self.batches)


class ToyModule(pl.LightningModule):
    def __init__(self, *, steps: int = 18, asks_lightning: bool = False, random_validation: bool = True) -> None:
        super().__init__()
        self.network = nn.Sequential(nn.Linear(5, 8), nn.BatchNorm1d(8), nn.Dropout(0.4), nn.Linear(8, 2))
        self.steps = steps
        self.asks_lightning = asks_lightning
        self.random_validation = random_validation

    def training_step(self, batch: tuple[Tensor, Tensor], batch_idx: int) -> Tensor:
        loss = nn.functional.cross_entropy(self.network(batch[0]), batch[1])
        self.log("train_loss", loss, on_step=True, on_epoch=False)
        return loss

    def validation_step(self, batch: tuple[Tensor, Tensor], batch_idx: int) -> None:
        inputs = batch[0] + torch.randn_like(batch[0]) if self.random_validation else batch[0]
        self.log("val_loss", nn.functional.cross_entropy(self.network(inputs), batch[1]), on_epoch=True)

    def configure_optimizers(self) -> dict[str, Any]:
        steps = int(self.trainer.estimated_stepping_batches) if self.asks_lightning else self.steps
        optimizer = torch.optim.AdamW(self.parameters(), lr=0.05)
        schedule = make_schedule("one_cycle", optimizer, total_steps=steps)
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}


class MemoryLogger(DummyLogger):
    """Keeps what is logged, by step; a step that is repeated must log the same again."""

    def __init__(self) -> None:
        super().__init__()
        self.values: dict[tuple[str, int], list[float]] = {}

    def log_metrics(self, metrics: dict[str, float], step: int | None = None) -> None:
        for name, value in metrics.items():
            self.values.setdefault((name, int(step or 0)), []).append(float(value))


class InterruptAt(Callback):
    """Raises an error in a hook, once the trainer has made enough steps."""

    def __init__(self, hook: str, step: int, error: type[BaseException]) -> None:
        self.step = step
        self.error = error
        setattr(self, hook, self._raise)

    def _raise(self, trainer: pl.Trainer, *_: Any, **__: Any) -> None:
        if trainer.global_step >= self.step and not trainer.sanity_checking:
            raise self.error("interrupted")


def trainer_of(folder: Path, logger: MemoryLogger, *extra: Callback, patience: int = 3, **options: Any) -> pl.Trainer:
    every_n_steps = options.pop("every_n_steps", 1)
    at_epoch_end = options.pop("stops_at_epoch_end", False)
    callbacks = [
        EarlyStopping("val_loss", patience=patience, check_on_train_epoch_end=at_epoch_end),
        *extra,
        ModelCheckpoint(
            dirpath=folder / "best",
            filename="{step}",
            monitor="val_loss",
            save_top_k=2,
            save_on_train_epoch_end=False,
            enable_version_counter=False,
        ),
        ExactResume(folder / "last.ckpt", every_n_steps=every_n_steps),
    ]
    settings: dict[str, Any] = {
        "max_epochs": 3,
        "accelerator": "cpu",
        "devices": 1,
        "val_check_interval": 4,
        "check_val_every_n_epoch": None,
        "log_every_n_steps": 1,
        "enable_progress_bar": False,
        "enable_model_summary": False,
        "num_sanity_val_steps": 2,
    }
    return pl.Trainer(
        default_root_dir=folder,
        logger=logger,
        callbacks=callbacks,
        plugins=[SafeCheckpointIO()],
        **{**settings, **options},
    )


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


def train(
    folder: Path, *extra: Callback, resume: bool = False, make: Callable[[], ToyModule] = ToyModule, **options: Any
) -> Run:
    # another seed on resume: everything has to come from the checkpoint
    torch.manual_seed(99 if resume else 7)
    logger = MemoryLogger()
    module = make()
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
    module = options.pop("make", ToyModule)()
    path = folder / "last.ckpt" if options.pop("resume", False) else None
    trainer = trainer_of(folder, logger, *extra, **options)
    with pytest.raises((RuntimeError, SystemExit)):
        trainer.fit(module, ToyLoader(batches=size), FixedLoader(), ckpt_path=path)
    return logger
