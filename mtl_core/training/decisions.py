"""Temperatures and thresholds, fitted on validation data alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from mtl_core.data.examples import Example
from mtl_core.evaluation.calibration import CalibrationScores, calibration_scores, fit_temperature
from mtl_core.evaluation.thresholds import tune_threshold
from mtl_core.heads import Decision, Targets, TaskHead
from mtl_core.heads.base import CUT
from mtl_core.model import MultiTaskModel
from mtl_core.training.prepare import without_unseen

if TYPE_CHECKING:
    import torch

__all__ = ["FittedDecisions", "fit_decisions"]


@dataclass(frozen=True, slots=True)
class FittedDecisions:
    """What was fitted.

    Args:
        decisions: By task.
        calibration: ECE and likelihood before and after, by task, on the data of the fit.
    """

    decisions: dict[str, Decision] = field(default_factory=dict)
    calibration: dict[str, CalibrationScores] = field(default_factory=dict)


def fit_decisions(model: MultiTaskModel, examples: Sequence[Example]) -> FittedDecisions:
    """Fit a temperature for every task whose kind names its activation, and thresholds for those of chances.

    Args:
        model: The model; its own decisions are not looked at.
        examples: Validation examples.

    Returns:
        Decisions of the tasks that some example labels.
    """
    tasks = {task.name: task for task in model.tasks}
    known = [without_unseen(example, tasks) for example in examples]
    logits: dict[str, list[np.ndarray]] = {}
    truths: dict[str, list[np.ndarray]] = {}
    for batch in model.outputs(known):
        rows = [known[row] for row in batch.rows]
        for name, part in batch.logits.items():
            head = model.head(name)
            if head.activation is None:
                continue
            targets = head.targets(rows)
            if head.unit == "word":
                targets = targets._replace(known=targets.known & (batch.states.words > CUT).cpu())
            scores, truth = _labelled(part.cpu(), targets)
            logits.setdefault(name, []).append(scores)
            truths.setdefault(name, []).append(truth)
    fitted = FittedDecisions()
    for name, parts in logits.items():
        scores, truth = np.concatenate(parts), np.concatenate(truths[name])
        if len(scores):
            _fit_one(model.head(name), scores, truth, fitted)
    return fitted


def _labelled(logits: torch.Tensor, targets: Targets) -> tuple[np.ndarray, np.ndarray]:
    """Rows of logits whose target is known, and the targets."""
    return logits[targets.known].numpy(), targets.values[targets.known].numpy()


def _fit_one(head: TaskHead, logits: np.ndarray, truth: np.ndarray, fitted: FittedDecisions) -> None:
    name = head.task.name
    if head.activation == "softmax":
        temperature = fit_temperature(logits, truth, "multiclass")
        fitted.decisions[name] = Decision(temperature=temperature)
        fitted.calibration[name] = calibration_scores(logits, truth, "multiclass", temperature=temperature)
        return
    temperature = fit_temperature(logits, truth, "multilabel")
    chances = 1 / (1 + np.exp(-np.clip(logits / temperature, -60, 60)))
    thresholds = tuple(tune_threshold(chances[:, column], truth[:, column]) for column in range(truth.shape[1]))
    fitted.decisions[name] = Decision(temperature=temperature, thresholds=thresholds)
    fitted.calibration[name] = calibration_scores(logits, truth, "multilabel", temperature=temperature)
