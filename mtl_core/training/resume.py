"""Exact resume: an interrupted training that goes on from its checkpoint equals one that was never interrupted.

Bit for bit on the CPU: weights, optimiser, schedule, random numbers, place in the epoch, validations, best score and
patience. :class:`ExactResume` keeps what Lightning's checkpoint leaves out, and saves only at moments from which
Lightning's loops go on exactly (read in Lightning 2.6, held by tests):

- after a batch that closes an optimiser step, is not the last of its epoch, and is not followed by a validation.
  Lightning takes a validation that is due as done when it restarts from there, and restarts an epoch that is over
  without its end;
- after a validation, wherever it falls. The end of an epoch that follows is run again on resume.

Nothing is saved at the end of an epoch or in the middle of a batch: training goes on from the last such moment and
repeats the few batches since, with the same result. Checkpoints that a ``ModelCheckpoint`` saves at other moments still
load for evaluation, but training refuses to resume from them; set ``save_on_train_epoch_end=False`` and no
``every_n_train_steps`` on it, so that its checkpoints can be resumed from too.

What the LightningModule must keep to:

- It logs training values with ``on_step=True, on_epoch=False``. Lightning keeps no partial sums of an epoch, so a mean
  over a resumed epoch would cover its second half only.
- What changes during training is a parameter, a buffer, or saved by its ``on_save_checkpoint``. Metrics are filled and
  emptied within one validation.
- Random numbers come from the global generators of PyTorch, NumPy and Python. None is drawn in ``on_train_start``.
- ``configure_optimizers`` depends on the configuration alone, and schedules are stepped per batch.
- The batches of a validation are the same every time. A validation falls on a whole optimiser step: its interval is a
  multiple of ``accumulate_grad_batches``.
- ``EarlyStopping`` has ``check_on_train_epoch_end=False`` where ``max_steps`` is used: Lightning ends an epoch that
  ``max_steps`` cut short as if it were whole.

What the training loader must keep to (:class:`ResumableLoader`), besides:

- It has a length, else Lightning fetches one batch ahead of the training.
- ``iter`` starts the next epoch, or, once after ``load_state_dict``, goes on in the saved one. It does so at the first
  ``next`` (a generator function does), because Lightning calls ``iter`` before it knows where to go on. Where the saved
  epoch was over, it gives nothing or begins the next.
- The order of an epoch depends on a seed and the epoch's number, not on the global generators.
- Every process counts the same batches; only the first one's state is saved.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from lightning.pytorch.callbacks import Checkpoint
from lightning.pytorch.trainer.states import TrainerFn, TrainerStatus

from mtl_core.errors import ArtifactError, InputError
from mtl_core.training.randomness import gather_random_states, restore_random_state

if TYPE_CHECKING:
    from lightning.pytorch import LightningModule, Trainer

__all__ = ["ExactResume", "ResumableLoader"]

_KEY = "exact_resume"


@runtime_checkable
class ResumableLoader(Protocol):
    """Batches of an epoch that can be left and taken up again; see the module's text for the rules."""

    def __len__(self) -> int:
        """Batches of a whole epoch."""

    def __iter__(self) -> Iterator[Any]:
        """The next epoch, or the rest of the loaded one."""

    def state_dict(self) -> dict[str, Any]:
        """Where it stands: the epoch, and how many of its batches were handed out."""

    def load_state_dict(self, state_dict: dict[str, Any], /) -> None:
        """Make the next epoch that is begun go on from a state."""


