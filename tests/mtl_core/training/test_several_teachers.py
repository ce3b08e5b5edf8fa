"""Several models that each know one task teach one student."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from mtl_core.encoder import SharedEncoder
from mtl_core.errors import InputError
from mtl_core.model import MultiTaskModel
from mtl_core.tasks import Task
from mtl_core.training.config import TrainingConfig
from mtl_core.training.fit import build_model
from mtl_core.training.prepare import prepare
from mtl_core.training.teachers import taught_by_model
from mtl_core.training.teaching import prepare_teaching
from tests.mtl_core.training.small_runs import config_of, dataset_of

LABELS = {"weather": ("no", "yes"), "topic": ("east", "north", "south"), "things": ("glass", "stone")}


@pytest.fixture(scope="module")
def single(small_encoder: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Folders of models of one task each."""
    folders = {}
    for seed, (name, kind) in enumerate({"weather": "binary", "topic": "multiclass", "things": "multilabel"}.items()):
        torch.manual_seed(seed)
        encoder = SharedEncoder.load(small_encoder, precision="float32")
        task = Task(name=name, kind=kind, labels=LABELS[name])
        folders[name] = tmp_path_factory.mktemp("single") / name
        MultiTaskModel(encoder, [task]).save_pretrained(folders[name])
    return folders


@pytest.fixture
def config(small_data: Path, small_encoder: Path, tmp_path: Path) -> Callable[..., TrainingConfig]:
    def made(*teachers: Path, **settings: Any) -> TrainingConfig:
        sets = [dataset_of("weather", name="one"), dataset_of("topic", name="two")]
        named = {"teacher": [str(folder) for folder in teachers]} | settings
        return config_of(
            small_data, tmp_path / "out", small_encoder, "weather", "topic", datasets=sets, distillation=named
        )

    return made


def test_each_teaches_the_data_sets_of_its_own_task(
    config: Callable[..., TrainingConfig], single: dict[str, Path]
) -> None:
    wanted = config(single["weather"], single["topic"])
    data = prepare(wanted)
    _, teaching = build_model(wanted, data)
    for name, task in (("one", "weather"), ("two", "topic")):
        assert {tuple(example.soft) for example in teaching.data.train[name]} == {(task,)}
        teacher = MultiTaskModel.from_pretrained(single[task])
        expected = taught_by_model(data.train[name], teacher, tasks=data.tasks)
        assert [example.soft for example in teaching.data.train[name]] == [example.soft for example in expected]
    assert teaching.distance is None
    # what is judged on stays without a teacher
    assert not any(example.soft for example in teaching.data.validation)


def test_the_student_begins_with_the_configs_encoder(
    config: Callable[..., TrainingConfig], single: dict[str, Path]
) -> None:
    for layers in (None, 1):
        wanted = config(single["weather"], single["topic"], layers=layers)
        encoder = SharedEncoder.load(wanted.encoder.name, precision="float32")
        student = prepare_teaching(wanted, prepare(wanted), encoder).encoder
        assert student.layer_count == (3 if layers is None else 2)
        assert (student is encoder) is (layers is None)


def test_teachers_that_do_not_fit_are_refused(config: Callable[..., TrainingConfig], single: dict[str, Path]) -> None:
    for teachers, message in (
        ((single["weather"], single["weather"]), "Two teachers know the task 'weather'"),
        ((single["weather"], single["things"]), "No data set labels a task of the teacher .*things"),
        ((single["weather"], single["weather"].with_name("none")), "There is no teacher .*none"),
    ):
        wanted = config(*teachers)
        with pytest.raises(InputError, match=message):
            build_model(wanted, prepare(wanted))
