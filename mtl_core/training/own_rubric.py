"""Quality heads for a rubric of one's own, from labelled texts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from typing import TYPE_CHECKING

import numpy as np
import torch

from mtl_core.errors import InputError
from mtl_core.quality import QualityConfig, QualityModel
from mtl_core.training.corpus import LabelledPlan
from mtl_core.training.dataset import EvidenceDataset, build_dataset
from mtl_core.training.evidence import (
    TrainingOptions,
    fit_scores,
    group_folds,
    held_out_calibration,
    set_evidence_head,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mtl_core.encoder import SharedEncoder
    from mtl_core.rubric_file import MeasureRow

__all__ = ["LEAST", "located", "train_own_rubric"]

LEAST = 10
"""Texts that each measure needs of either kind."""


def train_own_rubric(
    encoder: SharedEncoder,
    rubric: Sequence[MeasureRow],
    plans: Sequence[LabelledPlan],
    *,
    options: TrainingOptions | None = None,
    report: Callable[[str], None] | None = None,
) -> QualityModel:
    """Train heads for the measures of a rubric and calibrate them on texts held out in turn.

    The head that knows a lesson plan from other text is the one that comes with the package.

    Args:
        encoder: The frozen encoder; the one that the shipped heads were trained on.
        rubric: The measures.
        plans: Labelled texts; a label may be missing.
        options: See the class.
        report: Gets a line now and then.

    Returns:
        The model.

    Raises:
        InputError: If a measure has too few texts of either kind.
    """
    chosen, say = options or TrainingOptions(), report or (lambda _: None)
    keys = tuple(row.key for row in rubric)
    _check_counts(keys, plans, folds=chosen.folds)
    say(f"encoding {len(plans)} texts")
    dataset = build_dataset(encoder, plans=plans, segments=(), measures=keys)
    dataset = located(dataset, chosen)
    say("training on held-out texts for calibration")
    calibration = held_out_calibration(dataset, chosen, judged=range(len(plans)))
    say("training on everything")
    scores = fit_scores(dataset, np.ones(len(dataset.labels), np.bool_), chosen)
    shipped = QualityModel.from_pretrained(encoder=encoder)
    config = QualityConfig(
        encoder=encoder.name,
        fingerprint=encoder.fingerprint,
        measures=keys,
        rubric=tuple(rubric),
        top=chosen.top,
        calibration=calibration,
        plan_calibration=shipped.config.plan_calibration,
        training={**asdict(chosen), "plans": len(plans), "segments": 0},
    )
    model = QualityModel(encoder, config)
    set_evidence_head(model, scores, dataset.features)
    with torch.no_grad():
        model.plan_head.load_state_dict(shipped.plan_head.state_dict())
    return model


def located(dataset: EvidenceDataset, options: TrainingOptions) -> EvidenceDataset:
    """Find the passages of texts that have a measure and no quote for it.

    First every passage of such a text counts as evidence; then only those that scores fitted on that
    rank highest, as many as the head reads (Andrews et al., Support vector machines for
    multiple-instance learning, NIPS 2002).

    Args:
        dataset: The texts.
        options: ``top`` says how many passages are kept at most.

    Returns:
        The data set with these passages labelled; the other passages stay unknown.
    """
    unquoted = _unquoted(dataset)
    if not unquoted:
        return dataset
    guess = dataset.labels.copy()
    for plan, column in unquoted:
        guess[dataset.documents == plan, column] = 1
    everything = np.ones(len(guess), np.bool_)
    scores = fit_scores(replace(dataset, labels=guess), everything, options)
    labels = dataset.labels.copy()
    for plan, column in unquoted:
        rows = np.flatnonzero(dataset.documents == plan)
        values = scores(dataset, rows)[:, column]
        best = np.argsort(-values, kind="stable")[: options.top]
        # the best passage has to speak for the measure; others only if the scores say so
        labels[rows[[row for place, row in enumerate(best) if place == 0 or values[row] > 0]], column] = 1
    return replace(dataset, labels=labels)


def _unquoted(dataset: EvidenceDataset) -> list[tuple[int, int]]:
    """Plan and column of every present measure without a labelled passage."""
    return [
        (plan, int(column))
        for plan in range(len(dataset.groups))
        for column in np.flatnonzero(dataset.plan_labels[plan] == 1)
        if not (dataset.labels[dataset.documents == plan, column] == 1).any()
    ]


def _check_counts(keys: Sequence[str], plans: Sequence[LabelledPlan], *, folds: int) -> None:
    lots = group_folds([plan.group for plan in plans], folds)
    if len(lots) < 2:
        raise InputError("All texts are of one group; give texts of two groups or more, or leave the column out.")
    for key in keys:
        counts = _counts(key, plans)
        if min(counts) < LEAST:
            raise InputError(
                f"The measure {key!r} has {counts[1]} texts that show it and {counts[0]} that do not; "
                f"label at least {LEAST} of either kind."
            )
        for lot in lots:
            if not min(_counts(key, [plan for plan in plans if plan.group not in lot])):
                raise InputError(
                    f"Nearly all texts of one kind for {key!r} are of the same groups; label it in more groups."
                )


def _counts(key: str, plans: Sequence[LabelledPlan]) -> NDArray[np.int64]:
    labels = [int(plan.present[key]) for plan in plans if key in plan.present]
    counts: NDArray[np.int64] = np.bincount(np.asarray(labels, np.int64), minlength=2)
    return counts
