"""How Lightning is set up for a run: trainer, callbacks, loggers."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from lightning.pytorch import Callback, Trainer
from lightning.pytorch.callbacks import EarlyStopping, EMAWeightAveraging, ModelCheckpoint, RichProgressBar
from lightning.pytorch.loggers import CSVLogger, Logger

from mtl_core.encoder import bfloat16_is_fast
from mtl_core.errors import InputError
from mtl_core.model import MultiTaskModel
from mtl_core.training.checkpoints import SafeCheckpointIO
from mtl_core.training.config import LoggingConfig, TrainingConfig
from mtl_core.training.freezing import GradualUnfreezing, rest_if_frozen
from mtl_core.training.resume import ExactResume

__all__ = ["MONITORED", "make_callbacks", "make_trainer", "quiet_lightning"]

MONITORED = "val/score"
"""What the best checkpoint is chosen by: the mean of the tasks' main figures."""

_HARMLESS = (
    r".*isinstance\(treespec, LeafSpec\).*",  # between Lightning and PyTorch, nothing that a user can change
    r".*Checkpoint directory.*exists and is not empty.*",
    r".*module\(s\) in eval mode at the start of training.*",  # a frozen encoder is meant to be
)


class _RestFrozen(Callback):
    """Silences the dropout of an encoder of which nothing learns."""

    def on_train_start(self, trainer: Trainer, pl_module: Any) -> None:
        del trainer
        rest_if_frozen(pl_module.model.network)


def make_callbacks(config: TrainingConfig, model: MultiTaskModel, best: ModelCheckpoint, last: Path) -> list[Callback]:
    """Freezing, averaging, early stopping, progress, checkpoints, in the order that they must run in.

    Args:
        config: Which of them.
        model: The model.
        best: Keeps the best weights.
        last: Where the point to resume from is kept.

    Returns:
        The callbacks.
    """
    chosen = config.trainer
    callbacks: list[Callback] = [_RestFrozen()]
    if config.encoder.unfreeze_every is not None:
        callbacks.append(GradualUnfreezing(model.network, every=config.encoder.unfreeze_every))
    if chosen.average:
        callbacks.append(EMAWeightAveraging(decay=chosen.average, use_buffers=False))
    if chosen.patience:
        callbacks.append(
            EarlyStopping(monitor=MONITORED, mode="max", patience=chosen.patience, check_on_train_epoch_end=False)
        )
    if config.logging.progress_bar:
        callbacks.append(RichProgressBar())
    # the resume point comes last: it saves what all others have decided
    return [*callbacks, best, ExactResume(last)] if chosen.checkpoint else [*callbacks, best]


def make_trainer(
    config: TrainingConfig,
    model: MultiTaskModel,
    *,
    steps: int,
    validate_every: int | None,
    callbacks: list[Callback],
    folder: Path,
) -> Trainer:
    """Lightning's trainer for a config.

    Args:
        config: The config.
        model: Tells the device.
        steps: Optimiser steps of the whole run.
        validate_every: Steps between validations; ``None`` for once an epoch.
        callbacks: What ``make_callbacks`` gave.
        folder: Where logs are written.

    Returns:
        The trainer.

    Raises:
        InputError: If a logger's package is missing.
    """
    chosen = config.trainer
    bfloat16 = chosen.precision == "bfloat16" or (chosen.precision == "auto" and bfloat16_is_fast())
    return Trainer(
        accelerator="cpu" if model.encoder.device.type == "cpu" else "gpu",
        devices=chosen.processes,
        strategy="ddp_find_unused_parameters_true" if chosen.processes > 1 else "auto",
        precision="bf16-mixed" if bfloat16 else "32-true",
        max_epochs=chosen.epochs,
        max_steps=chosen.max_steps,
        check_val_every_n_epoch=None if validate_every else 1,
        val_check_interval=validate_every or 1.0,
        num_sanity_val_steps=0,
        log_every_n_steps=max(1, min(chosen.log_every, steps // chosen.epochs)),
        callbacks=callbacks,
        logger=_loggers(config.logging, project=config.project, folder=folder),
        plugins=[SafeCheckpointIO()],
        enable_progress_bar=config.logging.progress_bar,
        enable_model_summary=False,
        use_distributed_sampler=False,
    )


def _loggers(chosen: LoggingConfig, *, project: str, folder: Path) -> list[Logger]:
    # a resumed run writes beside what it logged before: in the same folder, Lightning would delete that first
    begun = sum(1 for _ in folder.glob("logs*"))
    loggers: list[Logger] = [CSVLogger(folder, name="", version=f"logs-{begun + 1}" if begun else "logs")]
    if chosen.tensorboard:
        if find_spec("tensorboard") is None and find_spec("tensorboardX") is None:
            raise InputError("logging.tensorboard needs the package tensorboard; install it or set it to false.")
        from lightning.pytorch.loggers import TensorBoardLogger  # noqa: PLC0415 - only where asked for

        loggers.append(TensorBoardLogger(folder, name="", version="tensorboard"))
    if chosen.wandb:
        if find_spec("wandb") is None:
            raise InputError("logging.wandb needs the package wandb; install it or set it to false.")
        from lightning.pytorch.loggers import WandbLogger  # noqa: PLC0415 - only where asked for

        loggers.append(WandbLogger(project=project, save_dir=folder))
    return loggers


@contextmanager
def quiet_lightning() -> Iterator[None]:
    """Hide what Lightning says of devices and limits, and let it speak again afterwards."""
    loggers = [logging.getLogger(name) for name in ("lightning.pytorch", "lightning.fabric", "lightning")]
    before = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            for message in _HARMLESS:
                warnings.filterwarnings("ignore", message=message)
            yield
    finally:
        for logger, level in zip(loggers, before, strict=True):
            logger.setLevel(level)
