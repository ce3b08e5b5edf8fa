"""A small world in which the coach's rules are tried: a model that reads marks, and a few templates a measure."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from itertools import count
from typing import Any

import numpy as np

from chatbot.coach import LessonCoach
from chatbot.readability import reading_grade
from mtl_core.encoder import EncodedTexts
from mtl_core.reading import Analysis, Evidence, MeasureReading
from mtl_core.rubric import RUBRIC
from mtl_core.segments import SegmentKind, segment_document
from mtl_core.text_check import check_text
from retrieval import TemplateIndex, TemplateLibrary

__all__ = ["PLANS", "RuleWorld"]

_TEMPLATES_A_MEASURE = 5
_GRADE = 3

PLANS = (
    "# Rivers\n\nYear 5 geography, 50 minutes.\n\n## Main\n\nPairs draw a river [modelling].\n\n## End\n\nTidy up.\n",
    "# Halves\n\n## Starter\n\nThe class counts to ten.\n\n## Main\n\nEach table cuts 4 paper circles.\n",
    "# Magnets\r\n\r\nGrade 3.\r\n\r\n## Main\r\n\r\nGroups test metals [vocabulary?] and say “it sticks”.\r\n",
    """# Poems

- Pupils write four lines [measurable_objective].
- They read them [exit_assessment].

Talk about rhyme.
""",
    "# Maps\n\nLearners walk around the school. [check_for_understanding?] They note six places [success_criteria].",
    "# Colours\n\nYear 2 art.\n\n"
    + "".join(f"- Line [{m.key}{'?' * (m.key in ('modelling', 'exit_assessment'))}].\n" for m in RUBRIC),
)
"""Plans in which a mark such as ``[vocabulary]`` shows a measure, and ``[vocabulary?]`` leaves it in doubt."""


class _HashEncoder:
    dimension = 8
    name = "hash"
    fingerprint = "hash-8"

    def encode(self, texts: Sequence[str], *, layers: Sequence[int] = ()) -> EncodedTexts:
        del layers
        vectors = np.zeros((len(texts), self.dimension), np.float32)
        for row, text in enumerate(texts):
            seed = int.from_bytes(hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()[:8], "big")
            vectors[row] = np.random.default_rng(seed).standard_normal(self.dimension)
            vectors[row] /= np.linalg.norm(vectors[row])
        return EncodedTexts(vectors, np.zeros((len(texts), 0, self.dimension), np.float32), np.zeros(len(texts), bool))


class _MarkModel:
    """Reads marks; a suggestion whose text has an even number of letters repairs its measure, others do not."""

    def __init__(self, library: TemplateLibrary) -> None:
        self.encoder: Any = _HashEncoder()
        self._titles = [(f"**{t.title}:**", t.measures[0]) for t in library.values() if len(t.text) % 2 == 0]

    def analyse(self, text: str, *, previous: Analysis | None = None) -> Analysis:
        del previous
        check_text(text)
        segments = segment_document(text)
        lines = [s for s in segments if s.kind is not SegmentKind.HEADING]
        repaired = [(mark, key) for mark, key in self._titles if mark in text]
        readings = {m.key: self._reading(m.key, row, lines, repaired, text) for row, m in enumerate(RUBRIC)}
        vector = self.encoder.encode([text]).vectors[0]
        return Analysis(
            words=len(text.split()),
            language="en",
            is_lesson_plan="no plan" not in text,
            measures=readings,
            vector=vector,
            segments=tuple(segments),
            segment_vectors=np.zeros((len(segments), self.encoder.dimension), np.float32),
            encoded=len(segments),
        )

    @staticmethod
    def _reading(
        key: str, row: int, lines: Sequence[Any], repaired: list[tuple[str, str]], text: str
    ) -> MeasureReading:
        if f"[no {key}]" in text:
            return MeasureReading(0.05, "absent", ())
        marks = [f"[{key}]", *(mark for mark, measure in repaired if measure == key)]
        found = tuple(Evidence(s.text, s.start, s.end) for s in lines if any(mark in s.text for mark in marks))[:3]
        doubt = tuple(Evidence(s.text, s.start, s.end) for s in lines if f"[{key}?]" in s.text)[:1]
        if found:
            return MeasureReading(0.9, "present", found)
        return MeasureReading(0.45, "unsure", doubt) if doubt else MeasureReading(0.05 + row / 100, "absent", ())


class RuleWorld:
    """Makes coaches over the same model and templates."""

    def __init__(self) -> None:
        shipped = TemplateLibrary.shipped()
        kept = []
        for measure in RUBRIC:
            repairs = [t for t in shipped.values() if t.kind == "repair" and t.measures[0] == measure.key]
            some = repairs[:: max(1, len(repairs) // _TEMPLATES_A_MEASURE)][:_TEMPLATES_A_MEASURE]
            # one that is hard to read for the young, so that the rule on grades has something to avoid
            general = [t for t in repairs if "any" in t.subjects and _GRADE in t.grades and t not in some]
            kept += [*some, *sorted(general, key=lambda t: -reading_grade(t.text))[:1]]
        self.library = TemplateLibrary(kept)
        self._model: Any = _MarkModel(self.library)
        self._index = TemplateIndex.build(self.library, encoder=self._model.encoder)

    def coach(self) -> LessonCoach:
        """A coach that has not read a plan."""
        numbers = count(1)
        return LessonCoach(self._model, self._index, nudge_ids=lambda: f"n{next(numbers)}")
