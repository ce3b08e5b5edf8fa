"""Heads for a rubric of one's own."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mtl_core.encoder import SharedEncoder
from mtl_core.errors import InputError
from mtl_core.quality import QualityModel
from mtl_core.rubric_file import MeasureRow
from mtl_core.training.corpus import LabelledPlan
from mtl_core.training.dataset import UNKNOWN, build_dataset
from mtl_core.training.evidence import TrainingOptions
from mtl_core.training.labelled_table import read_labelled_table
from mtl_core.training.own_rubric import located, train_own_rubric
from tests.mtl_core.training.own_texts import OUTSIDE, write_table

RUBRIC = (MeasureRow(key="outdoors", title="Learning outside", definition="a part of the lesson happens outside"),)
UNSEEN = "The teacher hands out rulers.\n\nPupils walk to the meadow and draw the hedge.\n\nThey paste in the sheet."


@pytest.fixture(scope="module")
def encoder() -> SharedEncoder:
    return SharedEncoder.load(precision="float32")


@pytest.fixture(scope="module")
def plans(tmp_path_factory: pytest.TempPathFactory) -> tuple[LabelledPlan, ...]:
    path = write_table(tmp_path_factory.mktemp("table") / "labels.csv", whole_plans=True)
    return read_labelled_table(path, ["outdoors"])


def test_whole_texts_without_quotes_teach_a_measure(
    encoder: SharedEncoder, plans: tuple[LabelledPlan, ...], tmp_path: Path
) -> None:
    train_own_rubric(encoder, RUBRIC, plans).save_pretrained(tmp_path / "own")
    model = QualityModel.from_pretrained(tmp_path / "own", encoder=encoder)
    reading = model.analyse(UNSEEN)
    assert list(reading.measures) == ["outdoors"]
    assert reading.rubric["outdoors"].title == "Learning outside"
    assert reading.measures["outdoors"].evidence[0].quote == "Pupils walk to the meadow and draw the hedge."
    inside = model.analyse("The teacher hands out rulers.\n\nPupils draw a hedge from a photo.\n\nThey paste it in.")
    assert inside.measures["outdoors"].probability < reading.measures["outdoors"].probability


def test_the_passage_that_shows_a_measure_is_found(encoder: SharedEncoder, plans: tuple[LabelledPlan, ...]) -> None:
    dataset = build_dataset(encoder, plans=plans, segments=(), measures=["outdoors"])
    assert not (dataset.labels == 1).any()
    labels = located(dataset, TrainingOptions(top=1)).labels[:, 0]
    found = [
        plan.segments[int(np.flatnonzero(labels[dataset.documents == number] == 1)[0])].text
        for number, plan in enumerate(plans)
        if plan.present["outdoors"]
    ]
    assert sum(text in OUTSIDE for text in found) >= 10
    negatives = [number for number, plan in enumerate(plans) if not plan.present["outdoors"]]
    assert (labels[np.isin(dataset.documents, negatives)] == 0).all()
    assert (labels == UNKNOWN).any()


def test_quotes_are_left_as_they_are(encoder: SharedEncoder, plans: tuple[LabelledPlan, ...]) -> None:
    quoted = [
        replace(plan, quotes={"outdoors": (OUTSIDE[number // 2],)}) if plan.present["outdoors"] else plan
        for number, plan in enumerate(plans)
    ]
    dataset = build_dataset(encoder, plans=quoted, segments=(), measures=["outdoors"])
    assert located(dataset, TrainingOptions()) is dataset


def test_too_few_texts_or_groups_are_refused(encoder: SharedEncoder, plans: tuple[LabelledPlan, ...]) -> None:
    with pytest.raises(InputError, match="has 9 texts that show it and 9 that do not; label at least 10"):
        train_own_rubric(encoder, RUBRIC, plans[:18])
    with pytest.raises(InputError, match="one group"):
        train_own_rubric(encoder, RUBRIC, [replace(plan, group="hill") for plan in plans])
    by_label = [replace(plan, group=str(plan.present["outdoors"])) for plan in plans]
    with pytest.raises(InputError, match="label it in more groups"):
        train_own_rubric(encoder, RUBRIC, by_label)