class ExactResume(Checkpoint):
    """Keeps one checkpoint to resume from, and resumes from it exactly.

    It saves after every validation, every ``every_n_steps`` optimiser steps, at the trainer's ``max_steps``, and when
    the training is asked to end (Ctrl-C, SIGTERM). Ctrl-C ends the training at the next moment that can be saved; a
    second Ctrl-C ends it at once. Resume with ``trainer.fit(..., ckpt_path=path)``. List it as the last callback, so
    that it saves what the others have decided.

    Args:
        path: The checkpoint, such as ``run/last.ckpt``.
        every_n_steps: Optimiser steps between two saves; None for validations only.
    """

    def __init__(self, path: str | Path, *, every_n_steps: int | None = None) -> None:
        if every_n_steps is not None and every_n_steps < 1:
            raise InputError(f"A checkpoint every {every_n_steps} steps is not possible; give 1 or more, or none.")
        self._path = Path(path)
        self._every_n_steps = every_n_steps
        self._is_due = False
        self._last_step = -1
        self._is_interrupted = False
        self._ends = False
        self._loaded: dict[str, Any] | None = None
        self._previous_handler: Any = None

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Check that it is the last callback."""
        del pl_module
        if stage == TrainerFn.FITTING and trainer.checkpoint_callbacks[-1] is not self:
            raise InputError("ExactResume must be the last of the trainer's callbacks, after every ModelCheckpoint.")

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Put back what the checkpoint held, last of all before the first batch."""
        del pl_module
        if not isinstance(trainer.train_dataloader, ResumableLoader):
            raise InputError("To be resumed exactly, the training loader needs len, state_dict and load_state_dict.")
        self._is_due = self._is_interrupted = self._ends = False
        self._last_step = trainer.global_step
        self._catch_interrupts()
        if self._loaded is not None:
            loaded, self._loaded = self._loaded, None
            _restore(trainer, trainer.train_dataloader, loaded)

    def on_train_batch_start(self, trainer: Trainer, pl_module: LightningModule, batch: Any, batch_idx: int) -> None:
        """End the training if Ctrl-C asked for it; now that the saved batch has been logged.

        Raises:
            KeyboardInterrupt: Lightning ends the training in order.
        """
        del trainer, pl_module, batch, batch_idx
        if self._ends:
            raise KeyboardInterrupt

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Save if it is time and the moment can be resumed from; else at the next such moment."""
        del pl_module, outputs, batch, batch_idx
        step = trainer.global_step
        is_new = step != self._last_step
        self._last_step = step
        self._is_due |= is_new and self._every_n_steps is not None and step % self._every_n_steps == 0
        self._is_due |= step == trainer.max_steps or trainer.received_sigterm
        self._save_if_possible(trainer)

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Save after every validation of the training."""
        del pl_module
        if trainer.state.fn == TrainerFn.FITTING and not trainer.sanity_checking:
            self._is_due = True
            self._save_if_possible(trainer)

    def on_save_checkpoint(self, trainer: Trainer, pl_module: LightningModule, checkpoint: dict[str, Any]) -> None:
        """Add to any checkpoint of the training what Lightning leaves out."""
        del pl_module
        if trainer.state.fn != TrainerFn.FITTING or not isinstance(trainer.train_dataloader, ResumableLoader):
            return
        checkpoint[_KEY] = {
            "is_exact": _can_resume_from_here(trainer),
            "random": gather_random_states(),
            "loader": trainer.train_dataloader.state_dict(),
            "is_epoch_over": trainer.is_last_batch,
            "batches": len(trainer.train_dataloader),
            "should_stop": trainer.should_stop,
            "metrics": dict(trainer.callback_metrics),
        }

    def on_load_checkpoint(self, trainer: Trainer, pl_module: LightningModule, checkpoint: dict[str, Any]) -> None:
        """Check that training can go on from a checkpoint, and remember its part until the training starts.

        Raises:
            ArtifactError: If it cannot.
        """
        del pl_module
        if trainer.state.fn != TrainerFn.FITTING:
            return
        loaded = checkpoint.get(_KEY)
        if loaded is None or not loaded["is_exact"]:
            raise ArtifactError(
                f"Training cannot go on exactly from this checkpoint; resume from the one that ExactResume saves, "
                f"such as {self._path}."
            )
        if len(loaded["random"]) != trainer.world_size:
            raise ArtifactError(
                f"The checkpoint was saved by {len(loaded['random'])} processes and cannot go on exactly with "
                f"{trainer.world_size}; use the same number."
            )
        self._loaded = loaded
        # set now: the loop looks at it before it calls on_train_start
        trainer.should_stop = loaded["should_stop"]

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Give Ctrl-C back."""
        del trainer, pl_module
        self._release_interrupts()

    def on_exception(self, trainer: Trainer, pl_module: LightningModule, exception: BaseException) -> None:
        """Give Ctrl-C back."""
        del trainer, pl_module, exception
        self._release_interrupts()

    def _save_if_possible(self, trainer: Trainer) -> None:
        # every process has to decide the same
        is_interrupted = trainer.strategy.reduce_boolean_decision(self._is_interrupted, all=False)
        if not (self._is_due or is_interrupted) or not _can_resume_from_here(trainer):
            return
        trainer.save_checkpoint(self._path)
        self._is_due = False
        self._ends = is_interrupted

    def _catch_interrupts(self) -> None:
        if threading.current_thread() is threading.main_thread():
            self._previous_handler = signal.signal(signal.SIGINT, self._interrupt)

    def _release_interrupts(self) -> None:
        if self._previous_handler is not None:
            signal.signal(signal.SIGINT, self._previous_handler)
            self._previous_handler = None

    def _interrupt(self, _number: int, _frame: FrameType | None) -> None:
        if self._is_interrupted:
            raise KeyboardInterrupt
        self._is_interrupted = True


def _can_resume_from_here(trainer: Trainer) -> bool:
    """Whether Lightning's loops, saved at this moment, go on exactly."""
    epoch_loop = trainer.fit_loop.epoch_loop
    done: Any = epoch_loop.batch_progress
    closes_a_step = trainer.is_last_batch or done.current.ready % trainer.accumulate_grad_batches == 0
    is_torn = trainer.state.status == TrainerStatus.INTERRUPTED or done.total.processed != done.total.ready
    if is_torn or not closes_a_step:
        return False
    if done.total.completed == done.total.processed:
        # after the batch's own hooks: a validation has run, or the epoch ends
        return bool(trainer.validating)
    fetcher: Any = trainer.fit_loop._data_fetcher  # noqa: SLF001  # no public name says "a validation follows"
    is_validation_due = epoch_loop._should_check_val_fx(fetcher)  # noqa: SLF001
    return not is_validation_due and not trainer.is_last_batch


def _restore(trainer: Trainer, loader: ResumableLoader, loaded: dict[str, Any]) -> None:
    if len(loader) != loaded["batches"]:
        raise ArtifactError(
            f"An epoch has {len(loader)} batches now and had {loaded['batches']} when the checkpoint was saved; "
            "resume with the same data and batch size."
        )
    # Lightning forgets the loader's state where configure_optimizers asked for estimated_stepping_batches
    if loader.state_dict() != loaded["loader"]:
        loader.load_state_dict(loaded["loader"])
    # Lightning closes an epoch that was saved when it was over without asking for more batches. A loader that goes on
    # in it, with nothing, has done so now; one that has begun the next epoch instead is put back, to do it again
    if loaded["is_epoch_over"] and next(iter(loader), None) is not None:
        loader.load_state_dict(loaded["loader"])
    # a check at the end of an epoch wants the values of a validation before the checkpoint
    trainer.callback_metrics.update(loaded["metrics"])
    restore_random_state(loaded["random"][trainer.global_rank])
