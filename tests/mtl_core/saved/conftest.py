"""A folder that holds a saved state."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.mtl_core.saved.saved_things import OLD, save


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    save(tmp_path / "thing", OLD)
    return tmp_path / "thing"
