"""Training of a fusion: members are read once and stay as they are, and a task is fused only where that helps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from mtl_core.batching import as_example
from mtl_core.data.examples import Example
from mtl_core.errors import InputError
from mtl_core.evaluation.evaluate import main_figure, score_predictions
from mtl_core.fusion import FusedModel
from mtl_core.fusion_choice import FUSED, Choice, FusionCard, TaskFigures
from mtl_core.fusion_states import EncodedExamples, join_encoded, read_chunks
from mtl_core.heads import Prediction
from mtl_core.model import MultiTaskModel
from mtl_core.tasks import Task
from mtl_core.training.fusion_fit import FusionOptions, LabelledStates, fit_decision, fit_task, fused_predictions

__all__ = ["FusionResult", "train_fusion"]


@dataclass(frozen=True, slots=True)
class FusionResult:
    """What the training of a fusion left.

    Args:
        model: The fused model, with its choices and decisions.
        figures: Validation figures by task, of the tasks that the validation data labels.
        messages: A sentence for every task that fell back to a member.
    """

    model: FusedModel
    figures: dict[str, TaskFigures]
    messages: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Read:
    """Examples, what the members see of them, and what the members' own heads say, by member."""

    states: LabelledStates
    predictions: list[list[dict[str, Prediction]]]


def train_fusion(
    members: Sequence[MultiTaskModel],
    train_examples: Sequence[Example],
    validation_examples: Sequence[Example],
    *,
    options: FusionOptions | None = None,
    seed: int = 0,
) -> FusionResult:
    """Train the fusion layers of every task, then choose for every task between its fused head and the members.

    Tasks share no layer, so each is trained alone on what labels it and stopped by its own validation figure.
    A fused head gets a temperature, and thresholds where a member has thresholds, from the validation data, as
    members do. A task whose fused head is then worse on the validation data than the best member's own head,
    with that member's decision, is judged by that member: on the validation data no task is worse than it was.

    Args:
        members: Trained models of the same tasks; they are not changed.
        train_examples: With partial labels.
        validation_examples: With partial labels; not the training examples, on which members look too good.
        options: Shape and course of the training.
        seed: The same seed gives the same model on the same machine; torch's generator is left as it was.

    Returns:
        Model, figures and messages.

    Raises:
        InputError: If members do not fit, there are no examples, a training label is unknown, or a loss is not
            finite.
    """
    options = options or FusionOptions()
    if not train_examples or not validation_examples:
        raise InputError("A fusion needs training examples and validation examples; one of the two is empty.")
    device = members[0].encoder.device if members else torch.device("cpu")
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        torch.manual_seed(seed)
        model = FusedModel(members, settings=options.settings)
        train = _read(members, train_examples, model, with_predictions=False)
        validation = _read(members, validation_examples, model, with_predictions=True)
        figures: dict[str, TaskFigures] = {}
        messages: list[str] = []
        for task in model.tasks:
            # so that a task's layers do not depend on how long the tasks before it were trained
            torch.manual_seed(seed)
            is_fused = fit_task(model, task.name, train.states, validation.states, options)
            if is_fused:
                model.decisions[task.name] = fit_decision(model, task.name, validation.states)
            found = _figures(model, task, validation, is_fused=is_fused)
            if found is not None:
                figures[task.name] = found
            model.choice[task.name], message = _choose(task.name, found, members)
            messages += [message] if message else []
    model.card = FusionCard(figures=figures, messages=tuple(messages))
    return FusionResult(model, figures, tuple(messages))


def _read(
    members: Sequence[MultiTaskModel], examples: Sequence[Example], model: FusedModel, *, with_predictions: bool
) -> _Read:
    """Read examples exactly as ``FusedModel.predict`` will."""
    names = [task.name for task in model.tasks]
    words = any(model.head(name).unit == "word" for name in names)
    given = [as_example(example, number, words=words) for number, example in enumerate(examples)]
    own = {number: names if with_predictions else [] for number in range(len(members))}
    parts: list[EncodedExamples] = []
    said: list[list[dict[str, Prediction]]] = [[] for _ in members]
    for chunk in read_chunks(members, given, own=own, states=True, words=words):
        parts.append(chunk.encoded)
        for number, predictions in chunk.predictions.items():
            said[number] += predictions
    return _Read(LabelledStates(given, join_encoded(parts)), said)


def _figures(model: FusedModel, task: Task, validation: _Read, *, is_fused: bool) -> TaskFigures | None:
    """Main figures of the fused head and of every member; none where no example has a label."""
    examples = validation.states.examples
    if not any(task.name in example.labels for example in examples):
        return None
    members = tuple(_figure(task, examples, said) for said in validation.predictions)
    if not is_fused:
        return TaskFigures(fused=None, members=members)
    said = fused_predictions(model, task.name, validation.states.encoded)
    return TaskFigures(fused=_figure(task, examples, [{task.name: one} for one in said]), members=members)


def _figure(task: Task, examples: Sequence[Example], said: Sequence[dict[str, Prediction]]) -> float:
    return main_figure(score_predictions([task], examples, said).tasks[task.name])


def _choose(name: str, found: TaskFigures | None, members: Sequence[MultiTaskModel]) -> tuple[Choice, str]:
    """Who judges a task, and a sentence where that is not the fused head."""
    if found is None:
        return 0, (
            f"Task {name!r}: no validation example labels it, so its fused head cannot be judged; "
            f"it is left to {_called(members, 0)}."
        )
    best = max(range(len(members)), key=found.members.__getitem__)
    if found.fused is None:
        return best, f"Task {name!r}: no training example labels it, so it is left to {_called(members, best)}."
    if found.fused >= found.members[best]:
        return FUSED, ""
    return best, (
        f"Task {name!r}: on the validation data the fused head reaches {found.fused:.4f}, "
        f"{_called(members, best)} {found.members[best]:.4f}; the task is left to that member."
    )


def _called(members: Sequence[MultiTaskModel], number: int) -> str:
    return f"member {number} ({members[number].encoder.name})"
