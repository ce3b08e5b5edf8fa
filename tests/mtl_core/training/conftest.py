"""What small trainings share: an encoder, data, configs, members of fusions, and reports without pictures."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from mtl_core.model import MultiTaskModel
from mtl_core.training.config import TrainingConfig
from mtl_core.training.fit import TrainingResult
from tests.mtl_core.toy_members import half_blind_members, train_heads
from tests.mtl_core.training.fit_runs import LONG, done
from tests.mtl_core.training.fusion_runs import TRAIN
from tests.mtl_core.training.small_runs import build_encoder, config_of, write_data


@pytest.fixture(scope="session")
def small_encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of an encoder that learns in a few steps."""
    return build_encoder(tmp_path_factory.mktemp("encoder"))


@pytest.fixture(scope="session")
def small_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder with 40 training and 24 validation rows."""
    return write_data(tmp_path_factory.mktemp("data"))


@pytest.fixture
def config(small_data: Path, small_encoder: Path, tmp_path: Path) -> Callable[..., TrainingConfig]:
    """Function that makes a config of the tasks and settings given, over the small encoder and data."""
    return lambda *tasks, **sections: config_of(small_data, tmp_path / "out", small_encoder, *tasks, **sections)


@pytest.fixture(scope="module")
def no_pictures() -> Iterator[None]:
    """Reports without their pictures, which take longer than a small training."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("label_f1_bars", "reliability_diagram"):
            patch.setattr(f"mtl_core.evaluation.report.{name}", lambda *_, **__: b"")
        yield


@pytest.fixture(scope="module")
def learned(
    no_pictures: None, small_data: Path, small_encoder: Path, tmp_path_factory: pytest.TempPathFactory
) -> TrainingResult:
    """A training that was long enough."""
    return done(config_of(small_data, tmp_path_factory.mktemp("learned") / "out", small_encoder, **LONG))


@pytest.fixture(scope="module")
def members(tmp_path_factory: pytest.TempPathFactory) -> list[MultiTaskModel]:
    """Two members of a fusion with trained heads, of which each can read half of the key words."""
    built = half_blind_members(tmp_path_factory.mktemp("halves"))
    for member in built:
        train_heads(member, TRAIN)
    return built
