"""Two processes take the steps that one takes: the same losses, the same weights, one model saved."""

from __future__ import annotations

import csv
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
import yaml
from safetensors.torch import load_file

from mtl_core.training.config import TrainingConfig
from mtl_core.training.fit import train
from tests.mtl_core.training.small_runs import build_encoder, config_of, write_data

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("no_pictures")]

ROOT = Path(__file__).parents[3]
STEPS = 14


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> TrainingConfig:
    """Batches of 3 with most labels missing: some leave a process without a row, some have no label at all."""
    folder = tmp_path_factory.mktemp("processes")
    return config_of(
        write_data(folder / "data", train=40, lack=0.85),
        folder / "out",
        # dropout draws from each process's own generator, so it is left out of the comparison
        build_encoder(folder / "encoder", dropout=0.0),
        "weather",
        "topic",
        "things",
        "spans",
        heads={"dropout": 0.0},
        optimiser={"encoder_lr": 1e-4, "head_lr": 1e-3},
        trainer={"batch_size": 3, "epochs": 1, "average": 0.5, "log_every": 1, "validate_every": 7},
    )


def run_two(config: TrainingConfig, folder: Path, *overrides: str) -> subprocess.CompletedProcess[str]:
    path = folder / "config.yaml"
    path.write_text(yaml.safe_dump(config.model_dump(mode="json")), encoding="utf-8")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("MASTER_", "LOCAL_RANK"))}
    # every warning is an error here too, in both processes
    command = [sys.executable, "-W", "error", str(Path(__file__).with_name("run_small.py")), str(path), *overrides]
    return subprocess.run(
        command,
        env={**environment, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )


def logged(output: Path) -> dict[tuple[int, str], float]:
    with (output.with_name(f"{output.name}.run") / "logs" / "metrics.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    return {
        (int(row["step"]), name): float(value)
        for row in rows
        for name, value in row.items()
        if value and ("train/" in name or "val/" in name)
    }


def test_two_processes_take_the_steps_of_one(config: TrainingConfig, tmp_path: Path) -> None:
    done = run_two(config, tmp_path, "trainer.processes=2", f"output={tmp_path / 'two'}")
    assert (done.returncode, sorted(done.stdout.splitlines()), done.stderr) == (0, ["further process", "saved"], "")
    one = config.model_copy(update={"output": tmp_path / "one"})
    assert train(one) is not None
    alone, together = logged(tmp_path / "one"), logged(tmp_path / "two")
    assert alone.keys() == together.keys()
    assert max(step for step, _ in alone) == STEPS - 1
    unlabelled = [step for step in range(STEPS) if alone[step, "train/loss"] == 0]
    assert unlabelled
    for (step, name), value in alone.items():
        assert together[step, name] == pytest.approx(value, abs=1e-6), (step, name)
    for name in ("heads.safetensors", "model.safetensors"):
        expected, found = load_file(tmp_path / "one" / name), load_file(tmp_path / "two" / name)
        for key, tensor in expected.items():
            # attention does not depend on the bias of its keys: its gradient is rounding alone
            if "key.bias" not in key:
                torch.testing.assert_close(
                    found[key], tensor, rtol=1e-4, atol=1e-5, msg=lambda said, key=key: f"{key}: {said}"
                )


def test_a_loss_that_is_not_finite_ends_all_processes_with_one_message(config: TrainingConfig, tmp_path: Path) -> None:
    overrides = ["trainer.processes=2", "optimiser.head_lr=1e38", "optimiser.schedule=constant"]
    done = run_two(config, tmp_path, *overrides, f"output={tmp_path / 'two'}")
    assert done.returncode != 0
    assert done.stdout == ""
    said = [line for line in done.stderr.splitlines() if line.startswith("refused: ")]
    assert said
    assert all("at step" in line and "best checkpoint so far is kept" in line for line in said)
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "two").exists()
