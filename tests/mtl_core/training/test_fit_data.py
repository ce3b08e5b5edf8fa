"""Data of a training: few of each label, sets with other labels, and tasks of every kind."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import pytest

from mtl_core.training.config import TrainingConfig
from tests.mtl_core.training.fit_runs import done
from tests.mtl_core.training.small_runs import TASKS, config_of, dataset_of, row_of, write_rows

pytestmark = pytest.mark.usefixtures("no_pictures")


def test_few_shot_runs_take_so_many_of_each_label(config: Callable[..., TrainingConfig]) -> None:
    said: list[str] = []
    done(config("weather", datasets=[dataset_of("weather", only=2)], trainer={"epochs": 1}), report=said.append)
    assert any(line.startswith("4 training and 24 validation examples; weather (binary, 2 labels)") for line in said)


@pytest.mark.parametrize("sampling", ["proportional", "temperature", "round_robin"])
def test_data_sets_with_other_labels_are_learned_together(
    small_encoder: Path, small_data: Path, tmp_path: Path, sampling: str
) -> None:
    sets = [dataset_of("weather", words=False, name="one"), dataset_of("topic", "spans", name="two")]
    result = done(
        config_of(
            small_data,
            tmp_path / "out",
            small_encoder,
            "weather",
            "topic",
            "spans",
            datasets=sets,
            trainer={"epochs": 6, "sampling": sampling},
        )
    )
    assert set(result.validation.tasks) == {"weather", "topic", "spans"}
    assert result.validation.tasks["spans"].f1 > 0.5
    # all of the 24 rows of both sets are judged
    assert result.validation.count == 48
    assert result.validation.tasks["spans"].count == 24


def test_every_kind_runs_in_bfloat16(small_encoder: Path, tmp_path: Path) -> None:
    source = random.Random(0)
    rows = []
    for _ in range(24):
        row = row_of(source)
        rows.append(
            {**row, "text": f"{row['text']}.\n\nThe a.", "measures": ["wet"] if row["weather"] == "yes" else []}
        )
    for name in ("train", "validation"):
        write_rows(tmp_path / f"{name}.jsonl", rows)
    passages = dataset_of("weather", "topic", "things", words=False, name="passages")
    passages["columns"]["segments"] = "sentences"
    passages["columns"]["labels"]["measures"] = "measures"
    tasks = [*TASKS.values(), {"name": "measures", "kind": "evidence", "labels": ["wet", "dry"]}]
    result = done(
        config_of(
            tmp_path,
            tmp_path / "out",
            small_encoder,
            tasks=tasks,
            datasets=[passages, dataset_of("spans", name="words")],
            trainer={"epochs": 1, "precision": "bfloat16"},
        )
    )
    assert set(result.validation.tasks) == {*TASKS, "measures"}
    said = result.model.predict(["Rain on the lesson."])[0]
    assert set(said) == {*TASKS, "measures"}
