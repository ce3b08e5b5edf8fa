"""A plan to read, and what every reading must keep to."""

from __future__ import annotations

import json

import numpy as np
import pytest

from mtl_core.reading import Analysis
from mtl_core.rubric import MEASURES
from mtl_core.segments import SegmentKind
from mtl_core.training.corpus import SHIPPED_CORPUS

PLAN = (SHIPPED_CORPUS / "plans" / "p-01.md").read_bytes().decode()


def assert_sound(text: str, analysis: Analysis) -> None:
    """Whatever the text, a reading keeps to these rules."""
    assert list(analysis.measures) == list(MEASURES)
    assert all(text[s.start : s.end] == s.text for s in analysis.segments)
    passages = {(s.start, s.end) for s in analysis.segments if s.kind is not SegmentKind.HEADING}
    for reading in analysis.measures.values():
        assert 0 <= reading.probability <= 1
        assert all(text[e.start : e.end] == e.quote for e in reading.evidence)
        assert {(e.start, e.end) for e in reading.evidence} <= passages
        assert len({e.start for e in reading.evidence}) == len(reading.evidence) <= 3
        assert reading.verdict in ("present", "absent", "unsure")
        if reading.verdict == "present":
            assert reading.evidence
        if reading.verdict == "absent" or not passages:
            assert not reading.evidence
    assert np.linalg.norm(analysis.vector) == pytest.approx(1, abs=1e-4)
    assert analysis.segment_vectors.shape == (len(analysis.segments), len(analysis.vector))
    assert analysis.words == len(text.split())
    json.dumps(analysis.as_json("a file"), allow_nan=False)


def assert_same(one: Analysis, other: Analysis) -> None:
    """Equal up to the rounding of another batch."""
    assert one.segments == other.segments
    assert (one.words, one.language, one.is_lesson_plan) == (other.words, other.language, other.is_lesson_plan)
    np.testing.assert_allclose(one.vector, other.vector, atol=1e-5)
    np.testing.assert_allclose(one.segment_vectors, other.segment_vectors, atol=1e-5)
    for key in MEASURES:
        assert one.measures[key].probability == pytest.approx(other.measures[key].probability, abs=1e-4), key
        assert one.measures[key].verdict == other.measures[key].verdict
        assert one.measures[key].evidence == other.measures[key].evidence
