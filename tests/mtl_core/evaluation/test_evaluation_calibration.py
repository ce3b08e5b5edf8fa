"""Temperature scaling and the expected calibration error."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torchmetrics.functional.classification import binary_calibration_error, multiclass_calibration_error

from mtl_core.errors import InputError
from mtl_core.evaluation import (
    CalibrationScores,
    calibration_scores,
    expected_calibration_error,
    fit_temperature,
    reliability_bins,
)


def sample(kind: str, temperature: float, *, size: int = 4000, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Logits that are too sharp by a known temperature, and labels drawn from the true probabilities."""
    random = np.random.default_rng(seed)
    if kind == "binary":
        true = random.normal(0, 2, size)
        labels = (random.random(size) < 1 / (1 + np.exp(-true))).astype(int)
    else:
        true = random.normal(0, 2, (size, 4))
        labels = (true + random.gumbel(size=true.shape)).argmax(axis=1)
    return true * temperature, labels


def torch_temperature(logits: np.ndarray, labels: np.ndarray, kind: str) -> float:
    """Guo et al.'s own way: LBFGS on the loss."""
    log_temperature = torch.zeros((), dtype=torch.float64, requires_grad=True)
    scores = torch.tensor(logits, dtype=torch.float64)
    target = torch.tensor(labels, dtype=torch.float64 if kind == "binary" else torch.long)
    loss = torch.nn.BCEWithLogitsLoss() if kind == "binary" else torch.nn.CrossEntropyLoss()
    optimiser = torch.optim.LBFGS([log_temperature], max_iter=100, line_search_fn="strong_wolfe")

    def closure() -> torch.Tensor:
        optimiser.zero_grad()
        value = loss(scores / log_temperature.exp(), target)
        value.backward()
        return value

    optimiser.step(closure)
    return float(log_temperature.detach().exp())


@pytest.mark.parametrize("kind", ["binary", "multiclass"])
@pytest.mark.parametrize("temperature", [0.5, 1.0, 3.0])
def test_a_known_temperature_is_found_and_calibrates_other_data(kind: str, temperature: float) -> None:
    fitted = fit_temperature(*sample(kind, temperature), kind)
    assert fitted == pytest.approx(temperature, rel=0.1)
    assert fitted == pytest.approx(torch_temperature(*sample(kind, temperature), kind), rel=1e-3)
    scores = calibration_scores(*sample(kind, temperature, seed=1), kind, temperature=fitted)
    assert scores.ece_after < 0.03
    if temperature != 1.0:
        assert scores.ece_after < scores.ece_before
        assert scores.nll_after < scores.nll_before


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 10**6), st.integers(1, 30), st.floats(0.1, 20))
def test_the_loss_is_nowhere_lower(seed: int, size: int, spread: float) -> None:
    random = np.random.default_rng(seed)
    logits, labels = random.normal(0, spread, (size, 3)), random.integers(0, 3, size)
    fitted = fit_temperature(logits, labels, "multiclass")
    assert 0.1 <= fitted <= 10
    lowest = calibration_scores(logits, labels, "multiclass", temperature=fitted).nll_after
    for other in np.geomspace(0.1, 10, 13):
        assert lowest <= calibration_scores(logits, labels, "multiclass", temperature=other).nll_after + 1e-9


def test_the_prediction_never_changes() -> None:
    logits, labels = sample("multiclass", 3.0, size=200)
    fitted = fit_temperature(logits, labels, "multiclass")
    assert np.array_equal((logits / fitted).argmax(axis=1), logits.argmax(axis=1))


def test_words_without_a_label_are_left_out() -> None:
    logits, labels = sample("multiclass", 2.0, size=60)
    fitted = fit_temperature(logits, labels, "multiclass")
    padded_logits, padded_labels = np.full((2, 40, 4), 9.0), np.full((2, 40), -100)
    padded_logits[:, :30], padded_labels[:, :30] = logits.reshape(2, 30, 4), labels.reshape(2, 30)
    assert fit_temperature(padded_logits, padded_labels, "token") == pytest.approx(fitted)
    scores = calibration_scores(padded_logits, padded_labels, "token", temperature=fitted)
    assert scores == calibration_scores(logits, labels, "multiclass", temperature=fitted)


def test_a_multilabel_task_has_one_temperature_for_all_labels() -> None:
    logits, labels = sample("binary", 2.0, size=60)
    together = fit_temperature(logits.reshape(20, 3), labels.reshape(20, 3), "multilabel")
    assert together == fit_temperature(logits, labels, "binary")


