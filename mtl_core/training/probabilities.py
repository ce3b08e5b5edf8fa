"""Probabilities as people and language models write them: a number, a list, or by label."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from mtl_core.data.hints import did_you_mean, listed
from mtl_core.data.label_values import SET_KINDS
from mtl_core.errors import InputError
from mtl_core.heads import head_class
from mtl_core.tasks import Task
from mtl_core.training.teacher_models import labels_of

__all__ = ["TOLERANCE", "read_probabilities"]

TOLERANCE = 0.02
"""How far the sum of a distribution may lie from 1 before it is refused; nearer ones are normalised."""


def read_probabilities(given: Any, task: Task, *, words: int = 0) -> tuple[float, ...]:
    """Read what a teacher gives for one task of one text.

    Args:
        given: A number (binary tasks), a list in the order of the labels, or a mapping from labels; for a token task a
            list of such, one a word.
        task: The task, with its labels.
        words: Number of words of the text.

    Returns:
        Probabilities in the form of ``Example.soft``.

    Raises:
        InputError: If the form does not fit the task, a label is unknown, a value is no probability, or a
            distribution does not sum to 1.
    """
    labels = labels_of(task)
    try:
        if head_class(task.kind).unit == "word":
            return _of_words(given, labels, words=words)
        if task.kind == "binary":
            return (_positive(given, labels),)
        if task.kind in SET_KINDS:
            return _independent(given, labels)
        return _distribution(given, labels)
    except InputError as error:
        raise InputError(f"task {task.name!r}: {error}") from None


def _of_words(given: Any, labels: Sequence[str], *, words: int) -> tuple[float, ...]:
    if not words:
        raise InputError("it judges words; give them under the key 'words'")
    if not isinstance(given, list) or len(given) != words:
        size = f"{len(given)}" if isinstance(given, list) else "no list"
        raise InputError(f"one distribution for each of the {words} words is needed, there is {size}")
    return tuple(chance for word in given for chance in _distribution(word, labels))


def _positive(given: Any, labels: Sequence[str]) -> float:
    if isinstance(given, list) and len(given) == 1:
        return _probability(given[0])
    if isinstance(given, list):
        return _distribution(given, labels)[1]
    if not isinstance(given, dict):
        return _probability(given)
    _check_labels(given, labels)
    if len(given) == 1:
        ((label, value),) = given.items()
        chance = _probability(value)
        return chance if label == labels[1] else 1 - chance
    return _distribution(given, labels)[1]


def _independent(given: Any, labels: Sequence[str]) -> tuple[float, ...]:
    values = _by_label(given, labels)
    missing = [label for label in labels if label not in values]
    if missing:
        raise InputError(f"the label {missing[0]!r} has no probability; give one to each of {listed(labels)}")
    return tuple(_probability(values[label]) for label in labels)


def _distribution(given: Any, labels: Sequence[str]) -> tuple[float, ...]:
    values = _by_label(given, labels)
    chances = [_probability(values[label]) if label in values else 0.0 for label in labels]
    total = math.fsum(chances)
    if abs(total - 1) > TOLERANCE:
        raise InputError(f"the probabilities sum to {total:.4g}, not to 1")
    return tuple(chance / total for chance in chances)


def _by_label(given: Any, labels: Sequence[str]) -> dict[str, Any]:
    if isinstance(given, dict):
        _check_labels(given, labels)
        return given
    if not isinstance(given, list):
        raise InputError(f"give a list, or a mapping from labels, of {len(labels)} probabilities")
    if len(given) != len(labels):
        raise InputError(f"{len(given)} probabilities are given, the labels are {len(labels)}: {listed(labels)}")
    return dict(zip(labels, given, strict=True))


def _check_labels(given: dict[str, Any], labels: Sequence[str]) -> None:
    strange = [label for label in given if label not in labels]
    if strange:
        raise InputError(
            f"{strange[0]!r} is not a label; it may be one of {listed(labels)}.{did_you_mean(strange[0], labels)}"
        )


def _probability(value: Any) -> float:
    # JSON readers take NaN, and true is a number to Python
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        raise InputError(f"{value!r} is not a probability between 0 and 1")
    return float(value)
