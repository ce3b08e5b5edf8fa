"""The judged passages: well formed, each once, without a word of a plan."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.quote_verdicts import LATER, VERDICTS, JudgedPassage, agreement, by_first_pair, judged, line_of
from mtl_core.rubric import MEASURES
from mtl_core.training.corpus import read_rows


def test_every_passage_is_judged_once_by_two() -> None:
    rows = list(read_rows(VERDICTS, JudgedPassage))
    assert len({(row.plan, row.measure, row.start) for row in rows}) == len(rows) == 593
    assert {row.measure for row in rows} == set(MEASURES)
    assert {verdict for row in rows for verdict in row.verdicts} == {0, 1, 2}
    assert 0.9 < agreement(rows) < 1


@pytest.mark.parametrize(("path", "passages", "shared"), [(LATER[0], 288, 70), (LATER[1], 194, 60)])
def test_later_readers_judged_some_of_the_same_passages(path: Path, passages: int, shared: int) -> None:
    later = judged(path)
    assert len(list(read_rows(path, JudgedPassage))) == len(later) == passages
    assert len(later.keys() & judged(VERDICTS).keys()) == shared
    assert {verdict for row in later.values() for verdict in row.verdicts} == {0, 1, 2}
    assert 0.9 < agreement(later.values()) < 1


def test_a_passage_counts_for_the_first_pair_that_judged_it() -> None:
    one, two = (JudgedPassage(plan="a", measure="vocabulary", start=start, verdicts=(2, 2)) for start in (1, 2))
    other = JudgedPassage(plan="a", measure="vocabulary", start=1, verdicts=(0, 0))
    places = [("a", "vocabulary", start) for start in (2, 1, 3)]
    assert by_first_pair(places, [{places[1]: one}, {places[1]: other, places[0]: two}]) == [[one], [two]]


def test_half_of_a_measure_of_two_parts_is_shown() -> None:
    half = JudgedPassage(plan="a", measure="pacing_and_materials", start=3, verdicts=(1, 0))
    other = JudgedPassage(plan="a", measure="vocabulary", start=3, verdicts=(1, 2))
    assert (half.shown, half.nothing) == (0.5, 0.5)
    assert (other.shown, other.nothing) == (0.5, 0.0)
    assert agreement([half, other]) == 0
    assert line_of([half, other]) == "  2 shown 0.50 nothing 0.25"
    assert line_of([]) == "  0"
