from __future__ import annotations

from collections.abc import Sequence
from typing import Any, get_args

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mtl_core.errors import InputError
from mtl_core.rubric import MEASURES
from retrieval import SUBJECTS, TemplateIndex, TemplateLibrary
from retrieval.feedback import Answer, TeacherDecision
from retrieval.ranking import PlanNeeds, RankingConfig, suitable
from retrieval.recommend import Recommendation, Recommender, RecommenderConfig

LIBRARY = TemplateLibrary(list(TemplateLibrary.shipped().values())[::3])
KEYS = tuple(MEASURES)

answers = st.builds(
    TeacherDecision, template_id=st.sampled_from(LIBRARY.ids), decision=st.sampled_from(get_args(Answer))
)
histories = st.lists(answers, max_size=5)
plans = st.builds(
    PlanNeeds,
    gaps=st.dictionaries(st.sampled_from(KEYS), st.integers(0, 10).map(lambda n: n / 10), max_size=5),
    grade=st.none() | st.integers(0, 13),
    subject=st.none() | st.sampled_from(SUBJECTS),
)
vectors = st.integers(0, 50).map(lambda seed: unit(np.random.default_rng(seed).standard_normal(8)))

thorough = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def unit(vector: np.ndarray) -> np.ndarray:
    return (vector / np.linalg.norm(vector)).astype(np.float32)


@pytest.fixture(scope="module")
def recommender(hash_encoder: Any) -> Recommender:
    return Recommender(TemplateIndex.build(LIBRARY, encoder=hash_encoder))


def ids(items: Sequence[Recommendation]) -> list[str]:
    return [item.template.id for item in items]


def closed(history: Sequence[TeacherDecision]) -> set[str]:
    """What must not be offered, written once more from the description."""
    return {answer.template_id for answer in history if answer.decision in ("use", "edit", "not_relevant")}


def assert_sound(items: list[Recommendation], history: Sequence[TeacherDecision]) -> None:
    assert len(set(ids(items))) == len(items)
    assert not closed(history) & set(ids(items))
    for item in items:
        assert item.score == pytest.approx(sum(item.parts.values()), abs=1e-6)
        assert item.reason.endswith(".")
        assert item.reason[0].isupper()
        assert "{" not in item.reason


@thorough
@given(vectors, plans, histories, st.integers(1, 12))
def test_a_plan_gets_k_sound_templates(
    recommender: Recommender, vector: np.ndarray, needs: PlanNeeds, history: list[TeacherDecision], k: int
) -> None:
    items = recommender.for_plan(vector, needs, history=history, k=k)
    assert len(items) == min(k, len(LIBRARY) - len(closed(history)))
    assert_sound(items, history)
    assert recommender.for_plan(vector, needs, history=history, k=k) == items
    fitting = [t for t in LIBRARY.values() if suitable(t, needs) and t.id not in closed(history)]
    if len(fitting) >= k:
        assert all(suitable(item.template, needs) for item in items)


@thorough
@given(st.sampled_from(LIBRARY.ids), histories, st.integers(1, 12))
def test_more_like_a_template_is_never_the_template(
    recommender: Recommender, template_id: str, history: list[TeacherDecision], k: int
) -> None:
    items = recommender.like_template(template_id, history=history, k=k)
    assert template_id not in ids(items)
    assert len(items) == min(k, len(LIBRARY) - len(closed(history) | {template_id}))
    assert_sound(items, history)
    assert recommender.like_template(template_id, history=history, k=k) == items


@thorough
@given(st.lists(answers, min_size=1, max_size=5), st.integers(1, 12))
def test_a_history_alone_is_enough(recommender: Recommender, history: list[TeacherDecision], k: int) -> None:
    items = recommender.for_history(history, k=k)
    assert len(items) == min(k, len(LIBRARY) - len(closed(history)))
    assert_sound(items, history)


def own_worth(items: Sequence[Recommendation]) -> dict[str, float]:
    """What each template is worth by itself, without the company that it was chosen in."""
    company = ("redundancy", "gaps", "measures wanted")
    return {item.template.id: sum(v for name, v in item.parts.items() if name not in company) for item in items}


@thorough
@given(vectors, plans, histories, answers.filter(lambda answer: not answer.accepted))
def test_a_dismissal_never_raises_any_template(
    recommender: Recommender, vector: np.ndarray, needs: PlanNeeds, history: list[TeacherDecision], no: TeacherDecision
) -> None:
    every, seed = len(LIBRARY), LIBRARY.ids[len(history)]

    def lists(answers: list[TeacherDecision]) -> list[list[Recommendation]]:
        return [
            recommender.for_plan(vector, needs, history=answers, k=every),
            recommender.like_template(seed, history=answers, k=every),
            *([recommender.for_history(answers, k=every)] if history else []),
        ]

    for items_before, items_after in zip(lists(history), lists([*history, no]), strict=True):
        before, after = own_worth(items_before), own_worth(items_after)
        assert set(after) <= set(before)
        assert all(after[name] <= before[name] + 1e-6 for name in after)


def test_what_is_set_aside_for_now_comes_later(recommender: Recommender) -> None:
    vector, needs = unit(np.arange(1, 9.0)), PlanNeeds(gaps={"modelling": 1.0, "vocabulary": 0.5})
    first = recommender.for_plan(vector, needs, k=1)[0].template.id
    for decision in ("not_now", "not_relevant"):
        history = [TeacherDecision(template_id=first, decision=decision)]
        assert recommender.for_plan(vector, needs, history=history, k=1)[0].template.id != first
    listed = ids(recommender.for_plan(vector, needs, history=history[:0], k=len(LIBRARY)))
    later = [TeacherDecision(template_id=first, decision="not_now")]
    assert ids(recommender.for_plan(vector, needs, history=later, k=len(LIBRARY))).index(first) > listed.index(first)


