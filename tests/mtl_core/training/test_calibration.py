"""From logits to probabilities and verdicts."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import f1_score

from mtl_core.training.calibration import expected_calibration_error, fit_calibration

SAMPLES = st.integers(4, 60).flatmap(
    lambda size: st.tuples(
        st.lists(st.floats(-20, 20), min_size=size, max_size=size).map(np.asarray),
        st.lists(st.integers(0, 1), min_size=size, max_size=size)
        .filter(lambda labels: 0 < sum(labels) < len(labels))
        .map(np.asarray),
    )
)


@settings(deadline=None, max_examples=40)
@given(SAMPLES)
def test_the_slope_is_positive_and_the_thresholds_are_in_order(sample: tuple[np.ndarray, np.ndarray]) -> None:
    calibration = fit_calibration(*sample)
    assert calibration.slope > 0
    assert 0 <= calibration.absent_below < calibration.present_from <= 1
    assert 0.1 <= calibration.present_from <= 0.9


def test_clear_cases_get_the_right_verdict_and_the_middle_is_unsure() -> None:
    logits = np.linspace(-6, 6, 200)
    calibration = fit_calibration(logits, (logits > 0).astype(int))
    verdicts = [calibration.verdict(calibration.probability(logit)) for logit in (-5.0, 5.0)]
    assert verdicts == ["absent", "present"]
    middle = (calibration.absent_below + calibration.present_from) / 2
    assert calibration.verdict(middle) == "unsure"


def test_probabilities_follow_the_frequencies() -> None:
    generator = np.random.default_rng(0)
    logits = generator.normal(scale=3, size=4_000)
    labels = (generator.random(4_000) < 1 / (1 + np.exp(-(0.5 * logits - 1)))).astype(int)
    calibration = fit_calibration(logits, labels)
    assert calibration.slope == pytest.approx(0.5, abs=0.08)
    assert calibration.offset == pytest.approx(-1, abs=0.15)
    probabilities = np.asarray([calibration.probability(logit) for logit in logits])
    assert expected_calibration_error(probabilities, labels) < 0.03


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 2**31), st.floats(0.3, 3.0), st.floats(-3.0, 3.0))
def test_the_threshold_is_near_the_best_there_is(seed: int, slope: float, offset: float) -> None:
    generator = np.random.default_rng(seed)
    logits = generator.normal(scale=2, size=3_000)
    labels = (generator.random(3_000) < 1 / (1 + np.exp(-(slope * logits + offset)))).astype(int)
    if not 30 < labels.sum() < 2_970:
        return
    calibration = fit_calibration(logits, labels)
    probabilities = np.asarray([calibration.probability(logit) for logit in logits])

    def score(cut: float) -> float:
        return float(f1_score(labels, probabilities >= cut, average="macro", labels=[False, True], zero_division=0))

    assert score(calibration.present_from) > max(score(cut) for cut in np.linspace(0.1, 0.9, 33)) - 0.03


def test_logits_that_speak_for_the_opposite_still_give_a_rising_sigmoid() -> None:
    logits = np.linspace(-3, 3, 40)
    calibration = fit_calibration(logits, (logits < 0).astype(int))
    assert calibration.probability(2.0) > calibration.probability(-2.0)


@pytest.mark.parametrize(
    ("probabilities", "labels", "error"),
    [
        ([0.0, 0.0, 1.0, 1.0], [0, 0, 1, 1], 0.0),
        ([0.0, 1.0], [1, 0], 1.0),
        ([0.25] * 4, [1, 0, 0, 0], 0.0),
        ([0.85] * 4, [1, 1, 0, 0], 0.35),
        ([0.15, 0.15, 0.75, 0.75], [0, 0, 1, 1], 0.2),
        ([0.95, 0.05, 0.05, 0.05], [0, 0, 0, 0], 0.275),
    ],
)
def test_known_errors(probabilities: list[float], labels: list[int], error: float) -> None:
    found = expected_calibration_error(np.asarray(probabilities), np.asarray(labels))
    assert found == pytest.approx(error, abs=1e-12)


def test_one_bin_compares_the_means() -> None:
    probabilities, labels = np.asarray([0.1, 0.9, 0.8]), np.asarray([1, 0, 1])
    assert expected_calibration_error(probabilities, labels, bins=1) == pytest.approx(abs(0.6 - 2 / 3))


@settings(deadline=None)
@given(st.lists(st.tuples(st.floats(0, 1), st.integers(0, 1)), min_size=1, max_size=30), st.integers(1, 20))
def test_the_error_lies_between_zero_and_one_and_knows_no_order(rows: list[tuple[float, int]], bins: int) -> None:
    probabilities, labels = (np.asarray(column) for column in zip(*rows, strict=True))
    error = expected_calibration_error(probabilities, labels, bins=bins)
    assert 0 <= error <= 1
    assert expected_calibration_error(probabilities[::-1], labels[::-1], bins=bins) == pytest.approx(error)
