"""The fit of one task of a fusion on states that were read once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple, cast

import torch
from pydantic import BaseModel, ConfigDict, Field

from mtl_core.data.examples import Example
from mtl_core.errors import InputError
from mtl_core.evaluation.evaluate import main_figure, score_predictions
from mtl_core.fusion import FusedModel
from mtl_core.fusion_layers import FusedLogits, FusedTask, FusionSettings
from mtl_core.fusion_states import CHUNK, EncodedExamples
from mtl_core.heads import Decision, Prediction, Targets, TaskHead
from mtl_core.heads.base import CUT
from mtl_core.losses import LossOptions, TaskLoss
from mtl_core.model import ModelOutputs, MultiTaskModel
from mtl_core.tasks import Task
from mtl_core.training.class_weights import set_class_weights
from mtl_core.training.decisions import fit_decisions
from mtl_core.training.prepare import without_unseen

__all__ = ["FusionOptions", "LabelledStates", "fit_decision", "fit_task", "fused_predictions"]


class FusionOptions(BaseModel):
    """How the fusion layers are trained.

    Args:
        settings: Their shape.
        learning_rate: Of AdamW.
        attention_share: Learning rate of the attention as a share of that of projections and head. At 1 the
            attention settles on a member too early and stays there.
        weight_decay: Of matrices; biases have none.
        batch_size: Examples a step.
        epochs: The most passes over the data.
        patience: Stop after so many passes without a better validation figure.
        loss: Which loss.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    settings: FusionSettings = FusionSettings()
    learning_rate: float = Field(default=1e-3, gt=0)
    attention_share: float = Field(default=0.1, gt=0, le=1)
    weight_decay: float = Field(default=0.01, ge=0)
    batch_size: int = Field(default=32, ge=1)
    epochs: int = Field(default=40, ge=1)
    patience: int = Field(default=5, ge=1)
    loss: LossOptions = LossOptions()


@dataclass(frozen=True, slots=True)
class LabelledStates:
    """Examples and what the members see of them."""

    examples: list[Example]
    encoded: EncodedExamples

    def select(self, rows: Sequence[int]) -> LabelledStates:
        """Some of the examples."""
        return LabelledStates([self.examples[row] for row in rows], self.encoded.select(rows))


class _Score(NamedTuple):
    """Compared in this order: between equal figures the lower loss is better."""

    figure: float
    minus_loss: float


def fit_task(
    model: FusedModel, name: str, train: LabelledStates, validation: LabelledStates, options: FusionOptions
) -> bool:
    """Train one task's fusion layers, and keep those of the best validation.

    Args:
        model: Gets the layers.
        name: Name of the task.
        train: Training examples, of which those that label the task are learned from.
        validation: Validation examples.
        options: Course of the training.

    Returns:
        False where no training or no validation example labels the task, so that nothing was learned.

    Raises:
        InputError: If a training label is unknown or the loss does not stay finite.
    """
    own = train.select([row for row, one in enumerate(train.examples) if name in one.labels or name in one.soft])
    held_out = validation.select([row for row, one in enumerate(validation.examples) if name in one.labels])
    if not own.examples or not held_out.examples:
        return False
    layers = model.fusion(name)
    layers.attention.fit_scale(*layers.member_vectors(own.encoded.to(_device(layers))))
    if options.loss.class_weights:
        set_class_weights(_as_model(model, name, own.encoded), own.examples)
    optimiser = _optimiser(layers, options)
    best, kept, waited = _Score(-1.0, -torch.inf), _copy(layers), 0
    for _ in range(options.epochs):
        _train_once(layers, own, optimiser, options)
        score = _score(model, name, held_out, options.loss)
        waited += 1
        if score > best:
            best, kept, waited = score, _copy(layers), 0
        if waited == options.patience:
            break
    layers.load_state_dict(kept)
    layers.eval()
    return True


def fit_decision(model: FusedModel, name: str, validation: LabelledStates) -> Decision:
    """Temperature of a fused head, and thresholds where a member has them: it is to be judged as members are.

    Args:
        model: The model.
        name: Name of the task.
        validation: Validation examples.

    Returns:
        The decision; a plain one where no example labels the task.
    """
    fitted = fit_decisions(_as_model(model, name, validation.encoded), validation.examples)
    decision = fitted.decisions.get(name, Decision())
    if any(model.member(number).decisions[name].thresholds for number in range(len(model.members))):
        return decision
    return Decision(temperature=decision.temperature)


