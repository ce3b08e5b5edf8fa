"""A training that ended anywhere and is resumed equals one that never ended, bit for bit, with all that it carries."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import torch

from mtl_core.errors import ArtifactError, InputError
from mtl_core.training import lightning_setup, run
from mtl_core.training.config import TrainingConfig
from mtl_core.training.fit import TrainingResult, train
from tests.mtl_core.training.small_runs import Stop, StopAt, config_of, weights_of, write_data

pytestmark = pytest.mark.usefixtures("no_pictures")

SCENARIOS: dict[str, dict[str, Any]] = {
    # early stopping, averaged weights and thawing layers, validated within epochs
    "stopping": {
        "encoder": {"unfreeze_every": 1},
        "trainer": {"epochs": 6, "average": 0.8, "patience": 2, "validate_every": 3},
    },
    # learned task weights, validated at the end of each epoch, several data sets with partial labels
    "uncertainty": {"trainer": {"epochs": 3, "balance": "uncertainty", "average": 0.5, "sampling": "temperature"}},
    "pcgrad": {"trainer": {"epochs": 2, "balance": "pcgrad", "validate_every": 4}, "optimiser": {"schedule": "cyclic"}},
}

STOPS = [
    ("stopping", "on_train_batch_start", 4),
    ("stopping", "on_validation_start", 6),
    ("stopping", "on_train_epoch_end", 9),
    ("uncertainty", "on_train_epoch_start", 5),
    ("uncertainty", "on_train_batch_end", 8),
    ("pcgrad", "on_train_batch_start", 7),
]


@dataclass(frozen=True)
class Ended:
    """What is left of a run."""

    result: TrainingResult
    weights: dict[str, torch.Tensor]
    last_words: list[str]
    logged: dict[tuple[int, str], str]


def logged_of(folder: Path) -> dict[tuple[int, str], str]:
    """Validation figures by step and name; a step that is logged twice must say the same twice."""
    found: dict[tuple[int, str], str] = {}
    for path in sorted(folder.glob("logs*/metrics.csv")):
        with path.open(encoding="utf-8", newline="") as stream:
            for row in csv.DictReader(stream):
                values = {(int(row["step"]), name): value for name, value in row.items() if value and "val/" in name}
                assert all(found.get(key, value) == value for key, value in values.items())
                found |= values
    return found


def end(config: TrainingConfig, **settings: Any) -> Ended:
    said: list[str] = []
    result = train(config, report=said.append, **settings)
    assert result is not None
    best = [line for line in said if line.startswith("best")]
    return Ended(result, weights_of(result.model), best, logged_of(run.run_folder(config.output)))


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_data(tmp_path_factory.mktemp("data"), lack=0.3)


@pytest.fixture(scope="module")
def wholes(data: Path, small_encoder: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Ended]:
    folder = tmp_path_factory.mktemp("whole")
    return {
        name: end(config_of(data, folder / name, small_encoder, "weather", "topic", "spans", **sections))
        for name, sections in SCENARIOS.items()
    }


def test_the_first_scenario_is_one_that_stops_early(wholes: dict[str, Ended]) -> None:
    assert wholes["stopping"].last_words
    steps = int(wholes["stopping"].last_words[0].rsplit(" ", 1)[1])
    assert 9 < steps < 30


@pytest.mark.parametrize(("scenario", "hook", "step"), STOPS)
def test_a_resumed_run_equals_one_that_never_ended(  # noqa: PLR0917
    wholes: dict[str, Ended],
    data: Path,
    small_encoder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    scenario: str,
    hook: str,
    step: int,
) -> None:
    sections = SCENARIOS[scenario]
    config = config_of(data, tmp_path / "out", small_encoder, "weather", "topic", "spans", **sections)
    real = lightning_setup.make_callbacks
    with monkeypatch.context() as patch:
        patch.setattr(run, "make_callbacks", lambda *given: [StopAt(hook, step), *real(*given)])
        with pytest.raises(Stop):
            train(config)
    assert not config.output.exists()
    torch.manual_seed(99)
    resumed, whole = end(config, resume=True), wholes[scenario]
    assert resumed.last_words == whole.last_words
    torch.testing.assert_close(resumed.weights, whole.weights, rtol=0, atol=0)
    assert resumed.result.validation == whole.result.validation
    assert resumed.result.model.decisions == whole.result.model.decisions
    # the log of the first part stands, too
    assert resumed.logged == whole.logged


def test_a_run_ends_twice_and_still_goes_on(
    wholes: dict[str, Ended], data: Path, small_encoder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sections = SCENARIOS["stopping"]
    config = config_of(data, tmp_path / "out", small_encoder, "weather", "topic", "spans", **sections)
    real = lightning_setup.make_callbacks
    for number, step in enumerate((5, 8)):
        with monkeypatch.context() as patch:
            patch.setattr(
                run, "make_callbacks", lambda *given, at=step: [StopAt("on_train_batch_end", at), *real(*given)]
            )
            with pytest.raises(Stop):
                train(config, resume=number > 0)
    torch.testing.assert_close(end(config, resume=True).weights, wholes["stopping"].weights, rtol=0, atol=0)


def stopped(config: TrainingConfig, monkeypatch: pytest.MonkeyPatch) -> None:
    real = lightning_setup.make_callbacks
    with monkeypatch.context() as patch:
        patch.setattr(run, "make_callbacks", lambda *given: [StopAt("on_train_batch_start", 6), *real(*given)])
        with pytest.raises(Stop):
            train(config)


def test_a_run_goes_on_only_with_the_settings_it_began_with(
    data: Path, small_encoder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def config(*tasks: str, **trainer: Any) -> TrainingConfig:
        return config_of(data, tmp_path / "out", small_encoder, *tasks, trainer={"validate_every": 3, **trainer})

    stopped(config("weather"), monkeypatch)
    said = r"^The interrupted run began with trainer\.batch_size 8, not 5; resume it with the settings .* --resume\.$"
    with pytest.raises(ArtifactError, match=said):
        train(config("weather", batch_size=5), resume=True)
    with pytest.raises(ArtifactError, match="began with datasets"):
        train(config("weather", "topic"), resume=True)
    checkpoints = run.run_folder(config("weather").output) / "checkpoints"
    for path in (checkpoints / "last.ckpt").glob("tensors*"):
        path.write_bytes(path.read_bytes()[:-3])
    with pytest.raises(ArtifactError, match="truncated or changed"):
        train(config("weather", log_every=7), resume=True)
    (checkpoints.parent / "settings.json").write_text("{", encoding="utf-8")
    with pytest.raises(ArtifactError, match="settings.json is missing or damaged; start the run anew"):  # noqa: RUF043
        train(config("weather"), resume=True)


def test_data_that_changed_since_are_noticed(
    small_encoder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = write_data(tmp_path / "data")
    config = config_of(data, tmp_path / "out", small_encoder, "weather", trainer={"validate_every": 3})
    stopped(config, monkeypatch)
    lines = (data / "train.jsonl").read_text(encoding="utf-8").splitlines(keepends=True)
    (data / "train.jsonl").write_text("".join(lines[:20]), encoding="utf-8")
    with pytest.raises(ArtifactError, match="resume with the same data and batch size"):
        train(config, resume=True)


def test_a_run_that_keeps_no_checkpoint_cannot_be_resumed(
    data: Path, small_encoder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = config_of(
        data, tmp_path / "out", small_encoder, "weather", trainer={"validate_every": 3, "checkpoint": False}
    )
    stopped(config, monkeypatch)
    with pytest.raises(InputError, match=r"no interrupted run in .*out\.run; start without --resume"):
        train(config, resume=True)
