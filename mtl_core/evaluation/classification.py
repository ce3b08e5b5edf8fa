"""Precision, recall, F1 and accuracy of binary, multiclass and multilabel tasks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, TypeVar, cast

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, NonNegativeInt
from sklearn.metrics import precision_recall_fscore_support

from mtl_core.errors import InputError
from mtl_core.tasks import ABSENT_PRESENT, Task

__all__ = [
    "ClassificationScores",
    "Score",
    "binary_scores",
    "classification_scores",
    "multiclass_scores",
    "multilabel_scores",
    "paired",
]

Kind = Literal["binary", "multiclass", "multilabel"]
Table = NDArray[np.int8]
Given = TypeVar("Given")


class Score(BaseModel):
    """Precision, recall and F1 of one label, or an average of several.

    Args:
        precision: 0 to 1; 0 where nothing was predicted; ``None`` where no example is labelled.
        recall: 0 to 1; 0 where nothing was there to find; ``None`` where no example is labelled.
        f1: Their harmonic mean; ``None`` where no example is labelled.
        support: Number of times that the label (for an average: any label) is in the gold labels.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    precision: float | None = None
    recall: float | None = None
    f1: float | None = None
    support: NonNegativeInt = 0


class ClassificationScores(BaseModel):
    """Figures of one task; ``count`` is 0 and every figure ``None`` where no example is labelled.

    Args:
        kind: Kind of task.
        count: Number of labelled examples.
        precision: Of the positive label of a binary task, else the macro average.
        recall: Likewise.
        f1: Likewise.
        accuracy: Share of examples that are wholly right: same string, or same set of labels.
        accuracy_first: Where labels hold several answers: the first part predicted is the first of gold.
        accuracy_any: Where labels hold several answers: the first part predicted is any part of gold.
        per_label: Figures by label, in the order of the task's labels.
        macro: Mean over the labels that occur in gold or predictions (scikit-learn's rule).
        micro: Over all decisions pooled.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    kind: Kind
    count: NonNegativeInt
    precision: float | None = None
    recall: float | None = None
    f1: float | None = None
    accuracy: float | None = None
    accuracy_first: float | None = None
    accuracy_any: float | None = None
    per_label: dict[str, Score] = {}
    macro: Score = Score()
    micro: Score = Score()

    def to_dict(self) -> dict[str, Any]:
        """The figures as plain data that JSON can hold."""
        return self.model_dump(mode="json")


def classification_scores(
    task: Task, golds: Sequence[Sequence[str] | None], predictions: Sequence[Sequence[str]]
) -> ClassificationScores:
    """Figures of a task by its kind; an evidence task is scored as a multilabel one.

    Args:
        task: The task: kind, labels and separator.
        golds: ``[n]`` gold label (a string, or a tuple of labels), ``None`` where unknown.
        predictions: ``[n]`` predicted label, of the same form.

    Returns:
        The figures.

    Raises:
        InputError: If the kind has no classification figures, or the labels do not fit.
    """
    one = cast("Sequence[str | None]", golds), cast("Sequence[str]", predictions)
    if task.kind == "binary":
        return binary_scores(*one, labels=task.labels or ABSENT_PRESENT)
    if task.kind == "multiclass":
        return multiclass_scores(*one, labels=task.labels, separator=task.separator)
    if task.kind in {"multilabel", "evidence"}:
        return multilabel_scores(golds, predictions, labels=task.labels)
    raise InputError(
        f"Task {task.name!r} is of kind {task.kind!r}, which has no classification figures; "
        "score a token task with span_scores, and a kind of your own with your own function."
    )


def binary_scores(
    golds: Sequence[str | None], predictions: Sequence[str], *, labels: Sequence[str] = ABSENT_PRESENT
) -> ClassificationScores:
    """Figures of a binary task; precision, recall and F1 are those of the positive label.

    Args:
        golds: ``[n]`` gold label, ``None`` where unknown.
        predictions: ``[n]`` predicted label.
        labels: The two labels, the positive one last.

    Returns:
        The figures.

    Raises:
        InputError: If the lengths differ, or a label is neither of the two.
    """
    if len(labels) != 2:
        raise InputError(f"A binary task needs two labels, the positive one last; there are {len(labels)}.")
    pairs = paired(golds, predictions)
    for number, gold, predicted in pairs:
        _refuse_unknown(number, (gold, predicted), labels)
    return _scores("binary", [(gold,) for _, gold, _ in pairs], [(said,) for *_, said in pairs], labels)


def multiclass_scores(
    golds: Sequence[str | None],
    predictions: Sequence[str],
    *,
    labels: Sequence[str] = (),
    separator: str | None = None,
) -> ClassificationScores:
    """Figures of a multiclass task; precision, recall and F1 are macro averages over whole strings.

    ATIS gives some questions several intents, as in ``flight#airfare``. Papers count them by two
    rules, so with a ``separator`` both ``accuracy_first`` and ``accuracy_any`` are given.

    Args:
        golds: ``[n]`` gold label, ``None`` where unknown.
        predictions: ``[n]`` predicted label.
        labels: Order of the labels in the result. Labels seen only in the data come after them: a
            held-out set may hold one that training never saw.
        separator: What parts the several right answers of a label.

    Returns:
        The figures.

    Raises:
        InputError: If the lengths differ.
    """
    pairs = paired(golds, predictions)
    seen = {label for _, gold, said in pairs for label in (gold, said)}
    order = [*labels, *sorted(seen - set(labels))]
    scores = _scores("multiclass", [(gold,) for _, gold, _ in pairs], [(said,) for *_, said in pairs], order)
    if separator is None or not pairs:
        return scores
    parts = [(gold.split(separator), said.split(separator)[0]) for _, gold, said in pairs]
    return scores.model_copy(
        update={
            "accuracy_first": float(np.mean([said == gold[0] for gold, said in parts])),
            "accuracy_any": float(np.mean([said in gold for gold, said in parts])),
        }
    )


def multilabel_scores(
    golds: Sequence[Sequence[str] | None], predictions: Sequence[Sequence[str]], *, labels: Sequence[str]
) -> ClassificationScores:
    """Figures of a multilabel task; precision, recall and F1 are macro averages.

    Args:
        golds: ``[n]`` labels that hold, empty where none does, ``None`` where unknown.
        predictions: ``[n]`` labels predicted.
        labels: All labels, in the order of the result.

    Returns:
        The figures; ``accuracy`` is the share of examples whose set is wholly right.

    Raises:
        InputError: If the lengths differ, or a label is not one of ``labels``.
    """
    pairs = paired(golds, predictions)
    for number, gold, predicted in pairs:
        _refuse_unknown(number, (*gold, *predicted), labels)
    return _scores("multilabel", [gold for _, gold, _ in pairs], [said for *_, said in pairs], labels)


def paired(golds: Sequence[Given | None], predictions: Sequence[Given]) -> list[tuple[int, Given, Given]]:
    """Number, gold and prediction of every labelled example.

    Args:
        golds: ``[n]`` gold labels, ``None`` where unknown.
        predictions: ``[n]`` predictions.

    Returns:
        One triple for each example whose gold label is known; numbers count from 1.

    Raises:
        InputError: If the lengths differ.
    """
    if len(golds) != len(predictions):
        raise InputError(f"{len(golds)} gold labels stand beside {len(predictions)} predictions; give one for each.")
    return [
        (number, gold, said)
        for number, (gold, said) in enumerate(zip(golds, predictions, strict=True), start=1)
        if gold is not None
    ]


def _refuse_unknown(number: int, given: Sequence[str], labels: Sequence[str]) -> None:
    unknown = [label for label in given if label not in labels]
    if unknown:
        raise InputError(f"Example {number} has the label {unknown[0]!r}; the labels are {', '.join(labels)}.")


def _scores(
    kind: Kind, golds: Sequence[Sequence[str]], predictions: Sequence[Sequence[str]], labels: Sequence[str]
) -> ClassificationScores:
    if not golds:
        return ClassificationScores(kind=kind, count=0, per_label={label: Score() for label in labels})
    truth, said = _table(golds, labels), _table(predictions, labels)
    columns = list(range(len(labels)))
    figures = precision_recall_fscore_support(truth, said, labels=columns, average=None, zero_division=0)
    rows = [Score(precision=p, recall=r, f1=f, support=n) for p, r, f, n in zip(*figures, strict=True)]
    macro = _average(truth, said, [column for column in columns if truth[:, column].any() or said[:, column].any()])
    chosen = rows[-1] if kind == "binary" else macro["macro"]
    return ClassificationScores(
        kind=kind,
        count=len(golds),
        precision=chosen.precision,
        recall=chosen.recall,
        f1=chosen.f1,
        accuracy=float((truth == said).all(axis=1).mean()),
        per_label=dict(zip(labels, rows, strict=True)),
        **macro,
    )


def _table(rows: Sequence[Sequence[str]], labels: Sequence[str]) -> Table:
    """``[n, labels + 1]`` of 0 and 1. The last column is empty: scikit-learn reads one column as two classes."""
    column = {label: number for number, label in enumerate(labels)}
    table = np.zeros((len(rows), len(labels) + 1), dtype=np.int8)
    for number, row in enumerate(rows):
        table[number, [column[label] for label in row]] = 1
    return table


def _average(truth: Table, said: Table, columns: list[int]) -> dict[str, Score]:
    """Macro and micro average over the columns that occur; 0 where none does."""
    averages = {}
    for name in ("macro", "micro"):
        figures = (0.0, 0.0, 0.0)
        if columns:
            figures = precision_recall_fscore_support(truth, said, labels=columns, average=name, zero_division=0)[:3]
        precision, recall, f1 = figures
        averages[name] = Score(precision=precision, recall=recall, f1=f1, support=int(truth.sum()))
    return averages
