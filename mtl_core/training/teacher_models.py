"""What a trained model teaches: its probabilities, laid on examples as soft labels."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Protocol

import torch

from mtl_core.data.examples import Example
from mtl_core.data.hints import listed
from mtl_core.errors import InputError
from mtl_core.heads import Decision, head_class, make_head
from mtl_core.heads.base import CUT
from mtl_core.model import ModelOutputs
from mtl_core.tasks import ABSENT_PRESENT, Task

__all__ = ["Teacher", "labels_of", "taught_by_model"]


class Teacher(Protocol):
    """What is asked of a model that teaches; ``MultiTaskModel`` is one."""

    @property
    def tasks(self) -> tuple[Task, ...]:
        """The tasks, with their labels."""

    @property
    def decisions(self) -> Mapping[str, Decision]:
        """Temperature and thresholds by task."""

    def outputs(self, examples: Sequence[Example], *, tasks: Sequence[str] | None = None) -> Iterator[ModelOutputs]:
        """Logits of many examples, batch by batch, in evaluation mode."""


def labels_of(task: Task) -> tuple[str, ...]:
    """The labels of a task in the order of its logits.

    Args:
        task: The task.

    Returns:
        Its labels; ``0`` and ``1`` for a binary task that names none.

    Raises:
        InputError: If they are not known yet.
    """
    if task.is_labelled:
        return task.labels
    if task.kind == "binary":
        return ABSENT_PRESENT
    raise InputError(f"Task {task.name!r} has no labels to be taught; name them, or take them from training data.")


def taught_by_model(
    examples: Sequence[Example], teacher: Teacher, *, tasks: Sequence[Task], temperature_free: bool = True
) -> list[Example]:
    """Fill ``Example.soft`` with a teacher's probabilities, for labelled and unlabelled texts alike.

    A task that the teacher does not have is left as it is, and so are token tasks of an example without words or with
    words beyond the teacher's token budget. Soft labels of the same task are replaced. Probabilities carry what the
    teacher knows of the wrong classes, which its argmax loses (Hinton et al., 2015).

    Args:
        examples: The student's training examples.
        teacher: A trained model.
        tasks: The student's tasks; probabilities come in the order of their labels, whatever the teacher's order.
        temperature_free: Probabilities at temperature 1, as the distillation loss expects; else at the teacher's
            calibrated temperature.

    Returns:
        The examples in their order.

    Raises:
        InputError: If teacher and student share no task, or a shared one differs in its kind or labels.
    """
    shared = _shared_tasks(teacher.tasks, tasks)
    words = {name for name, (own, _) in shared.items() if head_class(own.kind).unit == "word"}
    found: list[dict[str, tuple[float, ...]]] = [{} for _ in examples]
    for is_worded in (False, True):
        rows = [row for row, example in enumerate(examples) if bool(example.words) == is_worded]
        names = [name for name in shared if is_worded or name not in words]
        if not rows or not names:
            continue
        for batch in teacher.outputs([examples[row] for row in rows], tasks=names):
            for name in names:
                decision = Decision() if temperature_free else teacher.decisions[name]
                chances = _student_order(batch.logits[name], *shared[name], decision=decision)
                for place, given in zip(batch.rows, _flat(chances, batch, is_words=name in words), strict=True):
                    size = len(examples[rows[place]].words) * chances.shape[-1] if name in words else len(given)
                    if given:
                        found[rows[place]][name] = given[:size]
    return [
        replace(example, soft={**example.soft, **soft}) if soft else example
        for example, soft in zip(examples, found, strict=True)
    ]


def _shared_tasks(taught: Sequence[Task], wanted: Sequence[Task]) -> dict[str, tuple[Task, Task]]:
    """Student's and teacher's side of each task that both have."""
    by_name = {task.name: task for task in taught}
    shared = {task.name: (task, by_name[task.name]) for task in wanted if task.name in by_name}
    if not shared:
        raise InputError(
            f"The teacher has none of the tasks {listed(task.name for task in wanted)}; it has {listed(by_name)}. "
            "Give the student's tasks the teacher's names."
        )
    for name, (own, other) in shared.items():
        if own.kind != other.kind:
            raise InputError(f"Task {name!r} is {own.kind} but the teacher's is {other.kind}; give it the same kind.")
        mine, its = labels_of(own), labels_of(other)
        if set(mine) != set(its):
            raise InputError(
                f"Task {name!r} has the labels {listed(mine)} but the teacher's has {listed(its)}; "
                "give the task the teacher's labels, in any order."
            )
    return shared


def _student_order(logits: torch.Tensor, own: Task, other: Task, *, decision: Decision) -> torch.Tensor:
    """Probabilities ``[..., labels]`` in the order of the student's labels."""
    # how logits become probabilities is the kind's own; drawing the weights of a bare head must leave no trace
    with torch.random.fork_rng(devices=[]):
        chances = make_head(other, dimension=1).probabilities(logits, decision)
    mine, its = labels_of(own), labels_of(other)
    if own.kind == "binary":
        return chances if mine == its else 1 - chances
    return chances[..., [its.index(label) for label in mine]]


def _flat(chances: torch.Tensor, batch: ModelOutputs, *, is_words: bool) -> list[tuple[float, ...]]:
    """One flat row an example, empty where a word was cut off: what its logits say is of another place."""
    rows = [tuple(row) for row in chances.flatten(1).tolist()]
    if not is_words:
        return rows
    cut = (batch.states.words == CUT).any(1).tolist()
    return [() if is_cut else row for row, is_cut in zip(rows, cut, strict=True)]
