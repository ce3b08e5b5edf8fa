"""A data set read as examples; every bad row is named by its file and line."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from mtl_core.data.columns import SENTENCES, ColumnMap
from mtl_core.data.examples import Example, Label
from mtl_core.data.hints import did_you_mean, listed
from mtl_core.data.label_values import SET_KINDS, is_null, plain, read_label
from mtl_core.data.readers import Format, read_rows
from mtl_core.errors import InputError
from mtl_core.segments import segment_document
from mtl_core.tasks import Task

__all__ = ["read_examples"]

_SHOWN = 10


def read_examples(
    source: str | Path,
    columns: ColumnMap,
    tasks: Sequence[Task],
    *,
    dataset: str,
    split: str | None = None,
    format: Format = "auto",  # noqa: A002  # the field's own word
    config: str | None = None,
    allow_new_labels: bool = False,
) -> list[Example]:
    """Read a data set as examples with the labels that are known.

    Args:
        source: A file, a folder, or the name of a Hugging Face data set; see ``read_rows``.
        columns: How its columns become examples.
        tasks: The tasks; those that ``columns`` does not name stay unknown in these examples.
        dataset: Name of the data set, kept on each example.
        split: Split of a Hugging Face data set.
        format: How the data set is stored.
        config: Configuration of a Hugging Face data set that has several.
        allow_new_labels: Keep a label that its task does not name, as held-out data may hold one.

    Returns:
        One example a row, in the order of the file.

    Raises:
        InputError: If a column does not exist, or rows cannot be used: the first ten by ``file:line``.
    """
    by_name = {task.name: _open_ended(task) if allow_new_labels else task for task in tasks}
    _check_tasks(columns, by_name)
    examples: list[Example] = []
    seen: dict[str, None] = {}
    bad: list[str] = []
    for where, row in read_rows(source, format=format, split=split, config=config):
        seen.update(dict.fromkeys(row))
        try:
            examples.append(_example(row, columns, by_name, dataset=dataset, source=where))
        except InputError as error:
            bad.append(f"  {where}: {error}")
    _check_columns(source, columns, seen)
    if bad:
        raise InputError(_all_bad(source, bad, total=len(examples) + len(bad)))
    return examples


def _all_bad(source: str | Path, bad: Sequence[str], *, total: int) -> str:
    rest = [f"  and {len(bad) - _SHOWN} more"] if len(bad) > _SHOWN else []
    head = f"{len(bad)} of {total} rows of {source} cannot be used; correct or remove them:"
    return "\n".join([head, *bad[:_SHOWN], *rest])


def _open_ended(task: Task) -> Task:
    return task if task.kind == "binary" else task.model_copy(update={"labels": ()})


def _check_tasks(columns: ColumnMap, tasks: Mapping[str, Task]) -> None:
    for name, label in columns.labels.items():
        if name not in tasks:
            raise InputError(
                f"The columns name a label of task {name!r}, but the tasks are {listed(tasks)}."
                f"{did_you_mean(name, tasks)}"
            )
        task = tasks[name]
        if task.kind == "token" and columns.words is None:
            raise InputError(f"The token task {name!r} needs the column of the words; name it as words.")
        if task.kind not in SET_KINDS and (label.columns or label.separator):
            raise InputError(
                f"The {task.kind} task {name!r} has one label a row; give its column, without columns or separator."
            )
        strange = [key for key in label.columns if task.labels and key not in task.labels]
        if strange:
            raise InputError(
                f"The columns of task {name!r} name the label {strange[0]!r}, but its labels are "
                f"{listed(task.labels)}.{did_you_mean(strange[0], task.labels)}"
            )


def _check_columns(source: str | Path, columns: ColumnMap, seen: Collection[str]) -> None:
    missing = [name for name in columns.names if name not in seen]
    if missing:
        raise InputError(
            f"{source} has no column {listed(map(repr, missing))}; it has {listed(seen)}."
            f"{did_you_mean(missing[0], seen)}"
        )


def _example(
    row: Mapping[str, Any], columns: ColumnMap, tasks: Mapping[str, Task], *, dataset: str, source: str
) -> Example:
    words = () if columns.words is None else _words(row.get(columns.words), columns.words)
    text = _text(row.get(columns.text), columns.text) if columns.text and not columns.words else " ".join(words)
    if not text.strip():
        raise InputError("the text is empty")
    labels: dict[str, Label] = {}
    for name, column in columns.labels.items():
        label = read_label(row, column, tasks[name], words=len(words))
        if label is not None:
            labels[name] = label
    group = row.get(columns.group) if columns.group else None
    return Example(
        text=text,
        labels=labels,
        words=words,
        segments=_segments(row, columns, text),
        dataset=dataset,
        group="" if is_null(group) else plain(group),
        source=source,
    )


def _text(value: Any, column: str) -> str:
    if is_null(value):
        raise InputError(f"the text is empty (the column {column!r} holds null or NaN)")
    if not isinstance(value, str):
        raise InputError(f"the column {column!r} holds {type(value).__name__}, not text")
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise InputError(f"the column {column!r} holds half of a character pair at position {error.start}") from error
    return value


def _words(value: Any, column: str) -> tuple[str, ...]:
    if isinstance(value, list | tuple):
        return tuple(_text(word, column) for word in value)
    return tuple(_text(value, column).split())


def _segments(row: Mapping[str, Any], columns: ColumnMap, text: str) -> tuple[str, ...]:
    if columns.segments is None:
        return ()
    if columns.segments == SENTENCES:
        return tuple(segment.text for segment in segment_document(text))
    value = row.get(columns.segments)
    if is_null(value):
        return ()
    if not isinstance(value, list | tuple):
        raise InputError(f"the column {columns.segments!r} holds no list of passages")
    return tuple(passage for passage in (_text(item, columns.segments) for item in value) if passage.strip())
