"""How task losses become one step: uncertainty weights and PCGrad."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from mtl_core.losses import TaskLoss, multi_task_mean
from mtl_core.training.balance import UncertaintyWeights, pcgrad_backward, project_conflicts

NUMBER = st.floats(-5, 5, width=32)
ROWS = st.integers(1, 4).flatmap(
    lambda size: st.lists(st.lists(NUMBER, min_size=size, max_size=size), min_size=1, max_size=4)
)


def rows_of(rows: list[list[float]]) -> torch.Tensor:
    return torch.tensor(rows, dtype=torch.float64)


@settings(deadline=None)
@given(st.integers(1, 4).flatmap(lambda n: st.tuples(*[st.lists(NUMBER, min_size=n, max_size=n)] * 2)))
def test_no_projected_gradient_conflicts_with_the_other_of_two(pair: tuple[list[float], list[float]]) -> None:
    gradients = rows_of(list(pair))
    # each projected gradient alone: the sum, less what the sum would be without it
    for row in (0, 1):
        one, other = gradients[row], gradients[1 - row]
        dot = one @ other
        projected = one - dot / (other @ other).clamp(min=1e-12) * other if dot < 0 else one
        assert float(projected @ other) >= -1e-6 * (1 + float(one.norm() * other.norm()))
    expected = sum(
        (
            one - min(float(one @ other), 0.0) / max(float(other @ other), 1e-12) * other
            for one, other in ((gradients[0], gradients[1]), (gradients[1], gradients[0]))
        ),
        torch.zeros_like(gradients[0]),
    )
    torch.testing.assert_close(project_conflicts(gradients), expected)
    # the step as a whole makes neither task worse
    step = project_conflicts(gradients)
    for gradient in gradients:
        assert float(step @ gradient) >= -1e-6 * (1 + float(gradient.norm()) ** 2 + float(step.norm()) ** 2)


@settings(deadline=None)
@given(ROWS, st.integers(0, 99))
def test_gradients_that_agree_are_summed(rows: list[list[float]], seed: int) -> None:
    gradients = rows_of(rows).abs()
    source = torch.Generator().manual_seed(seed)
    torch.testing.assert_close(project_conflicts(gradients, generator=source), gradients.sum(0))


@settings(deadline=None)
@given(st.lists(st.lists(NUMBER, min_size=3, max_size=3), min_size=2, max_size=2), st.integers(0, 99))
def test_two_tasks_may_come_in_any_order(rows: list[list[float]], seed: int) -> None:
    gradients = rows_of(rows)
    source = torch.Generator().manual_seed(seed)
    torch.testing.assert_close(project_conflicts(gradients, generator=source), project_conflicts(gradients.flip(0)))


def test_the_gradients_that_are_given_stay_as_they_are() -> None:
    gradients = rows_of([[1.0, 0.0], [-1.0, 0.5]])
    before = gradients.clone()
    project_conflicts(gradients)
    assert torch.equal(gradients, before)


def test_the_order_among_three_follows_the_generator() -> None:
    gradients = rows_of([[1.0, 0.2, 0.0], [-1.0, 0.3, 0.1], [-0.4, -1.0, 0.7]])
    found = [project_conflicts(gradients, generator=torch.Generator().manual_seed(seed)) for seed in (4, 4, *range(20))]
    assert torch.equal(found[0], found[1])
    assert len({tuple(one.tolist()) for one in found}) > 1


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.shared = nn.Linear(3, 4).double()
        self.heads = nn.ModuleList([nn.Linear(4, 1).double() for _ in range(2)])

    def losses(self, targets: tuple[float, float]) -> list[torch.Tensor]:
        hidden = self.shared(torch.ones(1, 3, dtype=torch.float64))
        return [(head(hidden) - target).square().sum() for head, target in zip(self.heads, targets, strict=True)]


def gradients_of(net: Net) -> list[torch.Tensor | None]:
    return [None if part.grad is None else part.grad.clone() for part in net.parameters()]


def separate(net: Net, targets: tuple[float, float]) -> torch.Tensor:
    rows = []
    for number in (0, 1):
        found = torch.autograd.grad(net.losses(targets)[number], list(net.shared.parameters()))
        rows.append(torch.cat([part.flatten() for part in found]))
    return torch.stack(rows)


@pytest.mark.parametrize("targets", [(3.0, -3.0), (3.0, 3.0), (-2.0, 5.0)])
def test_pcgrad_projects_the_shared_part_and_leaves_the_heads_their_own(targets: tuple[float, float]) -> None:
    net = Net()
    expected = project_conflicts(separate(net, targets))
    pcgrad_backward(net.losses(targets), shared=list(net.shared.parameters()), own=list(net.heads.parameters()))
    found = torch.cat([part.grad.flatten() for part in net.shared.parameters()])
    torch.testing.assert_close(found, expected)
    heads = [part.grad.clone() for part in net.heads.parameters()]
    net.zero_grad()
    sum(net.losses(targets)).backward()
    torch.testing.assert_close(heads, [part.grad for part in net.heads.parameters()])


def test_a_head_that_no_loss_reaches_gets_no_gradient() -> None:
    net = Net()
    pcgrad_backward(net.losses((1.0, 1.0))[:1], shared=list(net.shared.parameters()), own=list(net.heads.parameters()))
    assert [part is None for part in gradients_of(net)] == [False, False, False, False, True, True]


def test_a_frozen_encoder_leaves_the_heads_to_learn() -> None:
    net = Net()
    net.shared.requires_grad_(False)
    pcgrad_backward(net.losses((1.0, -1.0)), shared=[], own=list(net.heads.parameters()))
    assert all(part.grad is not None for part in net.heads.parameters())


def test_gradients_add_up_over_two_calls() -> None:
    net = Net()
    shared, own = list(net.shared.parameters()), list(net.heads.parameters())
    pcgrad_backward(net.losses((1.0, 1.0)), shared=shared, own=own)
    once = gradients_of(net)
    pcgrad_backward(net.losses((1.0, 1.0)), shared=shared, own=own)
    torch.testing.assert_close(gradients_of(net), [2 * part for part in once if part is not None])


def loss(total: float, count: float) -> TaskLoss:
    return TaskLoss(torch.tensor(total), torch.tensor(count))


def test_uncertainty_begins_as_the_plain_mean() -> None:
    losses = {"a": loss(6.0, 2.0), "b": loss(1.0, 1.0)}
    weights = {"a": 1.0, "b": 3.0}
    torch.testing.assert_close(UncertaintyWeights(["a", "b"])(losses, weights), multi_task_mean(losses, weights))


def test_uncertainty_is_the_formula_of_its_paper() -> None:
    module = UncertaintyWeights(["a", "b"])
    with torch.no_grad():
        module.log_variances["a"].fill_(0.7)
    found = module({"a": loss(6.0, 2.0), "b": loss(1.0, 1.0)}, {})
    assert float(found.detach()) == pytest.approx(((math.exp(-0.7) * 3 + 0.35) + 1.0) / 2)


def test_uncertainty_learns_the_size_of_each_loss() -> None:
    # at rest, exp(-s) L + s / 2 has s = log 2 L
    module = UncertaintyWeights(["a", "b"])
    optimiser = torch.optim.Adam(module.parameters(), lr=0.05)
    for _ in range(300):
        optimiser.zero_grad()
        module({"a": loss(8.0, 2.0), "b": loss(0.5, 1.0)}, {}).backward()
        optimiser.step()
    assert float(module.log_variances["a"].detach()) == pytest.approx(math.log(8), abs=0.01)
    assert float(module.log_variances["b"].detach()) == pytest.approx(0.0, abs=0.01)


def test_an_unlabelled_task_learns_no_uncertainty() -> None:
    module = UncertaintyWeights(["a", "b"])
    module({"a": loss(8.0, 2.0)}, {}).backward()
    assert module.log_variances["b"].grad is None
    module.zero_grad()
    module({"a": loss(8.0, 2.0), "b": loss(0.0, 0.0)}, {}).backward()
    assert module.log_variances["b"].grad is None
