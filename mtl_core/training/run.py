"""Training with the encoder in the loop, by Lightning."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from lightning.pytorch import LightningDataModule, Trainer
from lightning.pytorch.callbacks import ModelCheckpoint
from lightning.pytorch.utilities import rank_zero_only

from mtl_core.data.examples import Example
from mtl_core.data.sampling import BatchPlan
from mtl_core.errors import InputError
from mtl_core.model import MultiTaskModel
from mtl_core.training.checkpoints import SafeCheckpointIO
from mtl_core.training.config import TrainerConfig, TrainingConfig
from mtl_core.training.freezing import freeze
from mtl_core.training.lightning_setup import MONITORED, make_callbacks, make_trainer, quiet_lightning
from mtl_core.training.loader import BatchLoader, BatchMaker, LabelledBatch
from mtl_core.training.module import MultiTaskModule, Optimisation
from mtl_core.training.parameter_groups import parameter_groups
from mtl_core.training.run_settings import keep_settings
from mtl_core.training.schedules import make_schedule
from mtl_core.training.teaching import Teaching

__all__ = [
    "RunOutcome",
    "last_checkpoint",
    "make_plan",
    "optimisation",
    "run_folder",
    "run_training",
    "total_steps",
    "validation_interval",
]

_VALIDATION_BATCH = 64


@dataclass(frozen=True, slots=True)
class RunOutcome:
    """What a run by Lightning leaves beside the trained model.

    Args:
        best_score: Validation score of the weights that were kept.
        steps: Optimiser steps taken.
    """

    best_score: float
    steps: int


def run_folder(output: Path) -> Path:
    """Folder of checkpoints and logs, beside the model folder."""
    return output.with_name(f"{output.name}.run")


def last_checkpoint(output: Path) -> Path:
    """The point from which an interrupted run goes on."""
    return run_folder(output) / "checkpoints" / "last.ckpt"


def make_plan(maker: BatchMaker, config: TrainingConfig) -> BatchPlan:
    """Which rows come when.

    Args:
        maker: Knows the lengths.
        config: Batch size, sampling and seed.

    Returns:
        The plan.
    """
    return BatchPlan(
        maker.lengths,
        config.trainer.batch_size,
        seed=config.seed,
        strategy=config.trainer.sampling,
        temperature=config.trainer.sampling_temperature,
    )


def total_steps(plan: BatchPlan, trainer: TrainerConfig) -> int:
    """Optimiser steps of a whole run."""
    steps = trainer.epochs * len(plan.epoch(0))
    return steps if trainer.max_steps < 0 else min(steps, trainer.max_steps)


def validation_interval(plan: BatchPlan, trainer: TrainerConfig) -> int | None:
    """Steps between validations, or ``None`` for once an epoch; a run that ends earlier is validated at its end."""
    steps = total_steps(plan, trainer)
    if trainer.validate_every is not None:
        return min(trainer.validate_every, steps)
    return steps if steps < len(plan.epoch(0)) else None


def optimisation(config: TrainingConfig, steps: int) -> Optimisation:
    """AdamW over discriminative groups, and its schedule.

    Args:
        config: Rates, decays and schedule.
        steps: Optimiser steps of the whole run.

    Returns:
        Makers of both.
    """
    chosen = config.optimiser

    def optimiser(module: MultiTaskModule) -> torch.optim.Optimizer:
        heads = torch.nn.ModuleList([module.model.heads])
        if module.uncertainty is not None:
            heads.append(module.uncertainty)
        groups: Any = parameter_groups(
            module.model.network,
            heads,
            encoder_lr=chosen.encoder_lr,
            head_lr=chosen.head_lr,
            layer_decay=chosen.layer_decay,
            weight_decay=chosen.weight_decay,
        )
        return torch.optim.AdamW(
            [{k: v for k, v in group.items() if k != "param_names"} for group in groups], fused=True
        )

    def schedule(made: torch.optim.Optimizer) -> torch.optim.lr_scheduler.LRScheduler:
        return make_schedule(chosen.schedule, made, total_steps=steps, warmup=chosen.warmup)

    return Optimisation(optimiser, schedule)


class _Data(LightningDataModule):
    """Hands the loaders to Lightning, which knows the process's rank only after its start."""

    def __init__(self, plan: BatchPlan, maker: BatchMaker, validation: list[LabelledBatch]) -> None:
        super().__init__()
        self._plan, self._maker, self._validation = plan, maker, validation

    def transfer_batch_to_device(
        self, batch: LabelledBatch, device: torch.device, dataloader_idx: int
    ) -> LabelledBatch:
        """Batches are made on the model's device."""
        del device, dataloader_idx
        return batch

    def train_dataloader(self) -> Any:
        rank, world = (self.trainer.global_rank, self.trainer.world_size) if self.trainer else (0, 1)
        return BatchLoader(self._plan, self._maker, rank=rank, world_size=world)

    def val_dataloader(self) -> Any:
        return _Fixed(self._validation)


