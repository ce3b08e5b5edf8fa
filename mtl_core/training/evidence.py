"""Training of the evidence head and of the lesson-plan head on a frozen encoder."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from sklearn.linear_model import LogisticRegression

from mtl_core.heads import smooth_maximum
from mtl_core.quality import Calibration, QualityModel
from mtl_core.rounding import rounded
from mtl_core.training.calibration import fit_calibration
from mtl_core.training.dataset import UNKNOWN, EvidenceDataset
from mtl_core.training.linear_scores import LinearScores

if TYPE_CHECKING:
    from numpy.typing import NDArray


__all__ = [
    "TrainingOptions",
    "fit_scores",
    "held_out_calibration",
    "held_out_logits",
    "set_evidence_head",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingOptions:
    """How the heads are trained.

    Args:
        strength: Inverse of the L2 penalty on the evidence head.
        top: Number of segments that share the attention.
        negatives: The most segments without a measure to learn from; evenly spaced ones are kept.
        folds: Groups are dealt into this many folds for held-out predictions.
        tolerance: Of the solver.
    """

    strength: float = 1.0
    top: int = 3
    negatives: int = 8_000
    folds: int = 5
    tolerance: float = 1e-3


def fit_scores(dataset: EvidenceDataset, rows: NDArray[np.bool_], options: TrainingOptions) -> LinearScores:
    """Fit the segment scores: one penalised logistic regression a measure, on the labels that are known.

    The loss is convex, so the result depends on the data alone and no seed is needed.

    Args:
        dataset: Training text.
        rows: ``[rows]`` true for the rows to learn from.
        options: See the class.

    Returns:
        The scores.
    """
    columns = dataset.inputs.shape[1]
    measures = dataset.labels.shape[1]
    weights, offsets = np.zeros((columns, measures)), np.zeros(measures)
    for column in range(measures):
        labels = dataset.labels[:, column]
        chosen = np.r_[np.flatnonzero(rows & (labels == 1)), _spaced(rows & (labels == 0), options.negatives)]
        regression = LogisticRegression(
            C=options.strength, class_weight="balanced", solver="liblinear", tol=options.tolerance
        ).fit(dataset.inputs[chosen], labels[chosen])
        weights[:, column], offsets[column] = regression.coef_[0], regression.intercept_[0]
    return LinearScores(weights, offsets)


def _spaced(mask: NDArray[np.bool_], most: int) -> NDArray[np.int64]:
    """At most so many of the true rows, evenly spaced."""
    found = np.flatnonzero(mask)
    return found if len(found) <= most else found[np.linspace(0, len(found) - 1, most).astype(np.int64)]


def plan_logits(
    scores: LinearScores, dataset: EvidenceDataset, plans: Sequence[int], *, top: int
) -> NDArray[np.float64]:
    """Document logits ``[len(plans), measures]``, as the evidence head computes them."""
    logits = []
    for plan in plans:
        alone = torch.from_numpy(scores(dataset, np.flatnonzero(dataset.documents == plan)))
        logits.append(smooth_maximum(alone, top=top).numpy())
    return np.asarray(logits)


def held_out_logits(dataset: EvidenceDataset, options: TrainingOptions) -> NDArray[np.float64]:
    """Logits ``[plans, measures]`` of each plan by a head that has not seen the plan's group.

    Args:
        dataset: Training text.
        options: See the class.

    Returns:
        The logits.
    """
    logits = np.zeros((len(dataset.groups), len(dataset.measures)))
    for held in group_folds(dataset.groups, options.folds):
        rows = np.asarray([group not in held for group in dataset.row_groups])
        plans = [number for number, group in enumerate(dataset.groups) if group in held]
        logits[plans] = plan_logits(fit_scores(dataset, rows, options), dataset, plans, top=options.top)
    return logits


def held_out_calibration(
    dataset: EvidenceDataset, options: TrainingOptions, *, judged: Sequence[int]
) -> dict[str, Calibration]:
    """Calibration by measure, on predictions by heads that have not seen the plan's group.

    Args:
        dataset: Training text.
        options: See the class.
        judged: Numbers of the plans that decide.

    Returns:
        Calibration by measure key.
    """
    logits = held_out_logits(dataset, options)[list(judged)]
    labels = dataset.plan_labels[list(judged)].astype(np.int64)
    known = labels != UNKNOWN
    return {
        key: fit_calibration(logits[known[:, column], column], labels[known[:, column], column])
        for column, key in enumerate(dataset.measures)
    }


def group_folds(groups: Sequence[str], folds: int) -> list[frozenset[str]]:
    """Groups dealt into folds of about equal numbers of plans, the largest first.

    Args:
        groups: Group of each plan.
        folds: The most folds.

    Returns:
        Disjoint, non-empty sets of groups.
    """
    sizes = {group: groups.count(group) for group in sorted(set(groups))}
    dealt: list[set[str]] = [set() for _ in range(min(folds, len(sizes)))]
    for group in sorted(sizes, key=lambda name: (-sizes[name], name)):
        min(dealt, key=lambda fold: sum(sizes[name] for name in fold)).add(group)
    return [frozenset(fold) for fold in dealt]


@torch.no_grad()
def set_evidence_head(
    model: QualityModel, scores: LinearScores, features: int, *, branch: LinearScores | None = None
) -> None:
    """Put fitted scores into the head.

    Args:
        model: Gets the weights.
        scores: The fitted scores.
        features: How many of their rows are features; the rest are cue buckets.
        branch: The fitted scores on the branch, where the model has one.
    """
    head = model.evidence_head
    head.features.weight.copy_(torch.from_numpy(scores.weights[:features].T))
    head.features.bias.copy_(torch.from_numpy(scores.offsets))
    # rounded at once, so that what is calibrated is what is saved
    whole, scales = rounded(torch.from_numpy(scores.weights[features:]), dim=0)
    head.cues.weight.copy_(whole * scales)
    if branch is not None and head.branch is not None:
        head.branch.weight.copy_(torch.from_numpy(branch.weights.T))
        head.branch.bias.copy_(torch.from_numpy(branch.offsets))
