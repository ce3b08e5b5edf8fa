"""The labels of a task, taken from its training examples where the task names none."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from mtl_core.data.examples import Example, Label
from mtl_core.data.hints import listed
from mtl_core.data.label_values import SET_KINDS
from mtl_core.errors import InputError
from mtl_core.tasks import ABSENT_PRESENT, OUTSIDE, Task

__all__ = ["infer_labels", "single_labels"]


def infer_labels(task: Task, examples: Sequence[Example]) -> Task:
    """Complete a task with the labels of its training examples, and refuse what cannot be learned.

    Binary tasks get ``0`` and ``1``; token tasks ``O`` first, then the tags sorted, with the ``I-``
    of each ``B-`` and the ``B-`` of each ``I-``; all others their labels sorted by name. A multiclass
    label with several right answers (``a#b``) is a label of its own.

    Args:
        task: The task; labels that it names are kept.
        examples: The training examples.

    Returns:
        The task with its labels.

    Raises:
        InputError: If no example is labelled, or all have the same label.
    """
    if not examples:
        raise InputError(f"The training split of task {task.name!r} is empty; give it examples.")
    given = [example.labels[task.name] for example in examples if task.name in example.labels]
    if not given:
        raise InputError(f"No training example has a label of task {task.name!r}; map its column or leave it out.")
    _check_two_classes(task, given)
    if task.is_labelled:
        return task
    return type(task).model_validate({**task.model_dump(), "labels": _labels(task, given)})


def single_labels(label: Label) -> tuple[str, ...]:
    """The single labels that one example's label holds.

    Args:
        label: The label of one task.

    Returns:
        The tags of a token task, the set of a multilabel task, else the label alone.
    """
    return label if isinstance(label, tuple) else (label,)


def _check_two_classes(task: Task, given: Iterable[Label]) -> None:
    classes: set[str]
    if task.kind in SET_KINDS:
        classes = {listed(sorted(label)) for label in given}
    else:
        classes = {single for label in given for single in single_labels(label)}
    if len(classes) < 2:
        raise InputError(
            f"Task {task.name!r} has only the label {next(iter(classes), '')!r} in the training data; "
            "add examples of another label, or leave the task out."
        )


def _labels(task: Task, given: Iterable[Label]) -> tuple[str, ...]:
    if task.kind == "binary":
        return ABSENT_PRESENT
    found = {single for label in given for single in single_labels(label)}
    if task.kind != "token":
        return tuple(sorted(found))
    types = {tag[2:] for tag in found if tag != OUTSIDE}
    return (OUTSIDE, *sorted(f"{mark}-{name}" for mark in "BI" for name in types))
