"""The judged passages: well formed, each once, without a word of a plan."""

from __future__ import annotations

from benchmarks.quote_verdicts import LATER, VERDICTS, JudgedPassage, agreement, judged, line_of
from mtl_core.rubric import MEASURES
from mtl_core.training.corpus import read_rows


def test_every_passage_is_judged_once_by_two() -> None:
    rows = list(read_rows(VERDICTS, JudgedPassage))
    assert len({(row.plan, row.measure, row.start) for row in rows}) == len(rows) == 593
    assert {row.measure for row in rows} == set(MEASURES)
    assert {verdict for row in rows for verdict in row.verdicts} == {0, 1, 2}
    assert 0.9 < agreement(rows) < 1


def test_later_readers_judged_some_of_the_same_passages() -> None:
    later = judged(LATER)
    assert len(list(read_rows(LATER, JudgedPassage))) == len(later) == 288
    assert len(later.keys() & judged(VERDICTS).keys()) == 70
    assert {verdict for row in later.values() for verdict in row.verdicts} == {0, 1, 2}
    assert 0.9 < agreement(later.values()) < 1


def test_half_of_a_measure_of_two_parts_is_shown() -> None:
    half = JudgedPassage(plan="a", measure="pacing_and_materials", start=3, verdicts=(1, 0))
    other = JudgedPassage(plan="a", measure="vocabulary", start=3, verdicts=(1, 2))
    assert (half.shown, half.nothing) == (0.5, 0.5)
    assert (other.shown, other.nothing) == (0.5, 0.0)
    assert agreement([half, other]) == 0
    assert line_of([half, other]) == "  2 shown 0.50 nothing 0.25"
    assert line_of([]) == "  0"
