"""Trainings that go wrong or are interrupted end in one sentence and lose nothing."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from typing import Any

import lightning.pytorch as pl
import pytest
import torch

from mtl_core.errors import ArtifactError, InputError
from mtl_core.training import fit, lightning_setup, run
from mtl_core.training.checkpoints import SafeCheckpointIO
from mtl_core.training.config import TrainingConfig
from mtl_core.training.fit import train
from tests.mtl_core.training.fit_runs import add_callback, done, same
from tests.mtl_core.training.small_runs import StopAt

pytestmark = pytest.mark.usefixtures("no_pictures")


class Poison(pl.Callback):
    """Makes a head's weights NaN from one step on, as a diverging training does."""

    def __init__(self, step: int) -> None:
        self.step = step

    def on_train_batch_start(self, trainer: pl.Trainer, pl_module: Any, batch: Any, batch_idx: int) -> None:
        if trainer.global_step == self.step:
            with torch.no_grad():
                pl_module.model.head("weather").linear.weight.fill_(float("nan"))


def test_a_loss_that_is_not_finite_ends_the_run_and_keeps_the_best(
    config: Callable[..., TrainingConfig], monkeypatch: pytest.MonkeyPatch
) -> None:
    add_callback(monkeypatch, Poison(7))
    wanted = config(trainer={"epochs": 3})
    with pytest.raises(
        InputError, match=r"^The loss of weather is nan at step 7: [^\n]* best checkpoint so far is kept.$"
    ):
        train(wanted)
    kept = SafeCheckpointIO().load_checkpoint(run.run_folder(wanted.output) / "checkpoints" / "best.ckpt")
    assert kept["global_step"] == 5
    assert all(bool(torch.isfinite(part).all()) for part in kept["state_dict"].values())
    assert not wanted.output.exists()


def test_ctrl_c_ends_the_run_in_a_sentence_and_it_goes_on(
    config: Callable[..., TrainingConfig], monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = config("weather", trainer={"epochs": 3, "validate_every": 4, "average": 0.5})
    whole = done(wanted.model_copy(update={"output": wanted.output.with_name("whole")}))
    handler = signal.getsignal(signal.SIGINT)
    interrupt = StopAt("on_train_batch_start", 6)
    interrupt._raise = lambda trainer, *_: os.kill(os.getpid(), signal.SIGINT) if trainer.global_step == 6 else None
    interrupt.on_train_batch_start = interrupt._raise
    with monkeypatch.context() as patch:
        add_callback(patch, interrupt)
        with pytest.raises(InputError, match="interrupted at step 7; go on with --resume"):
            train(wanted)
    assert signal.getsignal(signal.SIGINT) is handler
    assert same(done(wanted, resume=True).model, whole.model)


@pytest.mark.parametrize("package", ["tensorboard", "wandb"])
def test_a_logger_that_is_not_installed_is_named(
    config: Callable[..., TrainingConfig], monkeypatch: pytest.MonkeyPatch, package: str
) -> None:
    monkeypatch.setattr(lightning_setup, "find_spec", lambda _: None)
    with pytest.raises(
        InputError, match=f"^logging.{package} needs the package {package}; install it or set it to false.$"
    ):
        train(config("weather", logging={package: True}))


def test_a_place_that_cannot_be_written_is_refused_before_anything_is_read(
    config: Callable[..., TrainingConfig], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fit, "prepare", lambda _: pytest.fail("the data were read"))
    wanted = config("weather")
    wanted.output.write_text("mine", encoding="utf-8")
    with pytest.raises(ArtifactError, match="is a file; name a folder for the model"):
        train(wanted)
    wanted.output.unlink()
    wanted.output.mkdir()
    (wanted.output / "thesis.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(ArtifactError, match="something that is not a saved model"):
        train(wanted)


@pytest.mark.parametrize("tasks", [("weather",), ("weather", "spans")])
def test_there_must_be_something_to_resume(config: Callable[..., TrainingConfig], tasks: tuple[str, ...]) -> None:
    with pytest.raises(InputError, match=r"no interrupted run in .*out\.run; start without --resume"):
        train(config(*tasks), resume=True)
    done(config(*tasks, trainer={"max_steps": 1}))
    with pytest.raises(InputError, match=r"start without --resume"):
        train(config(*tasks), resume=True)
