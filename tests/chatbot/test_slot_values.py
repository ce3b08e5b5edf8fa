"""What passages of slots stand for."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatbot.slot_values import measure_named, minutes_named, number_named
from mtl_core.rubric import MEASURES


@pytest.mark.parametrize("key", sorted(MEASURES))
def test_every_measure_is_known_by_title_and_key(key: str) -> None:
    assert measure_named(MEASURES[key].title) == key
    assert measure_named(key) == key


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("exit tickets", "exit_assessment"),
        ("I do we do you do", "gradual_release"),
        ("key words", "vocabulary"),
        ("Talk Partners", "structured_participation"),
        ("common mistakes", "misconceptions"),
        ("the learning objective", "measurable_objective"),
        ("photosynthesis", None),
        ("", None),
    ],
)
def test_common_names_of_measures(text: str, key: str | None) -> None:
    assert measure_named(text) == key


@pytest.mark.parametrize(
    ("text", "minutes"),
    [
        ("50 minutes", 50),
        ("45-minute", 45),
        ("half an hour", 30),
        ("half-hour", 30),
        ("three quarters of an hour", 45),
        ("an hour", 60),
        ("an hour and a half", 90),
        ("an hour and ten minutes", 70),
        ("1.5 hours", 90),
        ("1h", 60),
        ("two hours", 120),
        ("eighty minutes", 80),
        ("a double period", None),
        ("0 minutes", None),
        ("99999 hours", None),
    ],
)
def test_minutes(text: str, minutes: int | None) -> None:
    assert minutes_named(text) == minutes


@pytest.mark.parametrize(
    ("text", "number"), [("28", 28), ("about 25", 25), ("twenty-five", 25), ("Thirty", 30), ("a few", None)]
)
def test_numbers(text: str, number: int | None) -> None:
    assert number_named(text) == number


@given(st.text(max_size=60))
def test_any_text_gives_a_value_or_none(text: str) -> None:
    minutes, number = minutes_named(text), number_named(text)
    assert minutes is None or 1 <= minutes <= 1440
    assert number is None or 0 <= number < 1_000_000
    assert measure_named(text) in {None, *MEASURES}
