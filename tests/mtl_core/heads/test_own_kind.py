"""A user's own kind of task: one registered class, and everything from the config to the saved model takes it."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
import torch

from mtl_core.model import MultiTaskModel
from mtl_core.training.fit import train
from tests.mtl_core.heads.ordinal_head import OrdinalHead
from tests.mtl_core.training.small_runs import TOPICS, build_encoder, config_of, dataset_of, row_of, write_rows

GRADES = ["low", "middle", "high"]


@pytest.fixture(autouse=True)
def no_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("label_f1_bars", "reliability_diagram"):
        monkeypatch.setattr(f"mtl_core.evaluation.report.{name}", lambda *_, **__: b"")


def graded(source: random.Random) -> dict[str, object]:
    row = row_of(source)
    return {**row, "grade": GRADES[TOPICS.index(row["topic"])]}


def test_it_is_trained_judged_saved_and_read_again(tmp_path: Path) -> None:
    source = random.Random(0)
    write_rows(tmp_path / "train.jsonl", [graded(source) for _ in range(48)])
    write_rows(tmp_path / "validation.jsonl", [graded(source) for _ in range(24)])
    config = config_of(
        tmp_path,
        tmp_path / "out",
        build_encoder(tmp_path / "encoder"),
        tasks=[
            {"name": "grade", "kind": "ordinal", "labels": GRADES},
            {"name": "weather", "kind": "binary", "labels": ["no", "yes"]},
        ],
        datasets=[dataset_of("grade", "weather")],
        trainer={"epochs": 10},
    )
    result = train(config)
    assert result is not None
    assert result.validation.tasks["grade"].accuracy > 0.7
    assert result.validation.tasks["grade"].kind == "multiclass"
    # how its logits become probabilities is its own matter, so no temperature is fitted
    assert result.model.decisions["grade"].temperature == 1.0
    assert not result.model.decisions["grade"].thresholds
    again = MultiTaskModel.from_pretrained(tmp_path / "out", precision="float32")
    assert isinstance(again, MultiTaskModel)
    assert isinstance(again.head("grade"), OrdinalHead)
    torch.testing.assert_close(again.heads.state_dict(), result.model.heads.state_dict(), rtol=0, atol=0)
    assert "grade | ordinal | low, middle, high" in (tmp_path / "out" / "README.md").read_text(encoding="utf-8")
