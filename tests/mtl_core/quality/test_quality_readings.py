"""A reading of a text: fourteen measures with exact quotes, or a refusal that says why."""

from __future__ import annotations

import json

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from mtl_core.errors import InputError
from mtl_core.quality import QualityModel
from mtl_core.reading import Analysis
from mtl_core.rubric import MEASURES
from tests.mtl_core.quality.readings import PLAN, assert_sound


def test_a_plan_is_judged_on_fourteen_measures_with_exact_quotes(reading: Analysis) -> None:
    assert_sound(PLAN, reading)
    assert len(reading.measures) == 14
    assert {"present", "absent"} <= {measure.verdict for measure in reading.measures.values()}
    assert reading.language == "en"


def test_the_json_of_a_reading_names_every_measure_and_quote(reading: Analysis) -> None:
    shown = json.loads(json.dumps(reading.as_json("p-01.md")))
    assert shown["source"] == "p-01.md"
    assert list(shown["measures"]) == list(MEASURES)
    for key, measure in shown["measures"].items():
        assert measure["probability"] == pytest.approx(reading.measures[key].probability, abs=1e-4)
        assert [PLAN[e["start"] : e["end"]] for e in measure["evidence"]] == [e["quote"] for e in measure["evidence"]]


TEXT = st.text(max_size=120) | st.lists(
    st.sampled_from(["Pupils write.", "# Plan", "- card", "| a | b |", "Objective:", "```", "\r\n", "\n\n", "1.", "…"]),
    max_size=10,
).map("\n".join)


@settings(deadline=None, max_examples=150)
@given(TEXT)
@example("# Objective\n\n# Starter")
@example("```python")
@example("a. -")
@example("A. -")
@example("_a_ ___")
def test_any_text_is_read_soundly_or_refused_with_a_reason(tiny_model: QualityModel, text: str) -> None:
    try:
        analysis = tiny_model.analyse(text)
    except InputError as error:
        assert str(error).endswith(".")  # noqa: PT017 - both outcomes are right
        return
    assert_sound(text, analysis)


def test_windows_line_ends_give_the_same_judgements(model: QualityModel, reading: Analysis) -> None:
    text = PLAN.replace("\n", "\r\n")
    windows = model.analyse(text)
    assert_sound(text, windows)
    for key in MEASURES:
        assert windows.measures[key].probability == pytest.approx(reading.measures[key].probability, abs=1e-4)
        quotes = [e.quote.replace("\r\n", "\n") for e in windows.measures[key].evidence]
        assert quotes == [e.quote for e in reading.measures[key].evidence]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "empty"),
        (" \n\t\r\n\u00a0", "empty"),
        ("Pupils write\0 three sums.", "binary"),
        ("\x7fELF\x02\x01\x01" + "\x03\x04" * 40 + "plan", "binary"),
        ("%PDF-1.7 " + "\ufffd" * 30, "binary"),
        ("a" * 200_001, "200,000"),
        ("1 2 3 45 + 6 = ?", "no word"),
        ("--- !!! ☃ ---", "no word"),
        ("```python", "word"),
        ("a. -", "word"),
        ("Pupils write \ud800 three sums.", "text"),
    ],
)
def test_a_text_that_cannot_be_read_is_refused(model: QualityModel, text: str, reason: str) -> None:
    with pytest.raises(InputError, match=reason):
        model.analyse(text)


def test_the_longest_text_is_read(tiny_model: QualityModel) -> None:
    text = ("Pupils write three sums.\n\n" * 8_000)[:200_000]
    analysis = tiny_model.analyse(text)
    assert analysis.encoded <= 2
    assert_sound(text, analysis)
