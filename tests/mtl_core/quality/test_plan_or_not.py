"""Which texts the shipped model takes for lesson plans."""

from __future__ import annotations

import dataclasses
import json

import pytest

from mtl_core.features import encoder_text
from mtl_core.quality import QualityModel
from mtl_core.reading import Analysis
from mtl_core.segments import segment_document
from mtl_core.training.corpus import SHIPPED_CORPUS, load_corpus


def refused(model: QualityModel, reading: Analysis, texts: list[str]) -> float:
    """Share of texts that are not taken for a lesson plan; all are encoded in one go, which is faster."""
    segments = tuple(segment for text in texts for segment in segment_document(text))
    vectors = model.encoder.encode([encoder_text(segment.text) for segment in segments]).vectors
    known = dataclasses.replace(reading, segments=segments, segment_vectors=vectors)
    return sum(not model.analyse(text, previous=known).is_lesson_plan for text in texts) / len(texts)


@pytest.mark.slow
def test_texts_of_other_languages_are_refused(model: QualityModel, reading: Analysis) -> None:
    """Lesson plans in other languages; the language alone must stop them."""
    rows = [json.loads(line) for line in (SHIPPED_CORPUS / "other_languages.jsonl").read_bytes().splitlines()]
    spanish = [row["text"] for row in rows if row["language"] == "es"]
    assert len(spanish) >= 5
    assert refused(model, reading, spanish) == 1
    assert refused(model, reading, [row["text"] for row in rows if row["language"] != "es"]) >= 0.95


@pytest.mark.slow
def test_texts_that_are_no_plans_are_refused(model: QualityModel, reading: Analysis) -> None:
    """A sample of the texts that the head was trained on: it shows that it learned, not how well it generalises."""
    texts = [other.text for other in load_corpus().others if len(other.text.split()) >= 60]
    assert refused(model, reading, texts[::6]) >= 0.95


@pytest.mark.slow
def test_plans_are_not_refused(model: QualityModel, reading: Analysis) -> None:
    """A sample of the plans that the head was trained on: it shows that it learned, not how well it generalises."""
    assert refused(model, reading, [plan.text for plan in load_corpus().plans[::24]]) <= 0.02
