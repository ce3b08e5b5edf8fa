"""Which language a text is written in."""

from __future__ import annotations

import json

import pytest

from mtl_core.language import detect_language
from mtl_core.training.corpus import SHIPPED_CORPUS, load_corpus


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Pupils recall the three states of water and explain when one becomes another.", "en"),
        ("Los alumnos recuerdan los tres estados del agua y explican cuándo cambia de uno a otro.", "es"),
        ("Les élèves rappellent les trois états de l'eau et expliquent quand elle change d'état.", "fr"),
        ("Die Kinder nennen die drei Zustände des Wassers und erklären, wann sie sich ändern.", "de"),
        ("学生回忆水的三种状态，并解释它什么时候从一种变成另一种。", "zh"),
    ],
)
def test_known_languages(text: str, code: str) -> None:
    assert detect_language(text) == code


def test_only_the_beginning_decides() -> None:
    english = "Pupils write three sums on a card and then they compare their answers. " * 120
    spanish = "Los alumnos escriben tres sumas en una tarjeta y luego comparan sus respuestas. " * 1_000
    assert len(english) > 8_000
    assert detect_language(english + spanish) == "en"
    assert detect_language(spanish + english) == "es"


def test_no_text_of_another_language_passes_as_english() -> None:
    rows = [json.loads(line) for line in (SHIPPED_CORPUS / "other_languages.jsonl").read_bytes().splitlines()]
    assert len(rows) >= 40
    passed = [row["id"] for row in rows if detect_language(row["text"]) == "en"]
    assert len(passed) <= 0.05 * len(rows), passed


def test_english_headings_do_not_make_a_text_english() -> None:
    """A template in English, filled in by a teacher in another language: a heading above every line."""
    headings = ("Lesson Plan", "Learning Objectives", "Warm-up (10 min)", "Main activity", "Assessment", "Exit ticket")
    rows = [json.loads(line) for line in (SHIPPED_CORPUS / "other_languages.jsonl").read_bytes().splitlines()]
    passed = []
    for row in rows:
        lines = [line for line in row["text"].split("\n") if line.strip()]
        mixed = "\n".join(f"## {headings[n % len(headings)]}\n{line}" for n, line in enumerate(lines))
        if detect_language(mixed) == "en":
            passed.append(row["id"])
    assert len(passed) <= 0.05 * len(rows), passed


def test_a_plan_of_a_few_lines_passes_as_english() -> None:
    rows = [json.loads(line) for line in (SHIPPED_CORPUS / "short_plans.jsonl").read_bytes().splitlines()]
    other = [row["id"] for row in rows if detect_language(row["text"]) != "en"]
    assert len(rows) >= 60
    assert len(other) <= 0.01 * len(rows), other


def test_the_plans_of_the_corpus_pass_as_english() -> None:
    plans = load_corpus().plans
    other = [plan.id for plan in plans if detect_language(plan.text) != "en"]
    assert len(other) <= 0.01 * len(plans), other


@pytest.mark.parametrize("text", ["", "   ", "12345", "\0", "☃"])
def test_a_text_without_words_gives_some_code(text: str) -> None:
    assert detect_language(text).isalpha()
