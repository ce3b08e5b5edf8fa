"""From document logits to probabilities and verdicts, on predictions for plans not trained on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score

from mtl_core.quality import Calibration

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["expected_calibration_error", "fit_calibration"]

_DOUBT = 0.08


def fit_calibration(logits: NDArray[np.float64], labels: NDArray[np.int64]) -> Calibration:
    """Platt's sigmoid, the threshold of the best macro-F1, and a band of doubt below it.

    The threshold is the mean of all that come within 0.01 of the best F1, which is steadier than the
    best one alone. Since "unsure" counts as absent, the band lies below the threshold.

    Platt, Probabilistic outputs for support vector machines, 1999.

    Args:
        logits: ``[plans]`` held-out predictions.
        labels: ``[plans]`` 0 or 1, both kinds present.

    Returns:
        The calibration.
    """
    sigmoid = LogisticRegression(C=10.0).fit(logits[:, None], labels)
    slope, offset = max(float(sigmoid.coef_[0, 0]), 0.05), float(sigmoid.intercept_[0])
    probabilities = 1 / (1 + np.exp(-(slope * logits + offset)))
    grid = np.linspace(0.1, 0.9, 81)
    scores = np.asarray([_macro_f1(labels, probabilities >= cut) for cut in grid])
    present_from = float(np.mean(grid[scores >= scores.max() - 0.01]))
    return Calibration(
        slope=slope,
        offset=offset,
        absent_below=max(round(present_from - _DOUBT, 4), 0.0),
        present_from=round(present_from, 4),
    )


def expected_calibration_error(
    probabilities: NDArray[np.float64], labels: NDArray[np.int64], *, bins: int = 10
) -> float:
    """Mean gap between confidence and frequency over equal-width bins (Naeini et al., AAAI 2015).

    Args:
        probabilities: ``[n]``.
        labels: ``[n]`` 0 or 1.
        bins: Number of bins.

    Returns:
        0 to 1.
    """
    rows = np.minimum((probabilities * bins).astype(int), bins - 1)
    error = 0.0
    for bin_number in range(bins):
        inside = rows == bin_number
        if inside.any():
            error += inside.mean() * abs(probabilities[inside].mean() - labels[inside].mean())
    return float(error)


def _macro_f1(labels: NDArray[np.int64], predicted: NDArray[np.bool_]) -> float:
    return float(f1_score(labels, predicted.astype(int), average="macro", labels=[0, 1], zero_division=0))
