"""A raw cell read as the label of a task."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from typing import Any

from mtl_core.data.columns import LabelColumn
from mtl_core.data.examples import Label
from mtl_core.data.hints import did_you_mean, listed
from mtl_core.errors import InputError
from mtl_core.tasks import ABSENT_PRESENT, OUTSIDE, Task

__all__ = ["SET_KINDS", "is_null", "plain", "read_label"]

SET_KINDS = frozenset({"evidence", "multilabel"})
"""Kinds of task whose label is the set of labels that hold."""

_NEGATIVE = frozenset({"0", "0.0", "false", "no"})
_POSITIVE = frozenset({"1", "1.0", "true", "yes"})
_TAG = re.compile(r"[BI]-\S.*")


def is_null(value: Any) -> bool:
    """Whether a cell holds nothing: null or NaN."""
    return value is None or (isinstance(value, float) and math.isnan(value))


def plain(value: Any) -> str:
    """A scalar as the text that a CSV file would hold: ``1.0`` as ``1``, ``True`` as ``true``, no blanks around.

    Args:
        value: A cell that is not null.

    Returns:
        The text.

    Raises:
        InputError: If the cell holds a list or an object.
    """
    if isinstance(value, list | tuple | dict):
        raise InputError("a list or an object stands where one value belongs")
    if isinstance(value, bool):
        return str(value).lower()
    # a column of whole numbers with gaps comes back from Parquet and pandas as floats
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).strip()


def read_label(row: Mapping[str, Any], column: LabelColumn, task: Task, *, words: int) -> Label | None:
    """The label of one task in one row.

    Args:
        row: Cells by column.
        column: Where the label stands and how it is read.
        task: The task; its labels, where known, are the only ones allowed.
        words: How many words the row has, for the tags of a token task.

    Returns:
        The label, or None where the row has none for this task.

    Raises:
        InputError: If the cell is no label of this task; the message does not name the row.
    """
    try:
        if column.columns:
            return _spread(row, column, task)
        value = row.get(column.column)
        if _is_missing(value, column):
            return None
        if task.kind == "token":
            return _tags(value, column, task, words=words)
        if task.kind in SET_KINDS:
            return _set(value, column, task)
        if task.kind == "binary":
            return _binary(_mapped(value, column), task.labels or ABSENT_PRESENT)
        return _class(value, column, task)
    except InputError as error:
        raise InputError(f"task {task.name!r}: {error}") from error


def _is_missing(value: Any, column: LabelColumn) -> bool:
    if is_null(value):
        return True
    return not isinstance(value, list | tuple | dict) and plain(value) in column.missing


def _mapped(value: Any, column: LabelColumn) -> str:
    text = plain(value)
    return column.map.get(text, text)


def _checked(label: str, task: Task) -> str:
    if not label:
        raise InputError("a label is empty")
    if task.labels and label not in task.labels:
        raise InputError(
            f"the label {label!r} is not one of {listed(task.labels)}.{did_you_mean(label, task.labels)}".rstrip(".")
        )
    return label


def _binary(text: str, labels: tuple[str, ...]) -> str:
    if text in labels:
        return text
    if text.casefold() in _NEGATIVE:
        return labels[0]
    if text.casefold() in _POSITIVE:
        return labels[1]
    raise InputError(f"the label {text!r} is not one of {listed(labels)} (nor 0/1, true/false, yes/no)")


def _class(value: Any, column: LabelColumn, task: Task) -> Label:
    if isinstance(value, list | tuple) and task.kind != "multiclass":
        # kinds that a user registered may hold several labels
        return tuple(_checked(_mapped(item, column), task) for item in value)
    whole = _mapped(value, column)
    if task.separator is None or task.separator not in whole or whole in task.labels:
        return _checked(whole, task)
    if not task.labels:
        return whole
    return task.separator.join(_checked(_mapped(part, column), task) for part in whole.split(task.separator))


def _set(value: Any, column: LabelColumn, task: Task) -> tuple[str, ...]:
    if isinstance(value, list | tuple):
        parts: Iterable[Any] = value
    else:
        text = plain(value)
        parts = [part for part in text.split(column.separator) if part.strip()] if column.separator else [text]
        parts = parts if text else []
    found = set()
    for part in parts:
        if is_null(part):
            raise InputError("the list of labels holds null")
        found.add(_checked(_mapped(part, column), task))
    return _in_order(found, task)


def _in_order(found: set[str], task: Task) -> tuple[str, ...]:
    return tuple(label for label in task.labels if label in found) if task.labels else tuple(sorted(found))


def _spread(row: Mapping[str, Any], column: LabelColumn, task: Task) -> tuple[str, ...] | None:
    cells = {label: row.get(name) for label, name in column.columns.items()}
    unknown = [label for label, value in cells.items() if _is_missing(value, column)]
    if len(unknown) == len(cells):
        return None
    if unknown:
        raise InputError(
            f"the column {column.columns[unknown[0]]!r} is empty but others are not; fill all or none, "
            "or make each label a binary task of its own"
        )
    return _in_order({label for label, value in cells.items() if _holds(value, column)}, task)


def _holds(value: Any, column: LabelColumn) -> bool:
    return _binary(_mapped(value, column), ABSENT_PRESENT) == ABSENT_PRESENT[1]


def _tags(value: Any, column: LabelColumn, task: Task, *, words: int) -> tuple[str, ...]:
    raw = list(value) if isinstance(value, list | tuple) else plain(value).split()
    if any(is_null(tag) for tag in raw):
        raise InputError("the list of tags holds null")
    tags = tuple(_mapped(tag, column) for tag in raw)
    if len(tags) != words:
        raise InputError(f"{len(tags)} tags for {words} words")
    for tag in tags:
        if tag != OUTSIDE and not _TAG.fullmatch(tag):
            raise InputError(f"{tag!r} is no BIO tag; use O, B-type and I-type, or a map to them")
        _checked(tag, task)
    return tags
