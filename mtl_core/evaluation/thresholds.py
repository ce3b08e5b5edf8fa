"""The threshold of a binary decision, tuned on validation data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np

from mtl_core.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = ["tune_threshold"]

_SAME = 1e-12


def tune_threshold(
    probabilities: ArrayLike, labels: ArrayLike, *, objective: Literal["f1", "macro_f1"] = "f1"
) -> float:
    """The threshold with the best F1; a probability at or above it means the positive label.

    An exact sweep: between two neighbouring scores every threshold decides alike, so one each is
    tried, in O(n log n). Of equally good thresholds the one nearest 0.5 is taken.

    Lipton, Elkan and Naryanaswamy, Optimal thresholding of classifiers to maximize F1 measure, 2014.

    Args:
        probabilities: ``[n]`` of the positive label, 0 to 1, on validation data (never on the data
            that the figure is reported for).
        labels: ``[n]`` 0 or 1.
        objective: ``f1`` of the positive label, or the mean of both labels' F1.

    Returns:
        Mid-way between two neighbouring scores (or between the outermost score and 0 or 1); 0.5 where
        only one label occurs, since nothing can be learnt from it.

    Raises:
        InputError: If the lengths differ, a probability is outside 0 to 1 or a label is not 0 or 1.
    """
    scores, truth = _checked(probabilities, labels)
    positives = int(truth.sum())
    if positives in {0, len(truth)}:
        return 0.5
    order = np.argsort(-scores, kind="stable")
    descending = scores[order]
    last = np.append(np.flatnonzero(np.diff(descending)), len(descending) - 1)
    taken = np.append(0, last + 1)
    hits = np.append(0, np.cumsum(truth[order])[last])
    figures = _f1(hits, taken, positives)
    if objective == "macro_f1":
        negatives = len(truth) - positives
        left_out = len(truth) - taken
        figures = (figures + _f1(left_out - (positives - hits), left_out, negatives)) / 2
    cuts = _cuts(descending[last])
    possible = cuts <= 1
    best = figures[possible].max()
    tied = np.sort(cuts[possible & (figures >= best - _SAME)])
    return float(tied[np.argmin(np.abs(tied - 0.5))])


def _checked(probabilities: ArrayLike, labels: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    scores, truth = np.asarray(probabilities, dtype=np.float64), np.asarray(labels)
    if scores.ndim != 1 or scores.shape != truth.shape:
        raise InputError(
            f"A threshold needs as many labels as probabilities, each in one row; "
            f"the shapes are {list(scores.shape)} and {list(truth.shape)}."
        )
    if not np.all((scores >= 0) & (scores <= 1)):
        raise InputError("A threshold is tuned on probabilities from 0 to 1; at least one is outside or not a number.")
    if not np.isin(truth, (0, 1)).all():
        raise InputError("A threshold is tuned on labels 0 and 1; leave out the examples without a label.")
    return scores, truth.astype(np.int64)


def _f1(hits: NDArray[np.int64], taken: NDArray[np.int64], there: int) -> NDArray[np.float64]:
    return 2 * hits / (taken + there)


def _cuts(distinct: NDArray[np.float64]) -> NDArray[np.float64]:
    """A threshold that takes none, then one, two, ... of the distinct scores, given from high to low."""
    below = np.append(distinct[1:], 0.0)
    middle = below + (distinct - below) / 2
    # between two neighbouring floats there is no middle: the upper one still parts them
    inner = np.where(middle > below, middle, distinct)
    none = (1 + distinct[0]) / 2 if distinct[0] < 1 else np.inf
    return np.append(none, inner)
