"""From document logits to probabilities and verdicts, on predictions for plans not trained on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from sklearn.linear_model import LogisticRegression

from mtl_core.quality import Calibration

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["expected_calibration_error", "fit_calibration"]

_DOUBT = 0.08
_STRENGTH = 0.1
"""Inverse penalty on the slope: what is read later differs more from the training text than a fold from the others."""
_NEAR_BEST = 0.002


def fit_calibration(logits: NDArray[np.float64], labels: NDArray[np.int64]) -> Calibration:
    """Platt's sigmoid, the threshold of the best expected macro-F1, and a band of doubt below it.

    The threshold follows from the sigmoid alone: if the probabilities hold, it gives the best mean of present-F1
    and absent-F1. Two numbers fitted on all plans vary less than a threshold picked by the labels of a few.
    Since "unsure" counts as absent, the band lies below the threshold.

    Platt, Probabilistic outputs for support vector machines, 1999. Lipton et al., Optimal thresholding of
    classifiers to maximize F1 measure, ECML 2014.

    Args:
        logits: ``[plans]`` held-out predictions.
        labels: ``[plans]`` 0 or 1, both kinds present.

    Returns:
        The calibration.
    """
    sigmoid = LogisticRegression(C=_STRENGTH).fit(logits[:, None], labels)
    slope, offset = max(float(sigmoid.coef_[0, 0]), 0.05), float(sigmoid.intercept_[0])
    present_from = _best_cut(1 / (1 + np.exp(-(slope * logits + offset))))
    return Calibration(
        slope=slope,
        offset=offset,
        absent_below=max(round(present_from - _DOUBT, 4), 0.0),
        present_from=round(present_from, 4),
    )


def _best_cut(probabilities: NDArray[np.float64]) -> float:
    """Mean of the thresholds whose expected macro-F1 comes close to the best."""
    grid = np.linspace(0.1, 0.9, 81)
    scores = np.asarray([_expected_macro_f1(probabilities, probabilities >= cut) for cut in grid])
    return float(np.mean(grid[scores >= scores.max() - _NEAR_BEST]))


def _expected_macro_f1(probabilities: NDArray[np.float64], present: NDArray[np.bool_]) -> float:
    """Mean of both F1 with the labels' expected counts in place of the labels."""
    hits, rejections = probabilities[present].sum(), (1 - probabilities[~present]).sum()
    wrong = (1 - probabilities[present]).sum() + probabilities[~present].sum()
    return float(sum(2 * right / max(2 * right + wrong, 1e-9) for right in (hits, rejections)) / 2)


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
