"""The optional loggers: what a run writes for TensorBoard and for Weights & Biases, and that it changes nothing."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from mtl_core.training.config import TrainingConfig
from mtl_core.training.fit import TrainingResult, train
from mtl_core.training.run import run_folder
from tests.mtl_core.training.small_runs import config_of

pytestmark = pytest.mark.usefixtures("no_pictures")

RUN = {"epochs": 2, "log_every": 1}
_HEADER = 7
"""Bytes of a W&B file that holds no record yet."""


@pytest.fixture
def trained(
    small_data: Path, small_encoder: Path, tmp_path: Path
) -> Callable[..., tuple[TrainingConfig, TrainingResult]]:
    def run(name: str, **logging: bool) -> tuple[TrainingConfig, TrainingResult]:
        chosen = {"progress_bar": False, **logging}
        config = config_of(small_data, tmp_path / name, small_encoder, "weather", trainer=RUN, logging=chosen)
        result = train(config)
        assert result is not None
        return config, result

    return run


def test_tensorboard_gets_losses_and_scores_and_the_model_stays_the_same(
    trained: Callable[..., tuple[TrainingConfig, TrainingResult]],
) -> None:
    events = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    _, plain = trained("plain")
    config, logged = trained("logged", tensorboard=True)
    accumulator = events.EventAccumulator(str(run_folder(config.output) / "tensorboard"))
    accumulator.Reload()
    scalars = set(accumulator.Tags()["scalars"])
    assert {"train/loss", "val/score"} <= scalars, scalars
    left, right = plain.model.state_dict(), logged.model.state_dict()
    assert all(torch.equal(left[name], right[name]) for name in left)


def settled(path: Path) -> bytes:
    """The file once it has not grown for two seconds: W&B's own process writes it, and goes on after ``finish``."""
    written, quiet = b"", 0
    for _ in range(240):
        time.sleep(0.5)
        before, written = written, path.read_bytes()
        quiet = quiet + 1 if len(written) == len(before) and len(written) > _HEADER else 0
        if quiet == 4:
            break
    return written


@pytest.mark.slow
def test_weights_and_biases_gets_a_run_of_the_project_without_a_network(
    trained: Callable[..., tuple[TrainingConfig, TrainingResult]], monkeypatch: pytest.MonkeyPatch
) -> None:
    wandb = pytest.importorskip("wandb")
    monkeypatch.setenv("WANDB_MODE", "offline")
    monkeypatch.setenv("WANDB_SILENT", "true")
    config, _ = trained("logged", wandb=True)
    wandb.finish()
    runs = list((run_folder(config.output) / "wandb").glob("offline-run-*/run-*.wandb"))
    assert len(runs) == 1
    written = settled(runs[0])
    assert b"val/score" in written
    assert config.project.encode() in written
