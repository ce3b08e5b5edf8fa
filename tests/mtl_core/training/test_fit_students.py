"""Students trained on what a model or a file of probabilities says."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from mtl_core.errors import InputError
from mtl_core.saved_model import load_model
from mtl_core.training.fit import TrainingResult, train
from tests.mtl_core.training.fit_runs import done
from tests.mtl_core.training.small_runs import config_of, write_data, write_rows

pytestmark = pytest.mark.usefixtures("no_pictures")


def test_a_student_learns_from_a_model_without_labels(
    learned: TrainingResult, small_encoder: Path, tmp_path: Path
) -> None:
    data = write_data(tmp_path / "data", seed=5)
    rows = [
        json.loads(line) | {"weather": None, "spans": None} for line in (data / "train.jsonl").read_text().splitlines()
    ]
    write_rows(data / "train.jsonl", rows)
    tasks = [task.model_dump(exclude={"separator"}) for task in learned.model.tasks]
    result = done(
        config_of(
            data,
            tmp_path / "out",
            small_encoder,
            tasks=tasks,
            trainer={"epochs": 8},
            loss={"temperature": 2.0},
            distillation={"teacher": str(learned.folder), "layers": 1, "embedding_weight": 0.5},
        )
    )
    assert result.model.encoder.layer_count == 2
    assert result.validation.score > 0.8
    assert load_model(result.folder).encoder.layer_count == 2


def test_a_student_learns_from_a_file_of_probabilities(small_encoder: Path, tmp_path: Path) -> None:
    data = write_data(tmp_path / "data", seed=5)
    rows = [json.loads(line) for line in (data / "train.jsonl").read_text().splitlines()]
    judged = [
        {"text": row["text"], "probabilities": {"weather": 0.95 if row["weather"] == "yes" else 0.05}} for row in rows
    ]
    write_rows(data / "teacher.jsonl", judged)
    write_rows(data / "train.jsonl", [{**row, "weather": None} for row in rows])
    sections: dict[str, Any] = {"trainer": {"epochs": 8}, "distillation": {"teacher": "teacher.jsonl"}}
    result = done(config_of(data, tmp_path / "out", small_encoder, "weather", words=False, **sections))
    assert result.validation.score > 0.8
    assert any(line.startswith("The teacher's file judges 40 of the 40 training examples") for line in result.messages)
    with pytest.raises(InputError, match="There is no teacher 'none.jsonl'"):  # noqa: RUF043
        train(
            config_of(
                data, tmp_path / "out", small_encoder, "weather", words=False, distillation={"teacher": "none.jsonl"}
            )
        )