def fused_predictions(model: FusedModel, name: str, encoded: EncodedExamples) -> list[Prediction]:
    """What the fused head of a task says, in the very batches of ``FusedModel.predict``.

    Args:
        model: The model.
        name: Name of the task.
        encoded: What the members see.

    Returns:
        One prediction an example.
    """
    head, decision = model.head(name), model.decisions[name]
    said: list[Prediction] = []
    for _, found in _judged(model, name, encoded):
        with torch.inference_mode():
            said += head.predict(found.logits, decision, found.states)
    return said


class _OneTask:
    """A task of a fusion in the form of a whole model, for the functions that fit those."""

    def __init__(self, model: FusedModel, name: str, encoded: EncodedExamples) -> None:
        self._model, self._name, self._encoded = model, name, encoded
        self.heads = {name: model.head(name)}
        self.tasks: tuple[Task, ...] = (model.head(name).task,)

    def head(self, name: str) -> TaskHead:
        return self.heads[name]

    def outputs(self, _: Sequence[Example]) -> Iterator[ModelOutputs]:
        for rows, found in _judged(self._model, self._name, self._encoded):
            yield ModelOutputs(rows, found.states, {self._name: found.logits})


def _as_model(model: FusedModel, name: str, encoded: EncodedExamples) -> MultiTaskModel:
    return cast("MultiTaskModel", _OneTask(model, name, encoded))


def _judged(model: FusedModel, name: str, encoded: EncodedExamples) -> Iterator[tuple[list[int], FusedLogits]]:
    for start in range(0, len(encoded), CHUNK):
        rows = list(range(start, min(start + CHUNK, len(encoded))))
        yield rows, model.judge(encoded.select(rows), [name])[name]


def _train_once(
    layers: FusedTask, data: LabelledStates, optimiser: torch.optim.Optimizer, options: FusionOptions
) -> None:
    """One pass over the data in an order drawn from torch's generator."""
    layers.train()
    order = torch.randperm(len(data.examples)).tolist()
    for start in range(0, len(order), options.batch_size):
        batch = data.select(order[start : start + options.batch_size])
        found = layers(batch.encoded.to(_device(layers)))
        loss = _loss(layers.head, found, batch.examples, options.loss, plain=False)
        if not bool(loss.count):
            continue
        mean = loss.total / loss.count
        if not torch.isfinite(mean):
            raise InputError(
                f"The loss of the fusion of task {layers.head.task.name!r} is {mean.item()}: lower its learning rate."
            )
        optimiser.zero_grad()
        mean.backward()  # type: ignore[no-untyped-call]
        optimiser.step()


def _score(model: FusedModel, name: str, data: LabelledStates, options: LossOptions) -> _Score:
    """Validation figure of the fused head before its decision is fitted."""
    head, said, total, count = model.head(name), [], 0.0, 0.0
    known = [without_unseen(example, {name: head.task}) for example in data.examples]
    for rows, found in _judged(model, name, data.encoded):
        with torch.inference_mode():
            said += [{name: one} for one in head.predict(found.logits, Decision(), found.states)]
            loss = _loss(head, found, [known[row] for row in rows], options, plain=True)
        total, count = total + float(loss.total), count + float(loss.count)
    figure = main_figure(score_predictions([head.task], data.examples, said).tasks[name])
    return _Score(figure, -total / max(count, 1.0))


def _loss(
    head: TaskHead, found: FusedLogits, examples: Sequence[Example], options: LossOptions, *, plain: bool
) -> TaskLoss:
    device = found.logits.device
    targets = Targets(*(None if part is None else part.to(device) for part in head.targets(examples)))  # type: ignore[arg-type]
    if head.unit == "word":
        # a word that no member read has no state, so it teaches nothing
        read = found.states.words > CUT
        taught = None if targets.taught is None else targets.taught & read
        targets = targets._replace(known=targets.known & read, taught=taught)
    return head.loss(found.logits, targets, options, plain=plain)


def _optimiser(layers: FusedTask, options: FusionOptions) -> torch.optim.Optimizer:
    attention = [layers.attention.hidden.weight, layers.attention.hidden.bias, layers.attention.context.weight]
    slow = {id(one) for one in attention}
    groups = [
        {
            "params": [one for one in layers.parameters() if (id(one) in slow) == is_slow and (one.ndim > 1) == decays],
            "lr": options.learning_rate * (options.attention_share if is_slow else 1.0),
            "weight_decay": options.weight_decay if decays else 0.0,
        }
        for is_slow in (False, True)
        for decays in (False, True)
    ]
    return torch.optim.AdamW(groups)


def _copy(layers: FusedTask) -> dict[str, torch.Tensor]:
    return {name: tensor.clone() for name, tensor in layers.state_dict().items()}


def _device(layers: FusedTask) -> torch.device:
    return next(layers.parameters()).device
