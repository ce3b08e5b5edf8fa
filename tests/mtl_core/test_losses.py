"""Losses against torch's own and against their formulas."""

from __future__ import annotations

import math

import pytest
import torch
import torch.nn.functional as F  # noqa: N812
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from mtl_core.losses import (
    LossOptions,
    TaskLoss,
    binary_losses,
    class_losses,
    distillation_losses,
    multi_task_mean,
    soft_binary_losses,
)

LOGIT = st.floats(-15, 15)
CHANCE = st.floats(0.001, 0.999)


def one(value: float) -> torch.Tensor:
    return torch.tensor([value], dtype=torch.float64)


@given(LOGIT, st.sampled_from([0.0, 1.0]), st.floats(0, 5), st.none() | st.floats(0.01, 0.99))
def test_focal_is_the_formula_of_its_paper(logit: float, target: float, gamma: float, alpha: float | None) -> None:
    found = binary_losses(one(logit), one(target), LossOptions(name="focal", gamma=gamma, alpha=alpha))
    chance = 1 / (1 + math.exp(-logit))
    right = chance if target else 1 - chance
    balance = 1.0 if alpha is None else alpha if target else 1 - alpha
    log_right = -math.log1p(math.exp(-logit if target else logit))
    assert float(found) == pytest.approx(-balance * (1 - right) ** gamma * log_right, rel=1e-6, abs=1e-9)


@given(LOGIT, st.sampled_from([0.0, 1.0]))
def test_focal_without_focus_is_cross_entropy(logit: float, target: float) -> None:
    focal = binary_losses(one(logit), one(target), LossOptions(name="focal", gamma=0))
    torch.testing.assert_close(focal, binary_losses(one(logit), one(target), LossOptions()))


@pytest.mark.parametrize("gamma", [0.0, 0.5, 1.0, 2.0])
@pytest.mark.parametrize("logit", [-200.0, -40.0, 0.0, 40.0, 200.0])
def test_focal_has_a_finite_gradient_where_it_is_sure(logit: float, gamma: float) -> None:
    for target in (0.0, 1.0):
        logits = torch.tensor([logit], requires_grad=True)
        binary_losses(logits, torch.tensor([target]), LossOptions(name="focal", gamma=gamma)).sum().backward()
        assert torch.isfinite(logits.grad).all()


@given(LOGIT, st.sampled_from([0.0, 1.0]), st.floats(0.1, 5), st.floats(0.1, 5))
def test_binary_class_weights_weigh_the_two_classes(logit: float, target: float, absent: float, present: float) -> None:
    weights = torch.tensor([absent, present], dtype=torch.float64)
    found = binary_losses(one(logit), one(target), LossOptions(), class_weights=weights)
    expected = F.binary_cross_entropy_with_logits(one(logit), one(target), weight=weights[int(target)])
    torch.testing.assert_close(found[0], expected)


def test_cross_entropy_is_torchs() -> None:
    logits, targets = torch.randn(7, 4, generator=torch.Generator().manual_seed(0)), torch.tensor([0, 1, 2, 3, 3, 2, 1])
    weights = torch.tensor([0.5, 1.0, 2.0, 3.0])
    found = class_losses(logits, targets, LossOptions(), class_weights=weights)
    torch.testing.assert_close(found, F.cross_entropy(logits, targets, weight=weights, reduction="none"))
    smoothed = class_losses(logits, targets, LossOptions(label_smoothing=0.1))
    torch.testing.assert_close(smoothed, F.cross_entropy(logits, targets, label_smoothing=0.1, reduction="none"))
    plain = class_losses(logits, targets, LossOptions(label_smoothing=0.1), smooth=False)
    torch.testing.assert_close(plain, F.cross_entropy(logits, targets, reduction="none"))


@given(LOGIT)
def test_binary_smoothing_is_that_of_two_classes(logit: float) -> None:
    options = LossOptions(label_smoothing=0.2)
    two = torch.tensor([[0.0, logit]], dtype=torch.float64)
    torch.testing.assert_close(
        binary_losses(one(logit), one(1.0), options), class_losses(two, torch.tensor([1]), options)
    )


@given(LOGIT, CHANCE, st.floats(0.5, 10))
def test_binary_distillation_is_that_of_two_classes(logit: float, chance: float, temperature: float) -> None:
    binary = soft_binary_losses(one(logit), one(chance), temperature=temperature)
    two = distillation_losses(
        torch.tensor([[0.0, logit]], dtype=torch.float64),
        torch.tensor([[1 - chance, chance]], dtype=torch.float64),
        temperature=temperature,
    )
    torch.testing.assert_close(binary, two, rtol=1e-6, atol=1e-9)


@given(CHANCE, st.floats(0.5, 10))
def test_a_student_that_says_the_same_has_nothing_to_learn(chance: float, temperature: float) -> None:
    logits = one(chance).logit().requires_grad_()
    loss = soft_binary_losses(logits, one(chance), temperature=temperature)
    loss.sum().backward()
    assert abs(float(loss.detach())) < 1e-9
    assert abs(float(logits.grad)) < 1e-9


def test_a_sure_teacher_gives_a_finite_loss() -> None:
    for chance in (0.0, 1.0):
        assert torch.isfinite(soft_binary_losses(one(3.0), one(chance), temperature=2.0)).all()
    sure = torch.tensor([[1.0, 0.0, 0.0]])
    assert torch.isfinite(distillation_losses(torch.zeros(1, 3), sure, temperature=1.0)).all()


def test_the_mean_over_tasks_is_that_of_their_means() -> None:
    losses = {
        "one": TaskLoss(torch.tensor(6.0), torch.tensor(3.0)),
        "two": TaskLoss(torch.tensor(8.0), torch.tensor(2.0)),
        "none": TaskLoss(torch.tensor(0.0), torch.tensor(0.0)),
    }
    assert float(multi_task_mean(losses)) == 3.0
    assert float(multi_task_mean(losses, {"one": 3.0})) == pytest.approx((3 * 2 + 4) / 4)
    assert float(multi_task_mean({"none": losses["none"]})) == 0
    assert float(multi_task_mean({})) == 0


def test_a_task_without_labels_takes_no_part_whatever_its_loss() -> None:
    lost = torch.tensor(float("nan"), requires_grad=True)
    kept = torch.tensor(4.0, requires_grad=True)
    total = multi_task_mean({"a": TaskLoss(lost, torch.tensor(0.0)), "b": TaskLoss(kept, torch.tensor(2.0))})
    total.backward()
    assert float(total.detach()) == 2.0
    assert lost.grad is None
    assert float(kept.grad) == 0.5


@pytest.mark.parametrize(
    "settings",
    [
        {"gamma": -1},
        {"alpha": 0},
        {"alpha": 1},
        {"label_smoothing": 0.5},
        {"temperature": 0},
        {"distillation": 1.1},
        {"nme": 1},
    ],
)
def test_options_out_of_range_are_refused(settings: dict[str, float]) -> None:
    with pytest.raises(ValidationError):
        LossOptions.model_validate(settings)
