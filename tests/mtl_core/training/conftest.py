"""What small trainings share: an encoder, data, and reports without pictures."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.mtl_core.training.small_runs import build_encoder, write_data


@pytest.fixture(scope="session")
def small_encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of an encoder that learns in a few steps."""
    return build_encoder(tmp_path_factory.mktemp("encoder"))


@pytest.fixture(scope="session")
def small_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder with 40 training and 24 validation rows."""
    return write_data(tmp_path_factory.mktemp("data"))


@pytest.fixture(scope="module")
def no_pictures() -> Iterator[None]:
    """Reports without their pictures, which take longer than a small training."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("label_f1_bars", "reliability_diagram"):
            patch.setattr(f"mtl_core.evaluation.report.{name}", lambda *_, **__: b"")
        yield