@thorough
@given(vectors, plans)
def test_without_history_the_plan_decides_alone(recommender: Recommender, vector: np.ndarray, needs: PlanNeeds) -> None:
    # a template that is gone says nothing but its measure, and it has none
    gone = [TeacherDecision(template_id="gone", decision="not_relevant")]
    assert recommender.for_plan(vector, needs, history=gone) == recommender.for_plan(vector, needs)


def test_gaps_are_spread_over_the_list(hash_encoder: Any) -> None:
    index = TemplateIndex.build(LIBRARY, encoder=hash_encoder)
    gaps = {"modelling": 1.0, "vocabulary": 1.0, "misconceptions": 1.0}

    def covered(coverage: float) -> set[str]:
        config = RecommenderConfig(ranking=RankingConfig(coverage=coverage))
        items = Recommender(index, config=config).for_plan(unit(np.ones(8)), PlanNeeds(gaps=gaps), k=3)
        return {measure for item in items for measure in item.template.measures if measure in gaps}

    assert covered(5.0) == set(gaps)
    assert len(covered(0.0)) < len(gaps)


def test_more_like_a_real_template_shares_a_measure(index: TemplateIndex) -> None:
    recommender = Recommender(index)
    for seed in index.library.ids[::25]:
        best = recommender.like_template(seed, k=1)[0].template
        assert set(best.measures) & set(index.library[seed].measures), seed


def test_redundancy_makes_a_list_more_diverse(hash_encoder: Any) -> None:
    index = TemplateIndex.build(LIBRARY, encoder=hash_encoder)

    def spread(redundancy: float) -> float:
        config = RecommenderConfig(redundancy=redundancy)
        items = Recommender(index, config=config).like_template(LIBRARY.ids[0], k=6)
        rows = hash_encoder.encode([item.template.search_text for item in items]).vectors
        return float(np.triu(rows @ rows.T, 1).max())

    assert spread(2.0) < spread(0.0)


def test_nothing_is_encoded_again(hash_encoder: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    index = TemplateIndex.build(LIBRARY, encoder=hash_encoder)
    history = [TeacherDecision(template_id=LIBRARY.ids[4], decision="use")]

    def refuse(*_: Any, **__: Any) -> None:
        raise AssertionError("encoded again")

    monkeypatch.setattr(type(hash_encoder), "encode", refuse)
    recommender = Recommender(index)
    assert recommender.like_template(LIBRARY.ids[0], history=history)
    assert recommender.for_history(history)
    assert recommender.for_plan(unit(np.ones(8)), PlanNeeds(gaps={"modelling": 1.0}), history=history)


def test_a_pool_smaller_than_the_library_holds_what_fits_the_class(hash_encoder: Any) -> None:
    index = TemplateIndex.build(LIBRARY, encoder=hash_encoder)
    small = Recommender(index, config=RecommenderConfig(pool=10))
    vector = unit(np.ones(8))
    items = small.for_plan(vector, PlanNeeds(gaps={"modelling": 1.0}, grade=5, subject="science"), k=5)
    assert len(items) == 5
    assert all(5 in item.template.grades and item.template.suits("science") for item in items)
    # few of the templates are for the youngest, and five were asked for
    assert len(small.for_plan(vector, PlanNeeds(grade=0, subject="science"), k=5)) == 5


def test_claims_of_a_reason_are_true(recommender: Recommender) -> None:
    used, other = LIBRARY.ids[4], LIBRARY.ids[30]
    history = [
        TeacherDecision(template_id=used, decision="use"),
        TeacherDecision(template_id=other, decision="not_now"),
    ]
    needs = PlanNeeds(gaps={"modelling": 0.9, "exit_assessment": 0.8}, grade=4, subject="science")
    for item in recommender.for_plan(unit(np.ones(8)), needs, history=history, k=20):
        template, reason = item.template, item.reason
        assert ("made for science" in reason) == ("science" in template.subjects)
        assert ("suits grade 4" in reason) == (4 in template.grades)
        assert ("modelling" in reason) <= ("modelling" in template.measures)
        assert ("an exit assessment" in reason) <= ("exit_assessment" in template.measures)
        assert ("which you used" in reason) <= (f"“{LIBRARY[used].title}”" in reason)


def test_what_cannot_be_answered_is_refused(recommender: Recommender) -> None:
    with pytest.raises(InputError, match="no template 'nothing'"):
        recommender.like_template("nothing")
    with pytest.raises(InputError, match="no decision yet"):
        recommender.for_history([])
    with pytest.raises(InputError, match="k is 0"):
        recommender.like_template(LIBRARY.ids[0], k=0)
    with pytest.raises(InputError, match="k is 0"):
        recommender.for_plan(unit(np.ones(8)), PlanNeeds(), k=0)
    with pytest.raises(InputError, match="finite"):
        recommender.for_plan(np.full(8, np.nan, np.float32), PlanNeeds())
    with pytest.raises(InputError, match="pool is 0"):
        RecommenderConfig(pool=0)
    with pytest.raises(InputError, match="same_grades is -1"):
        RecommenderConfig(same_grades=-1)


def test_everything_used_leaves_nothing(hash_encoder: Any) -> None:
    few = TemplateLibrary(list(LIBRARY.values())[:3])
    recommender = Recommender(TemplateIndex.build(few, encoder=hash_encoder))
    history = [TeacherDecision(template_id=name, decision="use") for name in few.ids]
    assert recommender.for_history(history) == []
    assert recommender.for_plan(unit(np.ones(8)), PlanNeeds(gaps={"modelling": 1.0}), history=history) == []
