"""The training step, in Lightning's form."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
import torch.distributed
from lightning.pytorch import LightningModule
from torch import nn

from mtl_core.errors import InputError
from mtl_core.evaluation.evaluate import main_figure, score_predictions
from mtl_core.heads import EncoderStates, Prediction, Targets
from mtl_core.heads.base import CUT
from mtl_core.losses import LossOptions, TaskLoss, multi_task_mean
from mtl_core.model import MultiTaskModel
from mtl_core.training.balance import UncertaintyWeights, pcgrad_backward
from mtl_core.training.loader import LabelledBatch

__all__ = ["MultiTaskModule", "Optimisation", "task_losses"]


@dataclass(frozen=True, slots=True)
class Optimisation:
    """How the optimiser and its schedule are made.

    Args:
        optimiser: From the module to the optimiser over its trainable parameters.
        schedule: From the optimiser to a schedule that is stepped after every batch.
    """

    optimiser: Callable[[MultiTaskModule], torch.optim.Optimizer]
    schedule: Callable[[torch.optim.Optimizer], torch.optim.lr_scheduler.LRScheduler]


def task_losses(
    model: MultiTaskModel, states: EncoderStates, targets: dict[str, Targets], options: LossOptions, *, plain: bool
) -> dict[str, TaskLoss]:
    """Loss of every task that the batch labels, over all processes.

    A task without a label in any process's part is left out, so its head gets no gradient, not even a zero one
    that momentum and weight decay would act on. Each process scales its sum by the number of processes, since
    gradients are then averaged: the step equals that of one process over the whole batch.

    Args:
        model: Whose heads judge.
        states: What the encoder gave.
        targets: By task.
        options: Which loss.
        plain: Without class weights, smoothing and teacher.

    Returns:
        Losses by task.
    """
    losses: dict[str, TaskLoss] = {}
    for name, given in targets.items():
        head = model.head(name)
        known = _without_cut_words(given, states) if head.unit == "word" else given
        count = known.known.sum() if known.taught is None or plain else (known.known | known.taught).sum()
        count, processes = _over_processes(count.to(torch.float32))
        if count > 0:
            logits = head(states).float()
            own = head.loss(logits, known, options, plain=plain)
            losses[name] = TaskLoss(own.total * processes, count)
    return losses


def _without_cut_words(targets: Targets, states: EncoderStates) -> Targets:
    """Words beyond the token budget have no state, so they teach nothing."""
    read = states.words > CUT
    taught = None if targets.taught is None else targets.taught & read
    return targets._replace(known=targets.known & read, taught=taught)


def _worst(losses: dict[str, TaskLoss], total: torch.Tensor) -> str:
    """Which loss is not finite, as the beginning of a sentence."""
    for name, loss in losses.items():
        if not torch.isfinite(loss.total.detach()):
            return f"The loss of {name} is {float(loss.total.detach())}"
    if torch.isfinite(total.detach()):
        return "A loss in another process is not finite"
    return f"The joint loss is {float(total.detach())}"


def _is_finite_everywhere(value: torch.Tensor) -> bool:
    """Whether a scalar is finite in all processes, so that all of them stop where one has to."""
    finite = torch.isfinite(value.detach()).to(torch.float32)
    if torch.distributed.is_available() and torch.distributed.is_initialized():
        torch.distributed.all_reduce(finite, op=torch.distributed.ReduceOp.MIN)
    return bool(finite)


def _over_processes(count: torch.Tensor) -> tuple[torch.Tensor, int]:
    if not (torch.distributed.is_available() and torch.distributed.is_initialized()):
        return count, 1
    torch.distributed.all_reduce(count)
    return count, torch.distributed.get_world_size()


class MultiTaskModule(LightningModule):
    """Trains a multi-task model on batches of labelled examples.

    It logs ``{train,val}/{task}/loss``, ``{train,val}/loss``, ``val/{task}/{f1,accuracy}`` and ``val/score``.

    Args:
        model: The model.
        loss: Which loss.
        optimisation: Optimiser and schedule.
        balance: ``fixed``, ``uncertainty`` or ``pcgrad``.
        clip: Largest norm of a step's gradient.
        distance: Extra loss of a batch given its states, such as the distance to a teacher's vectors.
    """

    def __init__(
        self,
        model: MultiTaskModel,
        *,
        loss: LossOptions,
        optimisation: Optimisation,
        balance: str = "fixed",
        clip: float = 1.0,
        distance: Callable[[LabelledBatch, EncoderStates], torch.Tensor] | None = None,
    ) -> None:
        super().__init__()
        self.model = model
        self.loss_options = loss
        self.optimisation = optimisation
        self.balance = balance
        self.clip = clip
        self.distance = distance
        self.uncertainty = UncertaintyWeights(tuple(model.heads)) if balance == "uncertainty" else None
        self._weights = {task.name: task.weight for task in model.tasks}
        self._parts: list[torch.Tensor] = []
        self._seen: list[tuple[Any, dict[str, Prediction]]] = []

    @property
    def shared_parameters(self) -> list[nn.Parameter]:
        """Parameters of the encoder that are trained."""
        return [parameter for parameter in self.model.network.parameters() if parameter.requires_grad]

    @property
    def own_parameters(self) -> list[nn.Parameter]:
        """Parameters of the heads, and of the balance where it learns."""
        learned = [] if self.uncertainty is None else list(self.uncertainty.parameters())
        return [*self.model.heads.parameters(), *learned]

    def training_step(self, batch: LabelledBatch, _: int) -> torch.Tensor:
        """Loss of one batch.

        Raises:
            InputError: If the loss is not finite.
        """
        states = self.model.states(batch.text)
        losses = task_losses(self.model, states, batch.targets, self.loss_options, plain=False)
        for name, loss in losses.items():
            # each process holds its share of a sum over all of them
            self.log(f"train/{name}/loss", loss.total.detach() / loss.count, batch_size=int(loss.count), sync_dist=True)
        total = self._joined(losses, states)
        if self.distance is not None:
            extra = self.distance(batch, states)
            self.log("train/distance", extra.detach(), batch_size=len(batch.examples), sync_dist=True)
            total = total + extra
            if self._parts:
                self._parts.append(extra)
        if not _is_finite_everywhere(total):
            raise InputError(
                f"{_worst(losses, total)} at step {self.global_step}: lower optimiser.encoder_lr, or train in float32. "
                "The best checkpoint so far is kept."
            )
        self.log("train/loss", total.detach(), prog_bar=True, batch_size=len(batch.examples), sync_dist=True)
        return total

    def _joined(self, losses: dict[str, TaskLoss], states: EncoderStates) -> torch.Tensor:
        if not losses:
            # an unlabelled batch takes a step without gradients, so that all processes and schedules stay together
            return states.pooled.new_zeros(())
        if self.uncertainty is not None:
            joined: torch.Tensor = self.uncertainty(losses, self._weights)
            return joined
        if self.balance == "pcgrad":
            share = sum(self._weights[name] for name in losses)
            self._parts = [
                self._weights[name] / share * loss.total / loss.count.clamp(min=1.0) for name, loss in losses.items()
            ]
        return multi_task_mean(losses, self._weights)

    def backward(self, loss: torch.Tensor, *args: Any, **kwargs: Any) -> None:
        """Plain backward, or PCGrad's over the tasks of the batch; none where nothing was learned."""
        if not loss.requires_grad:
            return
        if self.balance == "pcgrad" and self._parts:
            pcgrad_backward(self._parts, shared=self.shared_parameters, own=self.own_parameters)
            self._parts = []
            return
        loss.backward(*args, **kwargs)  # type: ignore[no-untyped-call]

    def validation_step(self, batch: LabelledBatch, _: int) -> None:
        """Predictions and plain losses of one batch."""
        states = self.model.states(batch.text)
        for name, loss in task_losses(self.model, states, batch.targets, self.loss_options, plain=True).items():
            mean = (loss.total / loss.count).detach()
            self.log(f"val/{name}/loss", mean, on_epoch=True, batch_size=int(loss.count), sync_dist=True)
            self.log("val/loss", mean, on_epoch=True, batch_size=int(loss.count), sync_dist=True)
        said: list[dict[str, Prediction]] = [{} for _ in batch.examples]
        for name in batch.targets:
            head = self.model.head(name)
            logits = head(states).float()
            for place, prediction in zip(said, head.predict(logits, self.model.decisions[name], states), strict=True):
                place[name] = prediction
        self._seen += zip(batch.examples, said, strict=True)

    def on_validation_epoch_end(self) -> None:
        """Figures over all of the validation data."""
        examples, predictions = [pair[0] for pair in self._seen], [pair[1] for pair in self._seen]
        self._seen = []
        if not examples:
            return
        found = score_predictions(self.model.tasks, examples, predictions)
        for name, scores in found.tasks.items():
            self.log(f"val/{name}/f1", scores.f1 or 0.0, sync_dist=True)
            self.log(f"val/{name}/accuracy", scores.accuracy or 0.0, sync_dist=True)
        if found.exact_match is not None and len(found.tasks) > 1:
            self.log("val/exact_match", found.exact_match, sync_dist=True)
        means = [main_figure(scores) for scores in found.tasks.values()]
        self.log("val/score", sum(means) / len(means), prog_bar=True, sync_dist=True)

    def configure_gradient_clipping(self, optimizer: torch.optim.Optimizer, *_: Any, **__: Any) -> None:
        """Clip the norm over all parameters; Lightning itself refuses to beside a fused optimiser."""
        nn.utils.clip_grad_norm_(
            [parameter for group in optimizer.param_groups for parameter in group["params"]], self.clip
        )

    def configure_optimizers(self) -> Any:
        """The optimiser, and its schedule stepped after every batch."""
        optimiser = self.optimisation.optimiser(self)
        schedule = self.optimisation.schedule(optimiser)
        return {"optimizer": optimiser, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}
