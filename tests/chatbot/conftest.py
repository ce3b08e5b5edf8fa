"""Stand-ins for the model and the encoder, so that rules can be tried on many conversations."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import count
from typing import Any

import numpy as np
import pytest

from chatbot.coach import LessonCoach
from mtl_core.encoder import EncodedTexts
from mtl_core.quality import QualityModel
from mtl_core.reading import Analysis, Evidence, MeasureReading
from mtl_core.rubric import RUBRIC
from mtl_core.segments import SegmentKind, segment_document
from mtl_core.text_check import check_text
from retrieval import TemplateIndex, TemplateLibrary

PLAN = """# Water moves around

Year 4 science, 30 pupils, 50 minutes.

## Learning objectives

- Pupils will be able to explain in three sentences how evaporation and condensation move water from the sea to a hill.
- Pupils will be able to label a diagram with four stages.

## Materials

A kettle, a cold metal tray, one large diagram for each table and blue pencils.

## Starter (5 minutes)

Pupils write down two things that they remember about solids, liquids and gases from last month.

## Main activity (30 minutes)

The teacher holds the cold tray above the kettle and asks what the drops on the tray are. Then the teacher draws
the first stage on the board and says aloud why the arrow goes up.

1. Pairs put the four stages in order.
2. Pairs label the diagram and colour the arrows.
3. Each pair reads its labels to another pair.

The teacher walks around and helps.

| Stage | Word | Picture |
| --- | --- | --- |
| 1 | evaporation | sun and sea |
| 2 | condensation | cloud |
| 3 | precipitation | rain |
| 4 | collection | river |

## Closing (15 minutes)

A volunteer shows the diagram under the camera. The class sings the water song and tidies up. The teacher reminds
everybody that the trip to the river is on Friday and that boots are needed.
"""


class HashEncoder:
    """Unit vectors drawn from the hash of a text."""

    dimension = 8
    name = "hash"
    fingerprint = "hash-8"

    def encode(self, texts: Sequence[str], *, layers: Sequence[int] = ()) -> EncodedTexts:
        vectors = np.zeros((len(texts), self.dimension), np.float32)
        for row, text in enumerate(texts):
            seed = int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")
            vectors[row] = np.random.default_rng(seed).standard_normal(self.dimension)
            vectors[row] /= np.linalg.norm(vectors[row])
        return EncodedTexts(vectors, np.zeros((len(texts), 0, self.dimension), np.float32), np.zeros(len(texts), bool))


class KeywordModel:
    """Finds a measure where a sentence says its key, or holds a template title of even length that repairs it."""

    def __init__(self, library: TemplateLibrary) -> None:
        self.encoder: Any = HashEncoder()
        self.patterns: Any = None
        titles = [(template.title, template.measures[0]) for template in library.values()]
        self._marks = {m.key: [m.key, *(t for t, key in titles if key == m.key and len(t) % 2 == 0)] for m in RUBRIC}

    def analyse(self, text: str, *, previous: Analysis | None = None) -> Analysis:
        check_text(text)
        segments = segment_document(text)
        quotable = [s for s in segments if s.kind is not SegmentKind.HEADING]
        readings = {}
        for number, measure in enumerate(RUBRIC):
            found = [s for s in quotable if any(mark in s.text for mark in self._marks[measure.key])]
            evidence = tuple(Evidence(s.text, s.start, s.end) for s in found[:3])
            doubt = f"maybe {measure.key}" in text
            verdict: Any = "unsure" if doubt else "present" if evidence else "absent"
            probability = 0.5 if doubt else 0.9 if evidence else 0.1 + number / 100
            readings[measure.key] = MeasureReading(probability, verdict, evidence)
        vector = self.encoder.encode([text]).vectors[0]
        rows = np.zeros((len(segments), self.encoder.dimension), np.float32)
        english = "¿" not in text
        return Analysis(
            words=len(text.split()),
            language="en" if english else "es",
            is_lesson_plan=english,
            measures=readings,
            vector=vector,
            segments=tuple(segments),
            segment_vectors=rows,
            encoded=len(segments) if previous is None else 0,
        )


@pytest.fixture(scope="session")
def plan() -> str:
    """A plan of about 250 words, written for these tests."""
    return PLAN


@pytest.fixture(scope="session")
def fast_parts() -> tuple[Any, TemplateIndex]:
    """The stand-in model, and an index of the shipped templates."""
    library = TemplateLibrary.shipped()
    model: Any = KeywordModel(library)
    return model, TemplateIndex.build(library, encoder=model.encoder)


@pytest.fixture(scope="session")
def fast_coach(fast_parts: tuple[Any, TemplateIndex]) -> Callable[[], LessonCoach]:
    """Makes coaches with the stand-in model over the shipped templates."""
    return lambda: LessonCoach(*fast_parts)


@pytest.fixture
def coach(model: QualityModel, index: TemplateIndex) -> LessonCoach:
    """The coach as it is shipped."""
    return LessonCoach(model, index)


@pytest.fixture
def service(fast_parts: tuple[Any, TemplateIndex]) -> Iterator[Any]:
    """A service over the stand-in model and a database in memory."""
    from chatbot.service import CoachService
    from chatbot.store.sql import open_log

    numbers = count(1)
    with open_log("sqlite://") as log:
        yield CoachService(*fast_parts, log, clock=lambda: datetime.now(UTC), ids=lambda: f"thread-{next(numbers)}")
