"""Looks at the pictures that the tests make."""

from __future__ import annotations

import io
from collections.abc import Callable

import matplotlib.image
import numpy as np
import pytest


@pytest.fixture(scope="session")
def pixels() -> Callable[[bytes], np.ndarray]:
    """Function that gives ``[height, width, channels]`` of a PNG."""
    return _pixels


@pytest.fixture(scope="session")
def shows() -> Callable[[bytes, str], bool]:
    """Function that says whether a PNG has a dot of just this colour (``#RRGGBB``)."""
    return _shows


def _pixels(png: bytes) -> np.ndarray:
    assert png.startswith(b"\x89PNG\r\n")
    return matplotlib.image.imread(io.BytesIO(png))


def _shows(png: bytes, colour: str) -> bool:
    wanted = np.asarray([int(colour[start : start + 2], 16) for start in (1, 3, 5)]) / 255
    return bool((np.abs(_pixels(png)[..., :3] - wanted) < 0.01).all(axis=-1).any())
