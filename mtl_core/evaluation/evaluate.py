"""A model's figures on labelled examples."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mtl_core.data.examples import Example, Label
from mtl_core.data.label_values import SET_KINDS
from mtl_core.data.labels import single_labels
from mtl_core.errors import InputError
from mtl_core.evaluation.classification import ClassificationScores, classification_scores
from mtl_core.evaluation.spans import SpanScores, joint_exact_match, span_scores
from mtl_core.heads import Prediction, head_class
from mtl_core.model import MultiTaskModel
from mtl_core.tasks import Task

__all__ = ["Evaluation", "evaluate", "main_figure", "score_predictions"]

Scores = ClassificationScores | SpanScores

_KINDS_BY_UNIT = {"example": "multiclass", "word": "token", "label": "multilabel"}
"""How a kind that a user registered is scored."""


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Figures of a model.

    Args:
        tasks: By task name, of the tasks that some example labels.
        exact_match: Share of the examples whose labelled tasks are all right, by whole labels.
        exact_match_any: The same where one right answer of several is enough; ``None`` where no label holds several.
        count: Number of examples.
    """

    tasks: dict[str, Scores]
    exact_match: float | None
    exact_match_any: float | None
    count: int

    @property
    def score(self) -> float:
        """Mean of the tasks' main figures: what the best checkpoint is chosen by."""
        figures = [main_figure(scores) for scores in self.tasks.values()]
        return sum(figures) / len(figures) if figures else 0.0

    def as_json(self) -> dict[str, Any]:
        """JSON-serialisable figures, as ``lesson-nudge evaluate --json`` prints them."""
        tasks = {name: _with_exact_match(scores.to_dict(), self) for name, scores in self.tasks.items()}
        found: dict[str, Any] = {"tasks": tasks, "count": self.count, "score": self.score}
        if len(self.tasks) > 1:
            found["exact_match"] = self.exact_match
            if self.exact_match_any is not None:
                found["exact_match_any"] = self.exact_match_any
        return found


def _with_exact_match(figures: dict[str, Any], whole: Evaluation) -> dict[str, Any]:
    """Where several tasks are judged together, ``exact_match`` is that of all of them (as ATIS papers count it)."""
    if len(whole.tasks) < 2 or (figures["kind"] != "token" and figures.get("accuracy_first") is None):
        return figures
    if figures["kind"] == "token":
        figures["tags_exact_match"] = figures["exact_match"]
    return {**figures, "exact_match": whole.exact_match}


def main_figure(scores: Scores) -> float:
    """The figure that a task is chosen by: F1; accuracy for a multiclass task.

    Args:
        scores: Figures of one task.

    Returns:
        0 to 1; 0 where nothing is labelled.
    """
    figure = scores.accuracy if scores.kind == "multiclass" else scores.f1
    return figure or 0.0


def score_predictions(
    tasks: Sequence[Task], examples: Sequence[Example], predictions: Sequence[Mapping[str, Prediction]]
) -> Evaluation:
    """Figures of predictions.

    Args:
        tasks: The tasks; those that no example labels are left out.
        examples: ``[n]`` with their labels.
        predictions: ``[n]`` by task name.

    Returns:
        The figures.

    Raises:
        InputError: If no example labels any of the tasks.
    """
    judged = [_as_scored(task, examples) for task in tasks if any(task.name in example.labels for example in examples)]
    if not judged:
        raise InputError(f"No example has a label of any of the tasks {', '.join(task.name for task in tasks)}.")
    golds: dict[str, list[Label | None]] = {}
    said: dict[str, list[Label]] = {}
    for task in judged:
        golds[task.name] = [example.labels.get(task.name) for example in examples]
        said[task.name] = [prediction[task.name].label if task.name in prediction else () for prediction in predictions]
    figures: dict[str, Scores] = {
        task.name: span_scores(golds[task.name], said[task.name])
        if task.kind == "token"
        else classification_scores(task, golds[task.name], said[task.name])
        for task in judged
    }
    any_of = any(task.separator for task in judged)
    return Evaluation(
        tasks=figures,
        exact_match=joint_exact_match(judged, golds, said),
        exact_match_any=joint_exact_match(judged, golds, said, any_of=True) if any_of else None,
        count=len(examples),
    )


def _as_scored(task: Task, examples: Sequence[Example]) -> Task:
    """The task under the kind whose figures it gets, with the labels that only these examples hold."""
    own = SET_KINDS | {"binary", "multiclass", "token"}
    kind = task.kind if task.kind in own else _KINDS_BY_UNIT[head_class(task.kind).unit]
    labels = task.labels
    if kind in SET_KINDS:
        given = {one for example in examples for one in single_labels(example.labels.get(task.name, ()))}
        labels = (*labels, *sorted(given - set(labels)))
    return task.model_copy(update={"kind": kind, "labels": labels})


def evaluate(model: MultiTaskModel, examples: Sequence[Example]) -> Evaluation:
    """Figures of a model.

    Args:
        model: The model, with its decisions.
        examples: Labelled examples; a label that the model does not know counts as missed.

    Returns:
        The figures.

    Raises:
        InputError: If there is no example, or none labels any of the model's tasks.
    """
    if not examples:
        raise InputError("There is no example to evaluate on.")
    return score_predictions(model.tasks, examples, model.predict(examples))
