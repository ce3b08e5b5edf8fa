"""From a logit to a probability, and from a probability to a verdict."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mtl_core.quality import Calibration, QualityModel
from mtl_core.rubric import MEASURES


@given(st.floats(-1e4, 1e4), st.floats(-1e4, 1e4), st.floats(0.01, 10), st.floats(-5, 5))
@example(-1_000.0, 1_000.0, 1.0, 0.0)
def test_a_probability_grows_with_its_logit(one: float, other: float, slope: float, offset: float) -> None:
    calibration = Calibration(slope=slope, offset=offset)
    low, high = calibration.probability(min(one, other)), calibration.probability(max(one, other))
    assert 0 <= low <= high <= 1


def test_the_thresholds_part_the_verdicts() -> None:
    calibration = Calibration(absent_below=0.3, present_from=0.6)
    seen = [calibration.verdict(p) for p in (0.0, 0.2999, 0.3, 0.5999, 0.6, 1.0)]
    assert seen == ["absent", "absent", "unsure", "unsure", "present", "present"]
    assert Calibration(slope=2, offset=1).probability(-0.5) == pytest.approx(0.5)
    assert Calibration(slope=2, offset=1).probability(1) == pytest.approx(1 / (1 + np.exp(-3)))


def test_the_shipped_model_is_calibrated_for_every_measure(model: QualityModel) -> None:
    assert list(model.config.measures) == list(MEASURES)
    assert set(model.config.calibration) == set(MEASURES)
    for calibration in model.config.calibration.values():
        assert calibration.slope > 0
        assert calibration.absent_below <= calibration.present_from
