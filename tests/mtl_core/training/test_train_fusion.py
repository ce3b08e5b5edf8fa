"""A trained fusion: what it gains, that it repeats itself, and what it leaves alone."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from mtl_core.fusion import FusedModel
from mtl_core.heads import Decision
from mtl_core.model import MultiTaskModel
from mtl_core.training.fusion import FusionResult, train_fusion
from tests.mtl_core.toy_members import KEYS
from tests.mtl_core.training.fusion_runs import HASTY, OPTIONS, TEST, TRAIN, VALIDATION, figures


@pytest.fixture(scope="module")
def result(members: list[MultiTaskModel]) -> FusionResult:
    return train_fusion(members, TRAIN, VALIDATION, options=OPTIONS, seed=0)


def test_members_that_see_half_of_the_signal_each_see_all_of_it_together(
    members: list[MultiTaskModel], result: FusionResult
) -> None:
    fused = figures(result.model, TEST)
    for member in members:
        alone = figures(member, TEST)
        assert max(alone.values()) < 0.8
        assert all(fused[name] > alone[name] + 0.15 for name in alone)
    assert min(fused.values()) > 0.95
    assert result.model.choice == {"weather": "fused", "spans": "fused"}
    assert result.messages == ()


def test_attention_goes_to_the_member_that_can_read_the_word(result: FusionResult) -> None:
    texts = {half: [f"plan {key} the" for key in keys] for half, keys in KEYS.items()}
    first, second = (
        sum(weights["weather"][0][0] for weights in result.model.attention(texts[half])) / 3
        for half in ("first", "second")
    )
    assert first > second + 0.2


def test_figures_are_those_of_the_model_on_the_validation_data(
    members: list[MultiTaskModel], result: FusionResult
) -> None:
    own = [figures(member, VALIDATION) for member in members]
    for name, figure in figures(result.model, VALIDATION).items():
        assert result.figures[name].fused == figure
        assert result.figures[name].members == tuple(pytest.approx(one[name]) for one in own)
    assert result.model.card.figures == result.figures
    assert result.model.card.messages == result.messages


def test_the_same_seed_gives_the_same_model(members: list[MultiTaskModel]) -> None:
    options = OPTIONS.model_copy(update={"epochs": 1})
    torch.manual_seed(5)
    before = torch.get_rng_state()
    first = train_fusion(members, TRAIN[:40], VALIDATION, options=options, seed=3)
    assert torch.equal(before, torch.get_rng_state())
    torch.manual_seed(6)
    again = train_fusion(members, TRAIN[:40], VALIDATION, options=options, seed=3)
    other = train_fusion(members, TRAIN[:40], VALIDATION, options=options, seed=4)
    same = first.model.fusions.state_dict()
    assert all(torch.equal(tensor, again.model.fusions.state_dict()[name]) for name, tensor in same.items())
    assert (first.figures, first.model.decisions) == (again.figures, again.model.decisions)
    assert not all(torch.equal(tensor, other.model.fusions.state_dict()[name]) for name, tensor in same.items())


def test_members_stay_as_they_are(members: list[MultiTaskModel]) -> None:
    kept = [{name: tensor.clone() for name, tensor in member.state_dict().items()} for member in members]
    decisions = [dict(member.decisions) for member in members]
    train_fusion(members, TRAIN, VALIDATION, options=HASTY)
    assert [member.decisions for member in members] == decisions
    for member, before in zip(members, kept, strict=True):
        assert all(torch.equal(tensor, before[name]) for name, tensor in member.state_dict().items())
        assert all(one.requires_grad and one.grad is None for one in member.network.parameters())


def test_thresholds_are_fitted_where_members_have_them(members: list[MultiTaskModel]) -> None:
    assert train_fusion(members, TRAIN, VALIDATION, options=HASTY).model.decisions["weather"].thresholds == ()
    members[1].decisions["weather"] = Decision(thresholds=(0.5,))
    decision = train_fusion(members, TRAIN, VALIDATION, options=HASTY).model.decisions["weather"]
    members[1].decisions["weather"] = Decision()
    assert len(decision.thresholds) == 1


def test_a_trained_fusion_is_read_back_whole(result: FusionResult, tmp_path: Path) -> None:
    result.model.save_pretrained(tmp_path / "fusion")
    read = FusedModel.from_pretrained(tmp_path / "fusion")
    assert (read.choice, read.decisions, read.card) == (result.model.choice, result.model.decisions, result.model.card)
    assert min(figures(read, TEST).values()) > 0.95
