"""A reading by the shipped model, and a tiny model whose heads know nothing."""

from __future__ import annotations

import pytest
import torch

from mtl_core.encoder import SharedEncoder
from mtl_core.quality import Calibration, QualityConfig, QualityModel
from mtl_core.reading import Analysis
from mtl_core.rubric import MEASURES
from tests.mtl_core.quality.readings import PLAN


@pytest.fixture(scope="module")
def reading(model: QualityModel) -> Analysis:
    return model.analyse(PLAN)


@pytest.fixture(scope="module")
def tiny_model(tiny: SharedEncoder) -> QualityModel:
    """Random heads on the tiny encoder, with wide bands of doubt so that every verdict comes up."""
    torch.manual_seed(0)
    band = [Calibration(slope=1 + n / 4, offset=n / 4 - 2, absent_below=0.3, present_from=0.7) for n in range(14)]
    calibration = dict(zip(MEASURES, band, strict=True))
    return QualityModel(tiny, QualityConfig(encoder="tiny", fingerprint=tiny.fingerprint, calibration=calibration))
