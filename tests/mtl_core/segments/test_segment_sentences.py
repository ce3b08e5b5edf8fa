"""Where a sentence begins and ends: wrapped lines, abbreviations, marks and quotes."""

from __future__ import annotations

import pytest

from tests.mtl_core.segments.segment_texts import contents


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_hard_wrapped_lines_are_one_sentence(end: str) -> None:
    first = f"Pupils solve the ten problems on the sheet in pairs and{end}Amina shows her working on the board."
    assert contents(f"{first} Then they stop.") == [first, "Then they stop."]


def test_short_lines_that_are_complete_are_not_joined() -> None:
    assert contents("Grade 4 science\nTime 45 minutes\nThe water cycle") == [
        "Grade 4 science",
        "Time 45 minutes",
        "The water cycle",
    ]


def test_an_empty_line_ends_a_passage() -> None:
    assert contents("Pupils solve the ten problems on the sheet in pairs and\n\nthen they stop") == [
        "Pupils solve the ten problems on the sheet in pairs and",
        "then they stop",
    ]


@pytest.mark.parametrize(
    "text",
    [
        "Use counters, e.g. Numicon or cubes, for every child.",
        "Ask Mr. Smith for the key.",
        "Work for approx. 10 minutes.",
        "Read pp. 12 to 14 aloud.",
        "The U.S. Constitution was signed in 1787.",
        "Measure 2.5 litres.",
    ],
)
def test_abbreviations_and_decimals_end_no_sentence(text: str) -> None:
    assert contents(text) == [text]


def test_sentences_are_cut_after_their_marks_and_closing_quotes() -> None:
    text = "She asks “What is left?” Pupils write it down! Is it five? Yes… It is (really.) Good."
    assert contents(text) == [
        "She asks “What is left?”",
        "Pupils write it down!",
        "Is it five?",
        "Yes…",
        "It is (really.)",
        "Good.",
    ]
