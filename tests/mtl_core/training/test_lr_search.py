from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from mtl_core.errors import ArtifactError, InputError
from mtl_core.training.config import TrainingConfig
from mtl_core.training.lr_finder import LearningRateCurve
from mtl_core.training.lr_search import LearningRateSearch, _steepest, search_learning_rate, write_search
from tests.mtl_core.training.small_runs import build_encoder, config_of, row_of, write_rows


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("lr")
    source = random.Random(0)
    build_encoder(made / "encoder")
    for name, count in (("train", 40), ("validation", 8)):
        write_rows(made / f"{name}.jsonl", [row_of(source) for _ in range(count)])
    return made


def config(folder: Path, **sections: Any) -> TrainingConfig:
    return config_of(folder, folder / "out", folder / "encoder" / "model", "weather", words=False, **sections)


def curve_of(losses: list[float], smoothed: list[float] | None = None) -> LearningRateCurve:
    rates = tuple(float(rate) for rate in np.geomspace(1e-5, 1.0, len(losses)))
    return LearningRateCurve(rates, tuple(losses), tuple(smoothed or losses), rates[0], rates[0], diverged=False)


def test_the_same_seed_gives_the_same_curve(folder: Path) -> None:
    first = search_learning_rate(config(folder), steps=8, lowest=1e-5)
    torch.rand(3)
    assert search_learning_rate(config(folder), steps=8, lowest=1e-5) == first
    assert first.curve.learning_rates[0] == pytest.approx(1e-5)


def test_the_suggestion_keeps_the_ratio_of_the_config(folder: Path) -> None:
    chosen = config(folder, optimiser={"encoder_lr": 1e-4, "head_lr": 2e-3})
    found = search_learning_rate(chosen, steps=8)
    assert found.head_lr == pytest.approx(found.suggestion)
    assert found.encoder_lr == pytest.approx(found.head_lr / 20)
    fast = search_learning_rate(config(folder, optimiser={"encoder_lr": 1e-2, "head_lr": 1e-3}), steps=8)
    assert fast.encoder_lr == pytest.approx(fast.suggestion)
    assert fast.head_lr == pytest.approx(fast.suggestion / 10)


def test_a_frozen_encoder_has_no_rate_to_search(folder: Path) -> None:
    with pytest.raises(InputError, match="nothing to search"):
        search_learning_rate(config(folder, encoder={"freeze": "all"}), steps=8)
    held = search_learning_rate(config(folder, encoder={"keep_last": 0}), steps=8)
    assert held.encoder_lr is None
    assert held.overrides == (f"optimiser.head_lr={held.head_lr:.2e}",)


def test_the_first_noise_of_the_average_is_not_taken_for_a_slope() -> None:
    falling = [1.0 - 0.01 * step for step in range(20)] + [0.8 - 0.1 * step for step in range(6)] + [0.3] * 14
    noisy = [5.0, 1.0, *falling[2:]]
    curve = curve_of(noisy)
    assert curve.learning_rates[20] <= _steepest(curve) <= curve.learning_rates[26]


def test_it_writes_a_picture_and_json_that_say_the_same(tmp_path: Path) -> None:
    curve = curve_of([1.0, 0.9, 0.7, 0.4, 0.4, 0.8])
    search = LearningRateSearch(curve, suggestion=1e-3, head_lr=1e-3, encoder_lr=1e-4)
    write_search(search, tmp_path / "new" / "folder")
    content = json.loads((tmp_path / "new" / "folder" / "lr.json").read_text(encoding="utf-8"))
    assert content == {"head_lr": 1e-3, "encoder_lr": 1e-4, "curve": curve.as_json()}
    assert (tmp_path / "new" / "folder" / "lr.png").read_bytes().startswith(b"\x89PNG")
    assert search.overrides == ("optimiser.encoder_lr=1.00e-04", "optimiser.head_lr=1.00e-03")
    taken = tmp_path / "taken"
    taken.write_text("mine", encoding="utf-8")
    with pytest.raises(ArtifactError, match="cannot be written"):
        write_search(search, taken)