def test_two_classes_are_the_same_by_sigmoid_and_softmax() -> None:
    logits, labels = sample("binary", 2.0, size=300)
    pair = np.stack([np.zeros_like(logits), logits], axis=1)
    assert fit_temperature(pair, labels, "multiclass") == pytest.approx(fit_temperature(logits, labels, "binary"))


def test_where_there_is_nothing_to_learn_the_temperature_stays_in_bounds() -> None:
    assert fit_temperature([], [], "binary") == 1
    assert fit_temperature(np.empty((0, 3)), [], "multiclass") == 1
    assert fit_temperature([[1.0, 2.0]], [-100], "multiclass") == 1
    assert fit_temperature([0.0, 0.0], [0, 1], "binary") == 1
    assert fit_temperature([[5.0, 5.0]], [0], "multiclass") == 1
    assert fit_temperature([-3.0, 3.0], [0, 1], "binary") == pytest.approx(0.1)
    assert fit_temperature([-3.0, 3.0], [1, 0], "binary") == pytest.approx(10)
    assert calibration_scores([], [], "binary", temperature=1.0) == CalibrationScores(temperature=1.0, count=0)


def test_extreme_logits_stay_finite() -> None:
    fitted = fit_temperature([[1e4, -1e4], [1e4, -1e4]], [0, 1], "multiclass")
    assert fitted == 10
    scores = calibration_scores([[1e4, -1e4], [1e4, -1e4]], [0, 1], "multiclass", temperature=fitted)
    assert scores.ece_after == pytest.approx(0.5)
    assert np.isfinite(scores.nll_after)


@pytest.mark.parametrize("bins", [5, 10, 15])
def test_the_error_equals_torchmetrics(bins: int) -> None:
    random = np.random.default_rng(bins)
    # off the grid, to avoid ties at the edges of the bins, where libraries differ
    probabilities = random.integers(0, 1000, 300) / 1000 + 1 / 3000
    labels = random.integers(0, 2, 300)
    peer = binary_calibration_error(torch.tensor(probabilities), torch.tensor(labels), n_bins=bins, norm="l1")
    assert expected_calibration_error(probabilities, labels, bins=bins) == pytest.approx(peer.item(), abs=1e-6)
    logits, targets = sample("multiclass", 2.0, size=300, seed=bins)
    scores = calibration_scores(logits, targets, "multiclass", temperature=1.0, bins=bins)
    soft = torch.softmax(torch.tensor(logits), dim=1)
    peer = multiclass_calibration_error(soft, torch.tensor(targets), num_classes=4, n_bins=bins, norm="l1")
    assert scores.ece_before == pytest.approx(peer.item(), abs=1e-6)


@settings(deadline=None, max_examples=50)
@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), max_size=40), st.integers(1, 20))
def test_every_prediction_is_in_one_bin(rows: list[tuple[float, bool]], bins: int) -> None:
    confidence, right = [row[0] for row in rows], [row[1] for row in rows]
    parts = reliability_bins(confidence, right, bins=bins)
    assert len(parts) == bins
    assert sum(part.count for part in parts) == len(rows)
    for part in parts:
        assert (part.confidence is None) == (part.count == 0)
        if part.confidence is not None:
            assert part.lower - 1e-9 <= part.confidence <= part.upper + 1e-9
    error = expected_calibration_error(confidence, right, bins=bins)
    assert error is None if not rows else 0 <= error <= 1


def test_perfect_and_worst_calibration() -> None:
    assert expected_calibration_error([1.0, 1.0], [True, True]) == 0
    assert expected_calibration_error([1.0, 1.0], [False, False]) == 1
    assert expected_calibration_error([0.75] * 4, [True, True, True, False]) == pytest.approx(0)


def test_the_result_survives_json() -> None:
    scores = calibration_scores(*sample("binary", 2.0, size=50), "binary", temperature=2.0)
    assert CalibrationScores.model_validate_json(json.dumps(scores.to_dict())) == scores


def test_bad_input_is_named() -> None:
    with pytest.raises(InputError, match=r"shape \[2, 3\] do not fit multiclass targets of shape \[3\]"):
        fit_temperature(np.zeros((2, 3)), [0, 1, 2], "multiclass")
    with pytest.raises(InputError, match="one logit a target"):
        fit_temperature([0.0], [[0]], "binary")
    with pytest.raises(InputError, match="The target 3 is no label; there are 3"):
        fit_temperature(np.zeros((1, 3)), [3], "multiclass")
    with pytest.raises(InputError, match="not a finite number"):
        fit_temperature([np.nan], [1], "binary")
    with pytest.raises(InputError, match="from 0 to 1"):
        reliability_bins([1.5], [True])
    with pytest.raises(InputError, match="one bin or more"):
        expected_calibration_error([0.5], [True], bins=0)
