"""A training that was interrupted and resumed equals one that was not, bit for bit."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import lightning.pytorch as pl
import pytest
import torch
from lightning.pytorch.callbacks import Callback, EarlyStopping, ModelCheckpoint

from mtl_core.errors import ArtifactError, InputError
from mtl_core.training.checkpoints import SafeCheckpointIO
from mtl_core.training.resume import ExactResume, ResumableLoader
from tests.mtl_core.training.toy_training import (
    FixedLoader,
    InterruptAt,
    MemoryLogger,
    ToyLoader,
    ToyModule,
    trainer_of,
)

pytestmark = [
    pytest.mark.filterwarnings("ignore:Be aware that when using `ckpt_path`:UserWarning"),
    pytest.mark.filterwarnings("ignore:The dirpath has changed:UserWarning"),
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


@pytest.fixture(scope="module", autouse=True)
def _fast_disk() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("os.fsync", lambda _handle: None)
        yield


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory, _fast_disk: None) -> Run:
    return train(tmp_path_factory.mktemp("whole"), patience=99)


# an epoch has 6 batches and a validation follows every 4: after step 12 both fall together
@pytest.mark.parametrize(
    ("hook", "step", "error"),
    [
        ("on_train_batch_start", 3, RuntimeError),
        ("on_before_optimizer_step", 9, RuntimeError),
        ("on_train_batch_end", 2, KeyboardInterrupt),
        ("on_train_batch_end", 4, RuntimeError),
        ("on_train_batch_end", 6, RuntimeError),
        ("on_validation_start", 8, KeyboardInterrupt),
        ("on_validation_end", 4, RuntimeError),
        ("on_train_batch_start", 8, RuntimeError),
        ("on_train_batch_start", 12, RuntimeError),
        ("on_validation_start", 12, RuntimeError),
        ("on_train_epoch_end", 6, RuntimeError),
        ("on_train_epoch_end", 12, KeyboardInterrupt),
        ("on_train_epoch_start", 6, RuntimeError),
        ("on_train_epoch_start", 12, RuntimeError),
        ("on_train_epoch_end", 24, RuntimeError),
    ],
)
def test_an_interruption_anywhere_is_resumed_exactly(
    tmp_path: Path, whole: Run, hook: str, step: int, error: type[BaseException]
) -> None:
    logger = interrupted(tmp_path, InterruptAt(hook, step, error), patience=99)
    assert_same(whole, logger, train(tmp_path, resume=True, patience=99))


@pytest.mark.parametrize(
    "options",
    [
        {"val_check_interval": 1.0, "check_val_every_n_epoch": 1},
        {"val_check_interval": 0.5, "check_val_every_n_epoch": 1},
        {"val_check_interval": 1.0, "check_val_every_n_epoch": 2},
        {"accumulate_grad_batches": 2},
        {"every_n_steps": 5},
        {"every_n_steps": None},
        {"batches": 7, "make": partial(ToyModule, steps=28), "num_sanity_val_steps": 0},
        {"limit_val_batches": 0, "num_sanity_val_steps": 0},
    ],
)
def test_it_holds_for_every_rhythm_of_validation_and_saving(tmp_path: Path, options: dict[str, Any]) -> None:
    whole = train(tmp_path / "whole", patience=99, **options)
    logger = interrupted(
        tmp_path / "part", InterruptAt("on_train_batch_start", 9, RuntimeError), patience=99, **options
    )
    assert_same(whole, logger, train(tmp_path / "part", resume=True, patience=99, **options))


@pytest.mark.parametrize("steps", [4, 5, 12, 13])
def test_a_training_cut_by_max_steps_goes_on_exactly_with_more(tmp_path: Path, steps: int) -> None:
    options = {"max_epochs": -1, "patience": 99, "every_n_steps": None}
    whole = train(tmp_path / "whole", max_steps=20, **options)
    first = train(tmp_path / "part", max_steps=steps, **options)
    assert first.trainer.global_step == steps
    resumed = train(tmp_path / "part", resume=True, max_steps=20, **options)
    assert_same(whole, first, resumed)


def test_a_training_interrupted_twice_is_resumed_exactly(tmp_path: Path, whole: Run) -> None:
    first = interrupted(tmp_path, InterruptAt("on_train_batch_end", 5, RuntimeError), patience=99)
    second = interrupted(tmp_path, InterruptAt("on_validation_end", 16, RuntimeError), patience=99, resume=True)
    assert_same(whole, first, second, train(tmp_path, resume=True, patience=99))


def test_the_loader_goes_on_where_lightning_forgets_its_state(tmp_path: Path) -> None:
    whole = train(tmp_path / "whole", make=partial(ToyModule, asks_lightning=True), patience=99)
    logger = interrupted(
        tmp_path / "part",
        InterruptAt("on_train_batch_start", 9, RuntimeError),
        make=partial(ToyModule, asks_lightning=True),
        patience=99,
    )
    resumed = train(tmp_path / "part", make=partial(ToyModule, asks_lightning=True), resume=True, patience=99)
    assert_same(whole, logger, resumed)


@pytest.mark.parametrize("step", [4, 6, 10])
def test_early_stopping_counts_on_and_stops_at_the_same_step(tmp_path: Path, step: int) -> None:
    options = {"patience": 2, "max_epochs": 20}
    whole = train(tmp_path / "whole", make=partial(ToyModule, steps=120), **options)
    assert 10 < whole.trainer.global_step < 120
    interruption = InterruptAt("on_train_batch_start", step, RuntimeError)
    logger = interrupted(tmp_path / "part", interruption, make=partial(ToyModule, steps=120), **options)
    resumed = train(tmp_path / "part", make=partial(ToyModule, steps=120), resume=True, **options)
    assert_same(whole, logger, resumed)


def test_a_training_that_early_stopping_ended_stays_ended(tmp_path: Path) -> None:
    options = {"patience": 2, "max_epochs": 20}
    whole = train(tmp_path, make=partial(ToyModule, steps=120), **options)
    resumed = train(tmp_path, make=partial(ToyModule, steps=120), resume=True, **options)
    assert resumed.trainer.global_step == whole.trainer.global_step
    assert same(whole.outcome(), resumed.outcome())
    assert resumed.logger.values == {}


def test_the_best_checkpoint_can_be_resumed_from_too(tmp_path: Path, whole: Run) -> None:
    first = train(tmp_path, patience=99)
    best = Path(first.trainer.checkpoint_callback.best_model_path)
    torch.manual_seed(99)
    logger = MemoryLogger()
    module = ToyModule()
    trainer = trainer_of(tmp_path, logger, patience=99)
    trainer.fit(module, ToyLoader(), FixedLoader(), ckpt_path=best)
    assert same(module.state_dict(), whole.module.state_dict())
    assert logger.values
    assert all(whole.logger.values[key] == values for key, values in logger.values.items())


class PressCtrlC(Callback):
    def __init__(self, *, step: int, times: int) -> None:
        self.step = step
        self.times = times

    def on_before_optimizer_step(self, trainer: pl.Trainer, *_: Any) -> None:
        if trainer.global_step == self.step:
            for _press in range(self.times):
                signal.raise_signal(signal.SIGINT)


def test_ctrl_c_ends_the_training_at_a_moment_that_can_be_resumed(tmp_path: Path, whole: Run) -> None:
    before = signal.getsignal(signal.SIGINT)
    logger = interrupted(tmp_path, PressCtrlC(step=9, times=1), patience=99, every_n_steps=None)
    assert signal.getsignal(signal.SIGINT) is before
    saved = SafeCheckpointIO().load_checkpoint(tmp_path / "last.ckpt")
    assert saved["global_step"] == 10
    assert_same(whole, logger, train(tmp_path, resume=True, patience=99))


def test_a_second_ctrl_c_ends_it_at_once(tmp_path: Path, whole: Run) -> None:
    logger = interrupted(tmp_path, PressCtrlC(step=9, times=2), patience=99, every_n_steps=None)
    assert SafeCheckpointIO().load_checkpoint(tmp_path / "last.ckpt")["global_step"] == 8
    assert_same(whole, logger, train(tmp_path, resume=True, patience=99))


def test_a_checkpoint_from_another_moment_is_refused_for_training_only(tmp_path: Path) -> None:
    epoch_end = ModelCheckpoint(dirpath=tmp_path / "ends", filename="{epoch}", save_on_train_epoch_end=True)
    train(tmp_path, epoch_end, max_epochs=1, patience=99)
    path = Path(epoch_end.best_model_path)
    logger = MemoryLogger()
    trainer = trainer_of(tmp_path / "other", logger, ModelCheckpoint(dirpath=tmp_path / "ends"))
    with pytest.raises(ArtifactError, match="cannot go on exactly"):
        trainer.fit(ToyModule(), ToyLoader(), FixedLoader(), ckpt_path=path)
    trainer = pl.Trainer(logger=logger, plugins=[SafeCheckpointIO()], enable_progress_bar=False, accelerator="cpu")
    trainer.validate(ToyModule(), FixedLoader(), ckpt_path=path, verbose=False)
    assert ("val_loss", 6) in logger.values


def test_other_data_is_refused(tmp_path: Path) -> None:
    interrupted(tmp_path, InterruptAt("on_train_batch_start", 9, RuntimeError), patience=99)
    with pytest.raises(ArtifactError, match="7 batches now and had 6"):
        train(tmp_path, resume=True, patience=99, batches=7)


def test_a_loader_without_a_place_and_a_wrong_order_are_refused(tmp_path: Path) -> None:
    assert isinstance(ToyLoader(), ResumableLoader)
    with pytest.raises(InputError, match="state_dict"):
        trainer_of(tmp_path, MemoryLogger()).fit(ToyModule(), FixedLoader(), FixedLoader())
    trainer = trainer_of(tmp_path, MemoryLogger())
    trainer.callbacks.append(ModelCheckpoint(dirpath=tmp_path / "after"))
    with pytest.raises(InputError, match="must be the last"):
        trainer.fit(ToyModule(), ToyLoader(), FixedLoader())
    with pytest.raises(InputError, match="every 0 steps"):
        ExactResume(tmp_path, every_n_steps=0)
