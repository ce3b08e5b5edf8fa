"""What a fusion learns from: partial labels, words that were read, teachers, rare classes, its best pass."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import torch

from mtl_core.fusion import FusedModel
from mtl_core.fusion_states import join_encoded, read_chunks
from mtl_core.losses import LossOptions
from mtl_core.model import MultiTaskModel
from mtl_core.training.fusion import train_fusion
from mtl_core.training.fusion_fit import LabelledStates, fit_task
from tests.mtl_core.toy_members import build_member
from tests.mtl_core.training.fusion_runs import HASTY, OPTIONS, TRAIN, VALIDATION, without

if TYPE_CHECKING:
    import pytest


def test_partial_labels_teach_what_the_labelled_subset_teaches(members: list[MultiTaskModel]) -> None:
    blank = without(TRAIN, "weather")
    mixed = [blank[row] if row % 3 else TRAIN[row] for row in range(60)]
    labelled = [row for row in range(60) if not row % 3]
    chunks = read_chunks(members, mixed, own={}, states=True, words=True)
    everything = LabelledStates(mixed, join_encoded([chunk.encoded for chunk in chunks]))
    fitted = []
    for data in (everything, everything.select(labelled)):
        torch.manual_seed(1)
        model = FusedModel(members, settings=OPTIONS.settings)
        assert fit_task(model, "weather", data, everything, OPTIONS.model_copy(update={"epochs": 2}))
        fitted.append(model.fusion("weather").state_dict())
    assert all(torch.equal(tensor, fitted[1][name]) for name, tensor in fitted[0].items())


def test_words_that_no_member_read_teach_nothing(tmp_path: Path) -> None:
    short = [build_member(tmp_path / str(size), size=size, max_tokens=6) for size in (16, 32)]
    long = [one for one in TRAIN if len(one.words) == 6]
    assert len(long) > 10
    fitted = []
    for unread in ("O", "B-key"):
        examples = [replace(one, labels={"spans": (*one.labels["spans"][:4], unread, unread)}) for one in long]
        chunks = read_chunks(short, examples, own={}, states=True, words=True)
        data = LabelledStates(examples, join_encoded([chunk.encoded for chunk in chunks]))
        torch.manual_seed(1)
        model = FusedModel(short, settings=OPTIONS.settings)
        fit_task(model, "spans", data, data, OPTIONS.model_copy(update={"epochs": 1}))
        fitted.append(model.fusion("spans").state_dict())
    assert all(torch.equal(tensor, fitted[1][name]) for name, tensor in fitted[0].items())


def test_a_teacher_alone_can_teach(members: list[MultiTaskModel]) -> None:
    taught = [
        replace(one, labels={}, soft={"weather": (0.99 if one.labels["weather"] == "yes" else 0.01,)}) for one in TRAIN
    ]
    result = train_fusion(members, taught, VALIDATION, options=OPTIONS)
    assert result.model.choice["weather"] == "fused"
    assert (result.figures["weather"].fused or 0.0) > 0.9


def test_class_weights_are_those_of_the_training_data(members: list[MultiTaskModel]) -> None:
    rare = [one for row, one in enumerate(TRAIN) if one.labels["weather"] == "no" or row % 8 == 0]
    options = HASTY.model_copy(update={"loss": LossOptions(class_weights=True)})
    model = train_fusion(members, rare, VALIDATION, options=options).model
    positives = sum(one.labels["weather"] == "yes" for one in rare)
    expected = torch.tensor([len(rare) / (2 * (len(rare) - positives)), len(rare) / (2 * positives)])
    torch.testing.assert_close(model.head("weather").class_weights, expected)


def test_the_best_pass_is_kept_and_a_hopeless_training_stops(
    members: list[MultiTaskModel], monkeypatch: pytest.MonkeyPatch
) -> None:
    passes: list[dict[str, torch.Tensor]] = []
    scores = iter([0.2, 0.6, 0.5, 0.6, 0.4, 0.9])

    def score(model: FusedModel, name: str, *_: object) -> tuple[float, float]:
        passes.append({key: tensor.clone() for key, tensor in model.fusion(name).state_dict().items()})
        return next(scores), -1.0

    monkeypatch.setattr("mtl_core.training.fusion_fit._score", score)
    chunks = read_chunks(members, TRAIN[:40], own={}, states=True, words=True)
    data = LabelledStates(TRAIN[:40], join_encoded([chunk.encoded for chunk in chunks]))
    model = FusedModel(members)
    fit_task(model, "weather", data, data, OPTIONS.model_copy(update={"patience": 3}))
    assert len(passes) == 5
    kept = model.fusion("weather").state_dict()
    assert all(torch.equal(tensor, passes[1][name]) for name, tensor in kept.items())
    assert not all(torch.equal(tensor, passes[4][name]) for name, tensor in kept.items())
