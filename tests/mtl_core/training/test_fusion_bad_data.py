"""Members, examples and labels that no fusion can be trained with."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mtl_core.data.examples import Example
from mtl_core.errors import InputError
from mtl_core.model import MultiTaskModel
from mtl_core.training.fusion import train_fusion
from tests.mtl_core.training.fusion_runs import HASTY, OPTIONS, TRAIN, VALIDATION


@pytest.mark.parametrize(("train", "validation"), [([], VALIDATION), (TRAIN, [])])
def test_examples_are_needed(members: list[MultiTaskModel], train: list[Example], validation: list[Example]) -> None:
    with pytest.raises(InputError, match="one of the two is empty"):
        train_fusion(members, train, validation)


def test_members_are_needed() -> None:
    with pytest.raises(InputError, match="at least one trained model"):
        train_fusion([], TRAIN, VALIDATION)


def test_an_unknown_training_label_is_named(members: list[MultiTaskModel]) -> None:
    wrong = replace(TRAIN[3], labels={"weather": "maybe"})
    with pytest.raises(InputError, match=r"toy:4: 'maybe' is not a label of task 'weather'"):
        train_fusion(members, [*TRAIN[:3], wrong], VALIDATION, options=HASTY)


def test_an_unknown_validation_label_counts_as_missed(members: list[MultiTaskModel]) -> None:
    unseen = [replace(one, labels={"spans": ("B-moon", *one.labels["spans"][1:])}) for one in VALIDATION]
    result = train_fusion(members, TRAIN, [*VALIDATION, *unseen], options=HASTY)
    assert result.figures.keys() == {"weather", "spans"}


def test_a_loss_that_is_not_finite_stops_the_training(members: list[MultiTaskModel]) -> None:
    with pytest.raises(InputError, match="lower its learning rate"):
        train_fusion(members, TRAIN, VALIDATION, options=OPTIONS.model_copy(update={"learning_rate": 1e30}))
