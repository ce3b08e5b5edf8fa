"""A training that was interrupted and resumed equals one that was not, bit for bit."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import torch
from lightning.pytorch.callbacks import Callback, EMAWeightAveraging

from mtl_core.training.checkpoints import SafeCheckpointIO
from tests.mtl_core.training.toy_training import (
    FixedLoader,
    InterruptAt,
    MemoryLogger,
    Run,
    ToyLoader,
    ToyModule,
    assert_same,
    interrupted,
    same,
    train,
    trainer_of,
)

if TYPE_CHECKING:
    import lightning.pytorch as pl

pytestmark = [
    pytest.mark.filterwarnings("ignore:Be aware that when using `ckpt_path`:UserWarning"),
    pytest.mark.filterwarnings("ignore:The dirpath has changed:UserWarning"),
    pytest.mark.filterwarnings("ignore:.*LeafSpec:FutureWarning"),  # Lightning 2.6 with torch 2.13
    pytest.mark.filterwarnings("ignore:.*does not have many workers:UserWarning"),
    pytest.mark.filterwarnings("ignore:Checkpoint directory .* exists and is not empty:UserWarning"),
    pytest.mark.filterwarnings("ignore:Your `IterableDataset` has `__len__` defined:UserWarning"),
]


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
        ("on_validation_start", 8, KeyboardInterrupt),
        ("on_validation_end", 4, RuntimeError),
        ("on_train_batch_start", 12, RuntimeError),
        ("on_validation_start", 12, RuntimeError),
        ("on_train_epoch_end", 6, RuntimeError),
        ("on_train_epoch_end", 12, KeyboardInterrupt),
        ("on_train_epoch_start", 12, RuntimeError),
        ("on_train_epoch_end", 18, RuntimeError),
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
        {"val_check_interval": 1.0, "check_val_every_n_epoch": 1, "stops_at_epoch_end": True, "every_n_steps": None},
        {"val_check_interval": 0.5, "check_val_every_n_epoch": 1, "every_n_steps": None},
        {"val_check_interval": 1.0, "check_val_every_n_epoch": 2},
        {"accumulate_grad_batches": 2},
        {"every_n_steps": 5},
        {"every_n_steps": None},
        {"batches": 7, "make": partial(ToyModule, steps=21), "num_sanity_val_steps": 0},
        {"limit_val_batches": 0, "num_sanity_val_steps": 0},
    ],
)
def test_it_holds_for_every_rhythm_of_validation_and_saving(tmp_path: Path, options: dict[str, Any]) -> None:
    whole = train(tmp_path / "whole", patience=99, **options)
    logger = interrupted(
        tmp_path / "part", InterruptAt("on_train_batch_start", 8, RuntimeError), patience=99, **options
    )
    assert_same(whole, logger, train(tmp_path / "part", resume=True, patience=99, **options))


@pytest.mark.parametrize("step", [5, 12])
def test_averaged_weights_go_on_exactly(tmp_path: Path, step: int) -> None:
    def average() -> EMAWeightAveraging:
        return EMAWeightAveraging(decay=0.9)

    whole = train(tmp_path / "whole", average(), patience=99)
    interruption = InterruptAt("on_train_epoch_end", step, RuntimeError)
    logger = interrupted(tmp_path / "part", average(), interruption, patience=99)
    assert_same(whole, logger, train(tmp_path / "part", average(), resume=True, patience=99))


@pytest.mark.parametrize("steps", [4, 5, 12, 13])
def test_a_training_cut_by_max_steps_goes_on_exactly_with_more(tmp_path: Path, steps: int) -> None:
    options = {"max_epochs": -1, "patience": 99, "every_n_steps": None}
    whole = train(tmp_path / "whole", max_steps=16, **options)
    first = train(tmp_path / "part", max_steps=steps, **options)
    assert SafeCheckpointIO().load_checkpoint(tmp_path / "part" / "last.ckpt")["global_step"] == steps
    resumed = train(tmp_path / "part", resume=True, max_steps=16, **options)
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

    def on_train_batch_start(self, trainer: pl.Trainer, *_: Any) -> None:
        while trainer.global_step == self.step and self.times:
            self.times -= 1
            signal.raise_signal(signal.SIGINT)


def test_ctrl_c_ends_the_training_at_a_moment_that_can_be_resumed(tmp_path: Path, whole: Run) -> None:
    before = signal.getsignal(signal.SIGINT)
    logger = interrupted(tmp_path, PressCtrlC(step=9, times=1), patience=99, every_n_steps=None)
    assert signal.getsignal(signal.SIGINT) is before
    saved = SafeCheckpointIO().load_checkpoint(tmp_path / "last.ckpt")
    assert saved["global_step"] == 10
    assert_same(whole, logger, train(tmp_path, resume=True, patience=99))


def test_ctrl_c_waits_for_the_end_of_an_accumulated_step(tmp_path: Path) -> None:
    options = {"accumulate_grad_batches": 2, "patience": 99, "every_n_steps": None}
    whole = train(tmp_path / "whole", **options)
    logger = interrupted(tmp_path / "part", PressCtrlC(step=4, times=1), **options)
    assert SafeCheckpointIO().load_checkpoint(tmp_path / "part" / "last.ckpt")["global_step"] == 5
    assert_same(whole, logger, train(tmp_path / "part", resume=True, **options))


def test_ctrl_c_is_given_back_when_the_training_ends(tmp_path: Path) -> None:
    before = signal.getsignal(signal.SIGINT)
    seen: list[bool] = []

    class Watching(ToyModule):
        def on_train_batch_start(self, *_: Any) -> None:
            seen.append(signal.getsignal(signal.SIGINT) is before)

        def on_train_end(self) -> None:
            seen.append(signal.getsignal(signal.SIGINT) is before)

    train(tmp_path, make=Watching, max_steps=1)
    assert seen == [False, True]


class Epochs(Callback):
    """Notes which epochs begin and end, and at which step."""

    def __init__(self) -> None:
        self.seen: set[tuple[str, int, int]] = set()

    def on_train_epoch_start(self, trainer: pl.Trainer, *_: Any) -> None:
        self.seen.add(("start", trainer.current_epoch, trainer.global_step))

    def on_train_epoch_end(self, trainer: pl.Trainer, *_: Any) -> None:
        self.seen.add(("end", trainer.current_epoch, trainer.global_step))


@pytest.mark.parametrize("step", [6, 12])
def test_an_epoch_that_was_cut_at_its_end_ends_on_resume(tmp_path: Path, step: int) -> None:
    first, resumed, whole = Epochs(), Epochs(), Epochs()
    train(tmp_path / "whole", whole, patience=99)
    assert len(whole.seen) == 6
    interrupted(tmp_path / "part", InterruptAt("on_train_epoch_end", step, RuntimeError), first, patience=99)
    train(tmp_path / "part", resumed, resume=True, patience=99)
    assert first.seen | resumed.seen == whole.seen


def test_a_second_ctrl_c_ends_it_at_once(tmp_path: Path, whole: Run) -> None:
    logger = interrupted(tmp_path, PressCtrlC(step=9, times=2), patience=99, every_n_steps=None)
    assert SafeCheckpointIO().load_checkpoint(tmp_path / "last.ckpt")["global_step"] == 8
    assert_same(whole, logger, train(tmp_path, resume=True, patience=99))


def test_a_loader_may_go_on_in_an_epoch_that_is_over(tmp_path: Path) -> None:
    class Plain(ToyLoader):
        def load_state_dict(self, state_dict: dict[str, Any]) -> None:
            super().load_state_dict(state_dict)
            self.continues = True

    options = {"val_check_interval": 1.0, "check_val_every_n_epoch": 1, "patience": 99}
    whole = train(tmp_path / "whole", **options)
    logger = interrupted(tmp_path / "part", InterruptAt("on_train_epoch_end", 6, RuntimeError), **options)
    again = MemoryLogger()
    module = ToyModule()
    trainer = trainer_of(tmp_path / "part", again, **options)
    trainer.fit(module, Plain(), FixedLoader(), ckpt_path=tmp_path / "part" / "last.ckpt")
    assert_same(whole, logger, Run(trainer, module, again))
