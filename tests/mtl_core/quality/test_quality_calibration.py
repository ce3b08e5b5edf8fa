"""From a logit to a probability, and from a probability to a verdict."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import example, given
from hypothesis import strategies as st

from mtl_core.best_passages import BestPassage, best_passages, quotable_rows
from mtl_core.heads import EvidenceOutput
from mtl_core.quality import Calibration, QualityConfig, QualityModel
from mtl_core.rubric import MEASURES
from mtl_core.segments import segment_document


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


def config(*, passage_from: float | None = None, quotable_from: float | None = None) -> QualityConfig:
    calibration = {"modelling": Calibration(slope=1, offset=-2, absent_below=0.3, present_from=0.6)}
    return QualityConfig(
        encoder="e", fingerprint="f", calibration=calibration, passage_from=passage_from, quotable_from=quotable_from
    )


@given(logit=st.floats(-30, 30), own=st.floats(-30, 30), whole=st.floats(-30, 30))
def test_a_clear_passage_is_enough_and_a_weak_one_changes_nothing(logit: float, own: float, whole: float) -> None:
    passage = BestPassage(own, whole)
    by_document = config().judge("modelling", logit, passage=passage)
    probability, verdict = config(passage_from=1.5).judge("modelling", logit, passage=passage)
    if own < 1.5:
        assert (probability, verdict) == by_document
    else:
        assert verdict == "present"
        assert probability == max(by_document[0], 0.6)


@given(logit=st.floats(-30, 30), own=st.floats(-30, 30), whole=st.floats(-30, 30))
def test_nothing_is_present_that_no_passage_shows(logit: float, own: float, whole: float) -> None:
    passage = BestPassage(own, whole)
    by_document = config(passage_from=1.5).judge("modelling", logit, passage=passage)
    found = config(passage_from=1.5, quotable_from=0.5).judge("modelling", logit, passage=passage)
    if by_document[1] == "present" and own < 1.5 and whole < 0.5:
        assert found == (pytest.approx(0.45), "unsure")
    else:
        assert found == by_document


@given(logit=st.floats(-30, 30))
def test_without_a_passage_to_quote_nothing_is_present(logit: float) -> None:
    for one in (config(), config(passage_from=1.5), config(passage_from=1.5, quotable_from=-50)):
        probability, verdict = one.judge("modelling", logit, passage=None)
        assert verdict == ("absent" if probability < 0.3 else "unsure")
        assert probability < 0.6


def test_in_doubt_only_what_shows_the_measure_is_quoted() -> None:
    careful, old = config(quotable_from=0.5), config()
    assert [careful.quotes(verdict, score=0.4) for verdict in ("present", "unsure", "absent")] == [True, False, False]
    assert [careful.quotes(verdict, score=0.5) for verdict in ("present", "unsure", "absent")] == [True, True, False]
    assert [old.quotes(verdict, score=-9) for verdict in ("present", "unsure", "absent")] == [True, True, False]


def test_the_best_passages_are_of_text_that_can_be_quoted() -> None:
    segments = segment_document("# Pupils say why\n\nRead page 4.\n\nTidy up.\n")
    scores = torch.tensor([[9.0, 9.0], [1.0, -3.0], [0.5, -2.0]])
    judged = EvidenceOutput(scores[:1], scores, scores, scores - torch.tensor([[0.0, 0.0], [2.0, 0.0], [0.0, 1.0]]))
    measures = ("modelling", "vocabulary")
    assert quotable_rows(segments) == [1, 2]
    assert best_passages(segments, judged, measures=measures) == [BestPassage(0.5, 1.0), BestPassage(-3.0, -2.0)]
    headings = segment_document("# One\n\n## Two\n")
    judged = judged._replace(own=scores[:2], scores=scores[:2])
    assert best_passages(headings, judged, measures=measures) == [None, None]


@pytest.mark.parametrize(
    ("passage", "alone"),
    [
        ("- 2 batteries and 10 m of cable", False),
        ("Materials: A4 paper, 30 cm rulers, 10 mini whiteboards", False),
        ("Read page 5 as homework.", False),
        ("The first 8 of the 50 minutes are for the starter", True),
        ("Warm-up 10', main 25', glue ready", True),
        ("a 5-minute talk, then 20min with the maps", True),
    ],
)
def test_materials_without_a_time_do_not_show_pacing_alone(passage: str, alone: bool) -> None:
    segments, scores = segment_document(f"{passage}\n"), torch.full((1, 2), 4.0)
    judged = EvidenceOutput(scores, scores, scores, scores)
    best = best_passages(segments, judged, measures=("pacing_and_materials", "vocabulary"))
    assert best == [BestPassage(4.0 if alone else -math.inf, 4.0), BestPassage(4.0, 4.0)]


def test_the_shipped_model_finds_a_clear_passage_in_a_bare_plan(model: QualityModel) -> None:
    bare = "# Rivers\n\n## Main\n\nRead pages 24 and 25.\nCopy the diagram into books.\n\n## End\n\nTidy up.\n"
    added = "By the end, pupils can label six parts of a river on a blank map and explain how two of them form.\n"
    assert model.config.passage_from is not None
    before, after = (model.analyse(text).measures["measurable_objective"] for text in (bare, f"{bare}\n{added}"))
    assert before.verdict == "absent"
    assert after.verdict == "present"
    assert after.evidence[0].quote in added
