"""Off-line replay of decisions."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chatbot.learning import replay_preferences
from mtl_core.encoder import SharedEncoder
from retrieval import TemplateIndex, TemplateLibrary
from retrieval.feedback import TeacherDecision


@pytest.fixture(scope="module")
def index() -> TemplateIndex:
    return TemplateIndex.build(TemplateLibrary.shipped(), encoder=SharedEncoder.load())


def answers(index: TemplateIndex, *, wanted: str, unwanted: str, count: int) -> list[TeacherDecision]:
    """A teacher who takes every template for one measure and none for another."""
    ids = {
        key: [t.id for t in index.library.values() if t.kind == "repair" and t.measures[0] == key]
        for key in (wanted, unwanted)
    }
    return [
        TeacherDecision(template_id=ids[key][number], decision=decision, measure=key)
        for number in range(count)
        for key, decision in ((wanted, "use"), (unwanted, "not_relevant"))
    ]


def test_steady_taste_is_found(index: TemplateIndex) -> None:
    teachers = {
        f"t{number}": answers(index, wanted="vocabulary", unwanted="exit_assessment", count=5) for number in range(6)
    }
    found = replay_preferences(teachers, index=index)
    assert (found.teachers, found.decisions, found.accepted) == (6, 54, 24)
    assert found.verdict == "helps"
    assert found.agreement is not None
    assert found.agreement > 0.9


def test_answers_by_chance_teach_nothing(index: TemplateIndex) -> None:
    generator = np.random.default_rng(3)
    repairs = [t.id for t in index.library.values() if t.kind == "repair"]
    teachers = {
        f"t{number}": [
            TeacherDecision(
                template_id=repairs[int(generator.integers(len(repairs)))],
                decision=("use", "not_relevant")[int(generator.integers(2))],
            )
            for _ in range(12)
        ]
        for number in range(12)
    }
    found = replay_preferences(teachers, index=index)
    assert found.verdict == "cannot tell"
    assert found.agreement == pytest.approx(0.5, abs=0.15)


def test_too_little_says_nothing(index: TemplateIndex) -> None:
    assert replay_preferences({}, index=index).verdict == "cannot tell"
    few = {"t": answers(index, wanted="vocabulary", unwanted="exit_assessment", count=2)}
    found = replay_preferences(few, index=index)
    assert (found.decisions, found.verdict) == (3, "cannot tell")
    unknown = {"t": [TeacherDecision(template_id="gone", decision="use")] * 4}
    assert replay_preferences(unknown, index=index).decisions == 0


@settings(max_examples=20, deadline=None)
@given(data=st.data())
def test_a_replay_is_the_same_twice_and_in_range(index: TemplateIndex, data: st.DataObject) -> None:
    ids = list(index.library)[:20]
    one = st.builds(
        TeacherDecision,
        template_id=st.sampled_from(ids),
        decision=st.sampled_from(["use", "edit", "not_now", "not_relevant"]),
    )
    teachers = data.draw(st.dictionaries(st.sampled_from("abc"), st.lists(one, max_size=6), max_size=3))
    found = replay_preferences(teachers, index=index)
    assert found == replay_preferences(teachers, index=index)
    assert found.accepted <= found.decisions <= sum(map(len, teachers.values()))
    if found.agreement is not None:
        assert 0 <= (found.low or 0) <= found.agreement <= (found.high or 1) <= 1
