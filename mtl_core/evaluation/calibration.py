"""Temperature scaling, and how far confidence is from accuracy before and after it."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pydantic import BaseModel, ConfigDict, NonNegativeInt
from scipy.optimize import brentq
from scipy.special import expit, log_softmax, softmax

from mtl_core.errors import InputError

__all__ = [
    "CalibrationScores",
    "ReliabilityBin",
    "TargetKind",
    "calibration_scores",
    "expected_calibration_error",
    "fit_temperature",
    "reliability_bins",
]

TargetKind = Literal["binary", "multilabel", "multiclass", "token"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_LOWEST, _HIGHEST = 0.1, 10.0


class ReliabilityBin(BaseModel):
    """One bar of a reliability diagram.

    Args:
        lower: Lower edge of the confidence, inclusive.
        upper: Upper edge, exclusive but for the last bin.
        count: Number of predictions in the bin.
        confidence: Their mean confidence, ``None`` in an empty bin.
        accuracy: Share of them that is right, ``None`` in an empty bin.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    lower: float
    upper: float
    count: NonNegativeInt
    confidence: float | None = None
    accuracy: float | None = None


class CalibrationScores(BaseModel):
    """Calibration of one task before and after its temperature; figures are ``None`` without labels.

    Args:
        temperature: What the logits are divided by.
        count: Number of labelled decisions.
        ece_before: Expected calibration error at temperature 1.
        ece_after: The same at ``temperature``.
        nll_before: Mean negative log-likelihood at temperature 1, in nats.
        nll_after: The same at ``temperature``.
        bins_before: Bars of the reliability diagram at temperature 1.
        bins_after: The same at ``temperature``.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    temperature: float
    count: NonNegativeInt
    ece_before: float | None = None
    ece_after: float | None = None
    nll_before: float | None = None
    nll_after: float | None = None
    bins_before: tuple[ReliabilityBin, ...] = ()
    bins_after: tuple[ReliabilityBin, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """The figures as plain data that JSON can hold."""
        return self.model_dump(mode="json")


def fit_temperature(logits: ArrayLike, targets: ArrayLike, kind: TargetKind) -> float:
    """The temperature that makes validation labels most likely; it changes no prediction.

    The negative log-likelihood is convex in 1/T, so it has one minimum over log T, found as the zero
    of its slope. Where it has none (every prediction right, or none better than chance) the answer
    is the nearest of 0.1 and 10.

    Guo et al., On calibration of modern neural networks, ICML 2017.

    Args:
        logits: ``[...]`` for ``binary`` and ``multilabel`` (sigmoid), ``[..., labels]`` for
            ``multiclass`` and ``token`` (softmax).
        targets: ``[...]`` 0 or 1; or the number of the label. Negative values (-100) are left out.
        kind: Kind of task.

    Returns:
        The temperature, 0.1 to 10; 1 where nothing is labelled or the logits do not differ.

    Raises:
        InputError: If shapes do not fit, a logit is not finite or a target is no label.
    """
    scores, truth = _labelled(logits, targets, kind)
    if not np.any(np.ptp(scores, axis=-1) if scores.ndim > 1 else scores):
        return 1.0

    def slope(log_temperature: float) -> float:
        return _slope(scores, truth, inverse=float(np.exp(-log_temperature)))

    low, high = float(np.log(_LOWEST)), float(np.log(_HIGHEST))
    if slope(low) >= 0:
        return _LOWEST
    if slope(high) <= 0:
        return _HIGHEST
    return float(np.exp(brentq(slope, low, high, xtol=1e-10)))


def calibration_scores(
    logits: ArrayLike, targets: ArrayLike, kind: TargetKind, *, temperature: float, bins: int = 15
) -> CalibrationScores:
    """Calibration at temperature 1 and at the one fitted.

    Args:
        logits: As for :func:`fit_temperature`, on data that the temperature was not fitted on.
        targets: Likewise.
        kind: Kind of task.
        temperature: The fitted temperature, above 0.
        bins: Number of bins.

    Returns:
        The figures; confidence is that of the label predicted.

    Raises:
        InputError: If shapes do not fit, a logit is not finite or a target is no label.
    """
    scores, truth = _labelled(logits, targets, kind)
    if not len(scores):
        return CalibrationScores(temperature=temperature, count=0)
    before, after = _confidence(scores, truth), _confidence(scores / temperature, truth)
    return CalibrationScores(
        temperature=temperature,
        count=len(scores),
        ece_before=expected_calibration_error(*before, bins=bins),
        ece_after=expected_calibration_error(*after, bins=bins),
        nll_before=_loss(scores, truth),
        nll_after=_loss(scores / temperature, truth),
        bins_before=tuple(reliability_bins(*before, bins=bins)),
        bins_after=tuple(reliability_bins(*after, bins=bins)),
    )


def reliability_bins(probabilities: ArrayLike, correct: ArrayLike, *, bins: int = 15) -> list[ReliabilityBin]:
    """Predictions sorted by confidence into bins of equal width.

    Args:
        probabilities: ``[n]`` confidence of the label predicted, 0 to 1.
        correct: ``[n]`` whether it is right.
        bins: Number of bins.

    Returns:
        The bins from 0 to 1, empty ones included.

    Raises:
        InputError: If the lengths differ, a probability is outside 0 to 1 or there is no bin.
    """
    confidence, right = np.asarray(probabilities, dtype=np.float64), np.asarray(correct, dtype=np.float64)
    if bins < 1 or confidence.ndim != 1 or confidence.shape != right.shape:
        raise InputError("A reliability diagram needs one bin or more and as many probabilities as answers.")
    if not np.all((confidence >= 0) & (confidence <= 1)):
        raise InputError("A reliability diagram needs probabilities from 0 to 1; at least one is outside or no number.")
    edges = np.linspace(0, 1, bins + 1)
    place = np.minimum(np.searchsorted(edges, confidence, side="right") - 1, bins - 1)
    result = []
    for number in range(bins):
        inside = place == number
        some = bool(inside.any())
        result.append(
            ReliabilityBin(
                lower=float(edges[number]),
                upper=float(edges[number + 1]),
                count=int(inside.sum()),
                confidence=float(confidence[inside].mean()) if some else None,
                accuracy=float(right[inside].mean()) if some else None,
            )
        )
    return result


def expected_calibration_error(probabilities: ArrayLike, correct: ArrayLike, *, bins: int = 15) -> float | None:
    """Mean gap between confidence and accuracy over bins of equal width (Naeini et al., AAAI 2015).

    Args:
        probabilities: ``[n]`` confidence of the label predicted, 0 to 1.
        correct: ``[n]`` whether it is right.
        bins: Number of bins.

    Returns:
        0 to 1, or ``None`` where there is no prediction.

    Raises:
        InputError: If the lengths differ, a probability is outside 0 to 1 or there is no bin.
    """
    filled = [part for part in reliability_bins(probabilities, correct, bins=bins) if part.count]
    gaps = [part.count * abs((part.confidence or 0.0) - (part.accuracy or 0.0)) for part in filled]
    return sum(gaps) / sum(part.count for part in filled) if filled else None


def _labelled(logits: ArrayLike, targets: ArrayLike, kind: TargetKind) -> tuple[Floats, Ints]:
    """The labelled rows: ``[n]`` logits and targets for a sigmoid, ``[n, labels]`` and ``[n]`` for a softmax."""
    scores, truth = np.asarray(logits, dtype=np.float64), np.asarray(targets)
    sigmoid = kind in {"binary", "multilabel"}
    if scores.shape[: scores.ndim if sigmoid else -1] != truth.shape:
        raise InputError(
            f"Logits of shape {list(scores.shape)} do not fit {kind} targets of shape {list(truth.shape)}; "
            f"give {'one logit a target' if sigmoid else 'one row of logits a target'}."
        )
    labels = 2 if sigmoid else scores.shape[-1]
    truth = truth.reshape(-1)
    scores = scores.reshape(-1) if sigmoid else scores.reshape(-1, labels)
    known = truth >= 0
    scores, truth = scores[known], truth[known].astype(np.int64)
    if truth.size and truth.max() >= labels:
        raise InputError(f"The target {truth.max()} is no label; there are {labels} labels, counted from 0.")
    if not np.isfinite(scores).all():
        raise InputError("A logit is not a finite number; the model has diverged or the file is damaged.")
    return scores, truth


def _slope(scores: Floats, truth: Ints, *, inverse: float) -> float:
    """Derivative of the mean negative log-likelihood by log T."""
    if scores.ndim == 1:
        by_inverse = (expit(scores * inverse) - truth) * scores
    else:
        expected = (softmax(scores * inverse, axis=1) * scores).sum(axis=1)
        by_inverse = expected - np.take_along_axis(scores, truth[:, None], axis=1)[:, 0]
    return float(-inverse * by_inverse.mean())


def _loss(scores: Floats, truth: Ints) -> float:
    if scores.ndim == 1:
        return float(np.logaddexp(0, np.where(truth == 1, -scores, scores)).mean())
    return float(-np.take_along_axis(log_softmax(scores, axis=1), truth[:, None], axis=1).mean())


def _confidence(scores: Floats, truth: Ints) -> tuple[Floats, NDArray[np.bool_]]:
    """Probability of the label predicted, and whether it is right."""
    if scores.ndim == 1:
        return expit(np.abs(scores)), (scores >= 0) == truth
    probabilities = softmax(scores, axis=1)
    return np.minimum(probabilities.max(axis=1), 1.0), scores.argmax(axis=1) == truth
