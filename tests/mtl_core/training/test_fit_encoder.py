"""How much of the encoder a training changes: nothing, its last layers, or layers that thaw."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from mtl_core.saved_model import load_model
from mtl_core.training import run
from mtl_core.training.config import TrainingConfig
from mtl_core.training.fit import TrainingResult
from tests.mtl_core.training.fit_runs import Watch, add_callback, done
from tests.mtl_core.training.small_runs import config_of, write_data

pytestmark = pytest.mark.usefixtures("no_pictures")


@pytest.mark.parametrize("balance", ["fixed", "pcgrad", "uncertainty"])
def test_partial_labels_and_a_frozen_encoder_go_together(small_encoder: Path, tmp_path: Path, balance: str) -> None:
    data = write_data(tmp_path / "data", train=24, lack=0.7)
    sections = {"encoder": {"freeze": "all"}, "trainer": {"batch_size": 2, "epochs": 1, "balance": balance}}
    result = done(config_of(data, tmp_path / "out", small_encoder, "weather", "spans", **sections))
    before = load_file(small_encoder / "model.safetensors")
    for name, tensor in load_file(result.folder / "model.safetensors").items():
        assert torch.equal(tensor, before[name])


def moved(result: TrainingResult, encoder: Path) -> set[str]:
    before = load_file(encoder / "model.safetensors")
    after = load_file(result.folder / "model.safetensors")
    return {name for name, tensor in after.items() if not torch.equal(tensor, before[name])}


def test_a_frozen_encoder_is_read_once_and_its_heads_are_fitted(
    config: Callable[..., TrainingConfig], small_encoder: Path
) -> None:
    said: list[str] = []
    result = done(config("weather", "topic", "things", encoder={"freeze": "all"}), report=said.append)
    assert "encoded 40 texts once; fitting the heads" in said
    assert result.validation.score > 0.8
    assert not moved(result, small_encoder)
    assert not run.run_folder(result.folder).exists()


def test_the_last_layers_alone_may_learn(config: Callable[..., TrainingConfig], small_encoder: Path) -> None:
    result = done(config("weather", encoder={"keep_last": 1}, trainer={"epochs": 1}))
    found = moved(result, small_encoder)
    assert any("layer.1." in name for name in found)
    assert not any("layer.0." in name or "embeddings" in name for name in found)


def test_the_lowest_layers_may_be_kept_alone(config: Callable[..., TrainingConfig]) -> None:
    result = done(config("weather", encoder={"layers": 1}, trainer={"epochs": 1}))
    again = load_model(result.folder, precision="float32").encoder
    assert again.layer_count == 2
    assert (again.encode(["rain"]).vectors == result.model.encoder.encode(["rain"]).vectors).all()


def test_layers_thaw_one_by_one(
    config: Callable[..., TrainingConfig], small_encoder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    watch = Watch()
    add_callback(monkeypatch, watch)
    done(config("weather", encoder={"unfreeze_every": 1}, trainer={"epochs": 4}))
    start = load_file(small_encoder / "model.safetensors")
    parts = []
    for weights in watch.weights:
        changed = {name for name, part in start.items() if not torch.equal(weights[f"network.{name}"], part)}
        found = {
            "embeddings" if "embeddings" in name else name.split(".")[2] for name in changed if "pooler" not in name
        }
        parts.append(sorted(found))
    assert parts == [[], ["1"], ["0", "1"], ["0", "1", "embeddings"]]