class _Fixed:
    """A fixed list of batches; Lightning would take a bare list for several loaders."""

    def __init__(self, batches: list[LabelledBatch]) -> None:
        self._batches = batches

    def __len__(self) -> int:
        return len(self._batches)

    def __iter__(self) -> Iterator[LabelledBatch]:
        return iter(self._batches)


def run_training(
    model: MultiTaskModel,
    teaching: Teaching,
    config: TrainingConfig,
    *,
    resume: bool = False,
    report: Callable[[str], None] | None = None,
) -> RunOutcome | None:
    """Train a model in place, and leave the weights of its best validation in it.

    Args:
        model: The model.
        teaching: What it learns from.
        config: The config.
        resume: Go on from the last checkpoint, which must be there.
        report: Gets a line now and then.

    Returns:
        The outcome; ``None`` in the further processes of a run with several.

    Raises:
        InputError: If the loss is not finite, or a logger's package is missing.
        ArtifactError: If a checkpoint is damaged, or of other data.
    """
    if config.encoder.freeze == "all":
        freeze(model.network, keep_last=0)
    elif config.encoder.keep_last is not None:
        freeze(model.network, keep_last=config.encoder.keep_last)
    maker = BatchMaker(model, teaching.data.train)
    plan = make_plan(maker, config)
    steps = total_steps(plan, config.trainer)
    module = _module(model, teaching, config, steps=steps)
    data = _Data(plan, maker, _validation_batches(model, teaching.data.validation))
    folder, last = run_folder(config.output), last_checkpoint(config.output)
    best = _best_checkpoint(last.parent)
    if not resume and rank_zero_only.rank == 0:  # type: ignore[attr-defined]
        keep_settings(config, folder)
    with quiet_lightning():
        trainer = make_trainer(
            config,
            model,
            steps=steps,
            validate_every=validation_interval(plan, config.trainer),
            callbacks=make_callbacks(config, model, best, last),
            folder=folder,
        )
        with _orderly_interrupt(trainer):
            trainer.fit(module, datamodule=data, ckpt_path=str(last) if resume else None)
    return _keep_best(module, best, trainer, report or (lambda _: None)) if trainer.is_global_zero else None


def _module(model: MultiTaskModel, teaching: Teaching, config: TrainingConfig, *, steps: int) -> MultiTaskModule:
    module = MultiTaskModule(
        model,
        loss=config.loss,
        optimisation=optimisation(config, steps),
        balance=config.trainer.balance,
        clip=config.optimiser.clip,
        distance=teaching.distance,
    )
    # Lightning keeps the modes that it finds, and a model that was made or read is in evaluation mode
    module.train()
    return module


@contextmanager
def _orderly_interrupt(trainer: Trainer) -> Iterator[None]:
    """Turn Lightning's exit of the whole program on Ctrl-C into an error, and give Ctrl-C back."""
    handler = signal.getsignal(signal.SIGINT)
    try:
        yield
    except SystemExit as error:
        if not trainer.interrupted:
            raise
        raise InputError(f"The training was interrupted at step {trainer.global_step}; go on with --resume.") from error
    finally:
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGINT, handler)


def _best_checkpoint(folder: Path) -> ModelCheckpoint:
    return ModelCheckpoint(
        dirpath=folder,
        filename="best",
        monitor=MONITORED,
        mode="max",
        save_top_k=1,
        save_on_train_epoch_end=False,
        enable_version_counter=False,
        auto_insert_metric_name=False,
    )


def _validation_batches(model: MultiTaskModel, examples: Sequence[Example]) -> list[LabelledBatch]:
    """Batches of similar length, one data set each, the same for every validation."""
    by_dataset: dict[str, list[Example]] = {}
    for example in examples:
        by_dataset.setdefault(example.dataset, []).append(example)
    maker = BatchMaker(model, by_dataset)
    batches = []
    for name, lengths in maker.lengths.items():
        order = sorted(range(len(lengths)), key=lengths.__getitem__)
        batches += [
            maker(name, order[start : start + _VALIDATION_BATCH]) for start in range(0, len(order), _VALIDATION_BATCH)
        ]
    return batches


def _keep_best(
    module: MultiTaskModule,
    best: ModelCheckpoint,
    trainer: Trainer,
    say: Callable[[str], None],
) -> RunOutcome:
    if not best.best_model_path:
        raise InputError("The training ended before its first validation; give it more steps or validate more often.")
    checkpoint = SafeCheckpointIO().load_checkpoint(best.best_model_path)
    module.load_state_dict(checkpoint["state_dict"])
    module.model.eval()
    score = float(best.best_model_score) if best.best_model_score is not None else 0.0
    say(f"best validation score {score:.4f} at step {checkpoint['global_step']} of {trainer.global_step}")
    return RunOutcome(score, trainer.global_step)
