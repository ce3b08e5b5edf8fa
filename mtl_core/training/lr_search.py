"""The learning-rate range test on the model, data and batches that a config would train."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from lightning.pytorch import seed_everything

from mtl_core.data.sampling import BatchPlan
from mtl_core.errors import ArtifactError, InputError
from mtl_core.evaluation.plots import line_plot
from mtl_core.losses import multi_task_mean
from mtl_core.model import MultiTaskModel
from mtl_core.saved import write_atomic
from mtl_core.training.config import TrainingConfig
from mtl_core.training.fit import build_model
from mtl_core.training.freezing import freeze
from mtl_core.training.frozen import can_fit_frozen
from mtl_core.training.loader import BatchMaker, LabelledBatch
from mtl_core.training.lr_finder import LearningRateCurve, find_learning_rate
from mtl_core.training.module import MultiTaskModule, task_losses
from mtl_core.training.prepare import prepare
from mtl_core.training.run import optimisation
from mtl_core.training.teaching import Teaching

__all__ = ["LearningRateSearch", "search_learning_rate", "write_search"]

JSON_NAME, PICTURE_NAME = "lr.json", "lr.png"
_SETTLING = 10


@dataclass(frozen=True, slots=True)
class LearningRateSearch:
    """A curve, and what it means for the config.

    Args:
        curve: Loss by learning rate, of the group that learns fastest.
        suggestion: Rate of that group at which the smoothed loss falls fastest, once it has settled.
        head_lr: Suggested ``optimiser.head_lr``.
        encoder_lr: Suggested ``optimiser.encoder_lr``, in the config's ratio to ``head_lr``; ``None`` where the
            encoder is frozen.
    """

    curve: LearningRateCurve
    suggestion: float
    head_lr: float
    encoder_lr: float | None

    @property
    def overrides(self) -> tuple[str, ...]:
        """The suggestion as ``key=value``, as the training command takes it."""
        encoder = () if self.encoder_lr is None else (f"optimiser.encoder_lr={self.encoder_lr:.2e}",)
        return (*encoder, f"optimiser.head_lr={self.head_lr:.2e}")


def search_learning_rate(
    config: TrainingConfig,
    *,
    lowest: float = 1e-6,
    highest: float = 1.0,
    steps: int = 100,
    report: Callable[[str], None] | None = None,
) -> LearningRateSearch:
    """Try learning rates on what the config would train.

    The groups of the optimiser keep the config's ratios, and the rates are those of the fastest group. Each step
    learns from one batch of every data set: their losses differ too much for a curve over batches in turn.

    Args:
        config: The config; its loss is searched with fixed task weights.
        lowest: First learning rate.
        highest: Last learning rate.
        steps: Rates tried.
        report: Gets a line now and then.

    Returns:
        The curve and the suggestion.

    Raises:
        InputError: If the data cannot be learned from, or the config trains nothing by a learning rate.
    """
    say = report or (lambda _: None)
    seed_everything(config.seed, verbose=False)
    data = prepare(config)
    model, teaching = build_model(config, data)
    is_frozen = config.encoder.freeze == "all"
    if is_frozen and can_fit_frozen(model) and config.encoder.unfreeze_every is None:
        raise InputError(
            "With encoder.freeze: all these heads are fitted without a learning rate; there is nothing to search."
        )
    if is_frozen or config.encoder.keep_last is not None:
        freeze(model.network, keep_last=0 if is_frozen else config.encoder.keep_last or 0)
    maker = BatchMaker(model, teaching.data.train)
    made = optimisation(config, steps)
    module = MultiTaskModule(model, loss=config.loss, optimisation=made)
    say(f"trying {steps} learning rates from {lowest:g} to {highest:g} on batches of {config.trainer.batch_size}")
    curve = find_learning_rate(
        model,
        make_optimizer=lambda _: made.optimiser(module),
        batches=_Rounds(maker, config),
        loss=_loss_of(model, teaching, config),
        lowest=lowest,
        highest=highest,
        steps=steps,
    )
    rates = config.optimiser
    learns = any(parameter.requires_grad for parameter in model.network.parameters())
    suggestion = _steepest(curve)
    factor = suggestion / max(rates.head_lr, rates.encoder_lr if learns else 0.0)
    return LearningRateSearch(curve, suggestion, rates.head_lr * factor, rates.encoder_lr * factor if learns else None)


def write_search(search: LearningRateSearch, folder: str | Path) -> None:
    """Write ``lr.json`` and ``lr.png``.

    Args:
        search: The search.
        folder: Where; made if it is missing.

    Raises:
        ArtifactError: If the folder cannot be written.
    """
    curve = search.curve
    picture = line_plot(
        {"loss": (curve.learning_rates, curve.losses), "smoothed": (curve.learning_rates, curve.smoothed)},
        x_label="Learning rate of the fastest group",
        y_label="Loss of the batch",
        title="Learning-rate range test",
        log_x=True,
        marks={"steepest": search.suggestion, "tenth of the minimum": curve.tenth_of_minimum},
    )
    content = {"head_lr": search.head_lr, "encoder_lr": search.encoder_lr, "curve": curve.as_json()}
    target = Path(folder)
    try:
        target.mkdir(parents=True, exist_ok=True)
        write_atomic(target / PICTURE_NAME, picture)
        write_atomic(target / JSON_NAME, (json.dumps(content, indent=1) + "\n").encode())
    except OSError as error:
        raise ArtifactError(f"{target} cannot be written ({error.strerror}); name another folder.") from error


class _Rounds:
    """One labelled batch of every data set at a time, until the largest data set has been read once."""

    def __init__(self, maker: BatchMaker, config: TrainingConfig) -> None:
        size, seed = config.trainer.batch_size, config.seed
        self._maker = maker
        self._plans = [BatchPlan({name: lengths}, size, seed=seed) for name, lengths in maker.lengths.items()]

    def __iter__(self) -> Iterator[list[LabelledBatch]]:
        batches = [plan.epoch(0) for plan in self._plans]
        for number in range(max(map(len, batches))):
            planned = [own[number % len(own)] for own in batches]
            # a batch without any label has a loss of zero, which says nothing of the learning rate
            found = [made for batch in planned if _is_labelled(made := self._maker(batch.dataset, batch.rows))]
            if found:
                yield found


def _is_labelled(batch: LabelledBatch) -> bool:
    return any(
        bool(given.known.any()) or (given.taught is not None and bool(given.taught.any()))
        for given in batch.targets.values()
    )


def _steepest(curve: LearningRateCurve) -> float:
    """Where the smoothed loss falls fastest; its first values are averages of too few losses to have a slope."""
    first = min(_SETTLING, len(curve.smoothed) // 4)
    slopes = np.gradient(np.asarray(curve.smoothed[first:]), np.log(curve.learning_rates[first:]))
    return curve.learning_rates[first + int(slopes.argmin())]


def _loss_of(
    model: MultiTaskModel, teaching: Teaching, config: TrainingConfig
) -> Callable[[list[LabelledBatch]], torch.Tensor]:
    weights = {task.name: task.weight for task in model.tasks}

    def loss(batch: LabelledBatch) -> torch.Tensor:
        states = model.states(batch.text)
        total = multi_task_mean(task_losses(model, states, batch.targets, config.loss, plain=False), weights)
        return total if teaching.distance is None else total + teaching.distance(batch, states)

    def mean_loss(batches: list[LabelledBatch]) -> torch.Tensor:
        with torch.autocast(model.encoder.device.type, torch.bfloat16, enabled=model.encoder.uses_bfloat16):
            return torch.stack([loss(batch) for batch in batches]).mean()

    return mean_loss
