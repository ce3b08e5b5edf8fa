"""Everything that can be said of a trained model on labelled examples: calibration, maps, outliers, deltas."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mtl_core.data.examples import Example
from mtl_core.data.label_values import SET_KINDS
from mtl_core.errors import InputError
from mtl_core.evaluation.calibration import CalibrationScores, TargetKind, calibration_scores
from mtl_core.evaluation.embeddings import embedding_map, find_outliers, outlier_map
from mtl_core.evaluation.evaluate import Evaluation, evaluate
from mtl_core.evaluation.report import Delta, EvaluationReport, compare_to_single
from mtl_core.heads.base import CUT
from mtl_core.model import MultiTaskModel
from mtl_core.tasks import Task
from mtl_core.training.prepare import without_unseen

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["ReportedModel", "deltas_to_single", "report_on"]

_OUTLIERS_NAMED = 10
_COMPARED = ("f1", "accuracy")


@dataclass(frozen=True, slots=True)
class ReportedModel:
    """A report and the pictures that go with it.

    Args:
        report: The figures.
        pictures: PNG files by name without suffix: ``embeddings`` and ``outliers``.
    """

    report: EvaluationReport
    pictures: dict[str, bytes]


def report_on(
    model: MultiTaskModel,
    examples: Sequence[Example],
    figures: Evaluation,
    *,
    dataset: str,
    deltas: Mapping[str, tuple[Delta, ...]] | None = None,
    seed: int = 0,
) -> ReportedModel:
    """Report on a model: figures, calibration, a map of its embeddings, and the texts that lie far from all others.

    Args:
        model: The model; its temperatures and thresholds are taken as they are, none is fitted here.
        examples: Labelled examples, at least one.
        figures: What ``evaluate`` gave for them.
        dataset: What was evaluated on, for the heading.
        deltas: Comparison with single-task models.
        seed: Of the map and the isolation forest.

    Returns:
        The report and its pictures.
    """
    vectors, calibration = _read(model, examples)
    outliers = find_outliers(vectors, seed=seed)
    texts = [example.text for example in examples]
    pictures = {
        "embeddings": embedding_map(vectors, [_colour(example, model.tasks) for example in examples], seed=seed),
        "outliers": outlier_map(vectors, outliers, seed=seed, texts=texts),
    }
    named = ", ".join(
        f"{examples[outlier.row].source or f'example {outlier.row + 1}'} ({outlier.score:.2f})"
        for outlier in outliers[:_OUTLIERS_NAMED]
    )
    report = EvaluationReport(
        title=(model.card.project if model.card else "") or "Evaluation",
        dataset=dataset,
        tasks=figures.tasks,
        calibration=calibration,
        thresholds=_thresholds(model),
        exact_match=figures.exact_match,
        exact_match_any=figures.exact_match_any,
        deltas=dict(deltas or {}),
        notes=(f"Texts that an isolation forest sets apart soonest, with their score: {named}.",),
    )
    return ReportedModel(report, pictures)


def deltas_to_single(
    figures: Evaluation, examples: Sequence[Example], single: Mapping[str, MultiTaskModel]
) -> dict[str, tuple[Delta, ...]]:
    """Put the F1 and accuracy of models that were trained for one task beside those of the shared model.

    Args:
        figures: Of the shared model.
        examples: What it was evaluated on.
        single: The other models by task.

    Returns:
        The comparisons by task.

    Raises:
        InputError: If a model does not have its task, or no example labels it.
    """
    found: dict[str, dict[str, float]] = {}
    for name, model in single.items():
        if name not in {task.name for task in model.tasks}:
            raise InputError(
                f"The single model given for {name!r} has: {', '.join(task.name for task in model.tasks)}."
            )
        if name not in figures.tasks:
            raise InputError(f"The data has no label of {name!r}; it has labels of: {', '.join(figures.tasks)}.")
        scores = evaluate(model, examples).tasks[name]
        found[name] = {key: value for key in _COMPARED if (value := getattr(scores, key)) is not None}
    return compare_to_single(figures.tasks, found)


def _read(
    model: MultiTaskModel, examples: Sequence[Example]
) -> tuple[NDArray[np.float32], dict[str, CalibrationScores]]:
    """Vectors of the examples, and calibration of the tasks they label, in one pass."""
    tasks = {task.name: task for task in model.tasks}
    known = [without_unseen(example, tasks) for example in examples]
    vectors = np.zeros((len(examples), model.encoder.dimension), np.float32)
    logits: dict[str, list[NDArray[np.float32]]] = {}
    truths: dict[str, list[NDArray[np.float32]]] = {}
    for batch in model.outputs(known):
        rows = [known[row] for row in batch.rows]
        vectors[batch.rows] = batch.states.vectors.float().cpu().numpy()
        for name, part in batch.logits.items():
            head = model.head(name)
            if head.activation is None:
                continue
            targets = head.targets(rows)
            labelled = targets.known
            if head.unit == "word":
                labelled = labelled & (batch.states.words > CUT).cpu()
            logits.setdefault(name, []).append(part.cpu()[labelled].numpy())
            truths.setdefault(name, []).append(targets.values[labelled].numpy())
    calibration = {}
    for name, parts in logits.items():
        scores, truth = np.concatenate(parts), np.concatenate(truths[name])
        if len(scores):
            kind: TargetKind = "multiclass" if model.head(name).activation == "softmax" else "multilabel"
            temperature = model.decisions[name].temperature
            calibration[name] = calibration_scores(scores, truth, kind, temperature=temperature)
    return vectors, calibration


def _colour(example: Example, tasks: Sequence[Task]) -> str:
    """What an example is coloured by: its labels of tasks that judge whole texts, of binary ones those that hold."""
    parts: list[str] = []
    for task in tasks:
        label = example.labels.get(task.name)
        if label is None or task.kind == "token":
            continue
        if task.kind == "binary":
            parts += [task.name] if label == task.labels[-1] else []
        elif task.kind in SET_KINDS:
            parts += label
        else:
            parts.append(str(label))
    return " + ".join(parts) or "none"


def _thresholds(model: MultiTaskModel) -> dict[str, dict[str, float]]:
    return {
        task.name: dict(zip(task.labels[-1:] if task.kind == "binary" else task.labels, cuts, strict=True))
        for task in model.tasks
        if (cuts := model.decisions[task.name].thresholds)
    }
