"""The page of the measures says what rubric and training text say now."""

from __future__ import annotations

import pytest

from benchmarks.measures_page import PAGE, example, section
from mtl_core.rubric import RUBRIC, Measure
from mtl_core.training.corpus import SegmentRow, load_corpus


@pytest.fixture(scope="module")
def rows() -> tuple[SegmentRow, ...]:
    return load_corpus().segments


@pytest.mark.parametrize("measure", RUBRIC, ids=lambda measure: measure.key)
def test_the_page_is_made_from_what_stands_in_the_code(measure: Measure, rows: tuple[SegmentRow, ...]) -> None:
    page = PAGE.read_text(encoding="utf-8")
    title, _, *rest = section(measure, rows, (0.5, 0.5, 0.5)).split("\n\n")
    for part in (title, *rest):
        assert part.strip() in page


@pytest.mark.parametrize("measure", RUBRIC, ids=lambda measure: measure.key)
def test_an_example_is_labelled_as_what_it_is_shown_as(measure: Measure, rows: tuple[SegmentRow, ...]) -> None:
    assert measure.key in example(rows, measure.key, "present").measures
    assert measure.key not in example(rows, measure.key, "near_miss").measures
