"""From a logit to a probability, and from a probability to a verdict."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mtl_core.quality import Calibration, QualityConfig, QualityModel
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


def config(*, passage_from: float | None) -> QualityConfig:
    calibration = {"modelling": Calibration(slope=1, offset=-2, absent_below=0.3, present_from=0.6)}
    return QualityConfig(encoder="e", fingerprint="f", calibration=calibration, passage_from=passage_from)


@given(logit=st.floats(-30, 30), passage=st.floats(-30, 30))
def test_a_clear_passage_is_enough_and_a_weak_one_changes_nothing(logit: float, passage: float) -> None:
    whole = config(passage_from=None).judge("modelling", logit, passage=passage)
    probability, verdict = config(passage_from=1.5).judge("modelling", logit, passage=passage)
    if passage < 1.5:
        assert (probability, verdict) == whole
    else:
        assert verdict == "present"
        assert probability == max(whole[0], 0.6)


@given(logit=st.floats(-30, 30))
def test_without_a_passage_to_quote_nothing_is_present(logit: float) -> None:
    for one in (config(passage_from=None), config(passage_from=1.5)):
        probability, verdict = one.judge("modelling", logit, passage=None)
        assert verdict == ("absent" if probability < 0.3 else "unsure")


def test_the_shipped_model_finds_a_clear_passage_in_a_bare_plan(model: QualityModel) -> None:
    bare = "# Rivers\n\n## Main\n\nRead pages 24 and 25.\nCopy the diagram into books.\n\n## End\n\nTidy up.\n"
    added = "By the end, pupils can label six parts of a river on a blank map and explain how two of them form.\n"
    assert model.config.passage_from is not None
    before, after = (model.analyse(text).measures["measurable_objective"] for text in (bare, f"{bare}\n{added}"))
    assert before.verdict == "absent"
    assert after.verdict == "present"
    assert after.evidence[0].quote in added
