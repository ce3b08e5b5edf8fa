"""Scores of passages by patterns, and how they are saved."""

from __future__ import annotations

import json

import numpy as np
import pytest

from mtl_core.errors import ArtifactError
from mtl_core.pattern_scores import PatternScores, WeighedPattern
from mtl_core.patterns import PatternRow
from mtl_core.prefilter import Prefilter
from mtl_core.segments import segment_document

WORDS = ({}, {"ticket": "exit (?:ticket|slip)"})


def weighed(measure: int, weight: float, *, words: int = 0, **row: object) -> WeighedPattern:
    return WeighedPattern(measure=measure, words=words, weight=weight, row=PatternRow.model_validate(row))


PATTERNS = (
    weighed(0, 1.5, words=1, name="ticket", text="<ticket>"),
    weighed(0, 0.5, name="weak: write", text="write"),
    weighed(0, -1.0, name="homework", text="homework", against=True),
    weighed(1, 0.25, name="draw", text="draw", kind=["sentence"]),
)
TEXT = "Write an exit slip. Write. An exit ticket for homework. Draw a map. Nothing."


@pytest.fixture
def scores() -> PatternScores:
    prefilter = Prefilter(atoms=("exit",), needs=(0, *(None,) * 7))
    return PatternScores(PATTERNS, WORDS, bonus=2.0, measures=2, prefilter=prefilter)


def test_weights_add_up_and_what_shows_a_measure_gets_a_bonus(scores: PatternScores) -> None:
    found, _ = scores(segment_document(TEXT))
    assert found.dtype == np.float32
    # the third passage matches a pattern that shows the measure and one that speaks against it: no bonus
    assert found.tolist() == [[4.0, 0.0], [0.5, 0.0], [0.5, 0.0], [0.0, 2.25], [0.0, 0.0]]


def test_what_is_saved_is_read_again(scores: PatternScores) -> None:
    again = PatternScores.from_json(scores.to_json(), measures=2)
    assert again.patterns == scores.patterns
    assert again.words == scores.words
    assert again.matcher.prefilter == scores.matcher.prefilter
    assert again(segment_document(TEXT))[0].tolist() == scores(segment_document(TEXT))[0].tolist()


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"bonus": 1}', b'{"bonus": 1, "words": [], "patterns": [1]}'])
def test_damaged_patterns_are_refused(content: bytes) -> None:
    with pytest.raises(ArtifactError, match="train the model again"):
        PatternScores.from_json(content, measures=2)


@pytest.mark.parametrize(("path", "value"), [("bonus", "NaN"), ("weight", "Infinity")])
def test_values_that_are_not_finite_are_refused(scores: PatternScores, path: str, value: str) -> None:
    saved = json.loads(scores.to_json())
    target = saved if path == "bonus" else saved["patterns"][0]
    target[path] = float(value)
    with pytest.raises(ArtifactError):
        PatternScores.from_json(json.dumps(saved).encode(), measures=2)


def test_patterns_of_another_rubric_are_refused(scores: PatternScores) -> None:
    with pytest.raises(ArtifactError, match="do not fit"):
        PatternScores.from_json(scores.to_json(), measures=1)
    with pytest.raises(ArtifactError, match="do not fit"):
        PatternScores(PATTERNS, WORDS[:1], bonus=2.0, measures=2)
    with pytest.raises(ArtifactError, match="prefilter does not fit"):
        PatternScores(PATTERNS, WORDS, bonus=2.0, measures=2, prefilter=Prefilter(needs=(None,)))


@pytest.mark.parametrize("pattern", ["(", "<nothing>", "[a-"])
def test_an_expression_that_cannot_be_compiled_is_told(scores: PatternScores, pattern: str) -> None:
    saved = json.loads(scores.to_json())
    saved["patterns"][0]["row"]["text"] = pattern
    again = PatternScores.from_json(json.dumps(saved).encode(), measures=2)
    with pytest.raises(ArtifactError, match="cannot be compiled"):
        again(segment_document(TEXT))
