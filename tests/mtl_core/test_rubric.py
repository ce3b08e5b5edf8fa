"""The 14 measures."""

from __future__ import annotations

import dataclasses
import graphlib

import pytest

from mtl_core.rubric import MEASURES, RUBRIC, Measure


def test_there_are_fourteen_measures_in_one_order() -> None:
    assert len(RUBRIC) == 14
    assert list(MEASURES) == [measure.key for measure in RUBRIC]
    assert list(MEASURES.values()) == list(RUBRIC)


@pytest.mark.parametrize("field", ["key", "title", "definition", "near_misses"])
def test_no_two_measures_share_a_text(field: str) -> None:
    texts = [getattr(measure, field) for measure in RUBRIC]
    assert len(set(texts)) == len(RUBRIC)
    assert all(text == text.strip() != "" for text in texts)


@pytest.mark.parametrize("measure", RUBRIC, ids=lambda measure: measure.key)
def test_a_measure_is_complete(measure: Measure) -> None:
    assert measure.key.isidentifier()
    assert measure.key == measure.key.lower()
    assert measure.source
    assert measure.value in (1, 2, 3)
    assert set(measure.needs) <= set(MEASURES) - {measure.key}


def test_no_measure_waits_for_itself() -> None:
    order = list(graphlib.TopologicalSorter({m.key: m.needs for m in RUBRIC}).static_order())
    assert sorted(order) == sorted(MEASURES)


def test_the_rubric_cannot_be_changed() -> None:
    with pytest.raises(TypeError):
        MEASURES["other"] = RUBRIC[0]  # type: ignore[index]
    with pytest.raises(dataclasses.FrozenInstanceError):
        RUBRIC[0].value = 1  # type: ignore[misc]
