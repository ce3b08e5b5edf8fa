"""A training from config to saved model: it learns, reports, and repeats itself."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from mtl_core.evaluation.evaluate import evaluate
from mtl_core.saved_model import load_model
from mtl_core.training.config import TrainingConfig
from mtl_core.training.fit import TrainingResult
from mtl_core.training.prepare import prepare
from tests.mtl_core.training.fit_runs import LONG, done, same
from tests.mtl_core.training.small_runs import config_of

pytestmark = pytest.mark.usefixtures("no_pictures")


def test_it_learns_saves_and_reports(learned: TrainingResult, small_data: Path) -> None:
    assert learned.validation.score > 0.9
    assert learned.test is None
    assert not list(learned.folder.with_name("out.run").glob("checkpoints/*"))
    report = json.loads((learned.folder / "report" / "report.json").read_text(encoding="utf-8"))
    assert set(report["tasks"]) == {"weather", "spans"}
    again = load_model(learned.folder, precision="float32")
    examples = prepare(config_of(small_data, learned.folder, small_data)).validation
    assert evaluate(again, examples) == learned.validation
    assert again.card is not None
    assert again.card.figures["spans"]["f1"] == learned.validation.tasks["spans"].f1
    assert again.card.training["trainer"]["epochs"] == 6
    assert set(again.card.datasets) == {"rows"}


def test_the_same_seed_gives_the_same_model(learned: TrainingResult, config: Callable[..., TrainingConfig]) -> None:
    torch.manual_seed(12345)
    random.seed(9)
    again = done(config(**LONG))
    assert same(again.model, learned.model)
    assert again.validation == learned.validation
    other = done(config(seed=1, trainer={"epochs": 1}))
    assert not same(other.model, learned.model)


def test_a_progress_bar_may_be_shown(config: Callable[..., TrainingConfig], capsys: pytest.CaptureFixture[str]) -> None:
    done(config("weather", trainer={"epochs": 1}))
    assert capsys.readouterr() == ("", "")
    done(config("weather", trainer={"epochs": 1}, logging={"progress_bar": True}))
    assert "Epoch 0" in capsys.readouterr().out
