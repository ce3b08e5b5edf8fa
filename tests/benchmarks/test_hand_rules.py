"""The hand-written patterns: every file is well formed, and they match what they are for."""

from __future__ import annotations

import pytest

from benchmarks.hand_rules import FOLDER, as_inputs, load_patterns, matched
from mtl_core.rubric import MEASURES
from mtl_core.segments import segment_document
from mtl_core.training.corpus import LabelledPlan

SHOWN = {
    "exit_assessment": "Before they leave, each student answers two questions on an exit ticket and hands it in.",
    "misconceptions": "Some students may think that heavier objects fall faster; drop two balls to show they do not.",
    "structured_participation": "Think-pair-share: one minute alone, then tell your partner.",
    "differentiation": "Provide sentence starters and a word bank for English learners.",
    "modelling": "The teacher models how to add fractions on the board, thinking aloud.",
}


def plan_of(text: str) -> LabelledPlan:
    return LabelledPlan("x", "x", text, tuple(segment_document(text)), dict.fromkeys(MEASURES, False), {})


@pytest.mark.parametrize("measure", MEASURES)
def test_every_measure_has_patterns_for_and_against_it(measure: str) -> None:
    patterns = load_patterns(measure)
    assert len(patterns) >= 20
    assert any(pattern.row.against for pattern in patterns)
    assert all(pattern.text or pattern.heading or pattern.then for pattern in patterns)


def test_there_is_no_other_file() -> None:
    assert {path.stem for path in FOLDER.iterdir()} == {*MEASURES, "words"}


@pytest.mark.parametrize(("measure", "text"), SHOWN.items())
def test_what_shows_a_measure_is_matched(measure: str, text: str) -> None:
    patterns = load_patterns(measure)
    ((first, *_),) = matched(patterns, [plan_of(f"Read page 3.\n\n{text}\n")])
    assert first[1] == 1
    assert matched(patterns, [plan_of("Read page 3.\n")]) == [[]]


def test_inputs_are_one_where_a_pattern_matches() -> None:
    assert as_inputs([[(1, 0), (1, 4)], []], 3).tolist() == [[0, 1, 0], [0, 0, 0]]
