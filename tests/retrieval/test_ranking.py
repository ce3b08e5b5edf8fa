from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mtl_core.errors import InputError
from mtl_core.rubric import MEASURES
from retrieval import LessonTemplate, SearchHit
from retrieval.ranking import PlanNeeds, RankedTemplate, RankingConfig, focused, gap_weights, rank_for_gaps

KEYS = tuple(MEASURES)


def hit(name: str, measures: list[str], score: float, **fields: Any) -> SearchHit:
    valid = {
        "id": name,
        "title": f"Title {name}",
        "summary": "A summary.",
        "text": "On {topic}.",
        "steps": ["One."],
        "minutes": 5,
        "subjects": ["any"],
        "grades": {"from": 0, "to": 13},
        "measures": measures,
        "placement": "end",
        "licence": "CC0",
    }
    return SearchHit(LessonTemplate.model_validate(valid | fields), score)


def names(ranked: list[RankedTemplate]) -> list[str]:
    return [found.template.id for found in ranked]


measure_lists = st.lists(st.sampled_from(KEYS), min_size=1, max_size=3, unique=True)
bands = st.tuples(st.integers(0, 13), st.integers(0, 13)).map(lambda ends: {"from": min(ends), "to": max(ends)})
subjects = st.sampled_from([["any"], ["science"], ["music", "science"]])
hit_lists = st.lists(st.tuples(measure_lists, st.integers(-100, 100), bands, subjects), max_size=8).map(
    lambda rows: [
        hit(f"t{number}", measures, score / 100, grades=band, subjects=names)
        for number, (measures, score, band, names) in enumerate(rows)
    ]
)
needs = st.builds(
    PlanNeeds,
    gaps=st.dictionaries(st.sampled_from(KEYS), st.integers(0, 100).map(lambda n: n / 100), max_size=6),
    grade=st.none() | st.integers(0, 13),
    subject=st.none() | st.sampled_from(["science", "music", "art"]),
)


def test_a_template_written_for_the_gap_is_first_on_equal_similarity() -> None:
    side = hit("side", ["vocabulary", "modelling"], 0.5)
    primary = hit("primary", ["modelling", "vocabulary"], 0.5)
    assert names(rank_for_gaps([side, primary], PlanNeeds(gaps={"modelling": 1.0}))) == ["primary", "side"]


def test_the_second_template_repairs_another_gap_than_the_first() -> None:
    hits = [hit("a", ["modelling"], 0.5), hit("b", ["modelling"], 0.49), hit("c", ["vocabulary"], 0.4)]
    gaps = {"modelling": 1.0, "vocabulary": 0.9}
    assert names(rank_for_gaps(hits, PlanNeeds(gaps=gaps), k=3)) == ["a", "c", "b"]
    # without gaps, and with gaps that weigh nothing, similarity decides alone
    assert names(rank_for_gaps(hits, PlanNeeds(), k=3)) == ["a", "b", "c"]
    assert names(rank_for_gaps(hits, PlanNeeds(gaps=dict.fromkeys(gaps, 0.0)), k=3)) == ["a", "b", "c"]


def test_grade_and_subject_count() -> None:
    fits = hit("fits", ["modelling"], 0.5, grades={"from": 3, "to": 6}, subjects=["science"])
    other = hit("other", ["modelling"], 0.5, subjects=["music"])
    adults = hit("adults", ["modelling"], 0.5, grades={"from": 13, "to": 13})
    anything = hit("anything", ["modelling"], 0.5)
    ranked = rank_for_gaps(
        [other, adults, anything, fits], PlanNeeds(gaps={"modelling": 1}, grade=4, subject="science")
    )
    assert names(ranked)[:2] == ["fits", "anything"]
    by_name = {found.template.id: found for found in ranked}
    assert (by_name["fits"].relevance.grade, by_name["fits"].relevance.subject) == (1.0, 1.0)
    assert (by_name["adults"].relevance.grade, by_name["anything"].relevance.subject) == (0.0, 0.5)
    assert by_name["other"].gaps == {}, "what is for another subject repairs nothing here"
    assert by_name["adults"].gaps == {}


def test_the_fit_to_the_grade_falls_with_the_distance() -> None:
    band = hit("band", ["modelling"], 0.0, grades={"from": 4, "to": 6})
    fits = [rank_for_gaps([band], PlanNeeds(grade=grade))[0].relevance.grade for grade in range(11)]
    assert fits == [0.0, 0.25, 0.5, 0.75, 1, 1, 1, 0.75, 0.5, 0.25, 0.0]
    assert rank_for_gaps([band], PlanNeeds())[0].relevance.grade == 1


def test_the_explanation_adds_up() -> None:
    config = RankingConfig(similarity=1, grade=0.1, subject=0.2, coverage=0.5, primary=0.8, secondary=0.4)
    plan = PlanNeeds(gaps={"modelling": 0.5, "vocabulary": 1.0, "misconceptions": 0.3})
    (only,) = rank_for_gaps([hit("t", ["modelling", "vocabulary"], 0.6)], plan, config=config)
    assert only.gaps == pytest.approx({"vocabulary": 0.5 * 1.0 * 0.4, "modelling": 0.5 * 0.5 * 0.8})
    assert only.relevance.total == pytest.approx(0.6 + 0.1 + 0.2 * 0.5)
    assert only.score == pytest.approx(only.relevance.total + 0.4)


@given(hit_lists, needs, st.integers(1, 10))
def test_a_ranking_repeats_leaves_nothing_out_and_explains_itself(
    hits: list[SearchHit], plan: PlanNeeds, k: int
) -> None:
    before = list(hits)
    ranked = rank_for_gaps(hits, plan, k=k)
    assert hits == before
    assert rank_for_gaps(hits, plan, k=k) == ranked
    assert len(set(names(ranked))) == len(ranked) == min(k, len(hits))
    covered = dict.fromkeys(KEYS, 0.0)
    for found in ranked:
        assert found.score == pytest.approx(found.relevance.total + sum(found.gaps.values()), abs=1e-9)
        assert set(found.gaps) <= set(plan.gaps) & set(found.template.measures)
        assert list(found.gaps.values()) == sorted(found.gaps.values(), reverse=True)
        for measure, gain in found.gaps.items():
            covered[measure] += gain
    assert all(covered[measure] <= RankingConfig().coverage * weight + 1e-9 for measure, weight in plan.gaps.items())


@given(hit_lists, needs, st.sampled_from(KEYS))
def test_a_heavier_gap_never_keeps_the_first_place_from_what_repairs_it(
    hits: list[SearchHit], plan: PlanNeeds, heavier: str
) -> None:
    light = PlanNeeds(gaps={**plan.gaps, heavier: 0.1}, grade=plan.grade, subject=plan.subject)
    heavy = PlanNeeds(gaps={**plan.gaps, heavier: 1.0}, grade=plan.grade, subject=plan.subject)
    before, after = rank_for_gaps(hits, light, k=1), rank_for_gaps(hits, heavy, k=1)
    if before and heavier in before[0].gaps:
        assert heavier in after[0].gaps


@given(hit_lists, needs, st.data())
def test_a_nearer_template_never_comes_later(hits: list[SearchHit], plan: PlanNeeds, data: st.DataObject) -> None:
    if not hits:
        return
    row = data.draw(st.integers(0, len(hits) - 1))
    nearer = [*hits[:row], SearchHit(hits[row].template, min(1.0, hits[row].score + 0.2)), *hits[row + 1 :]]
    name = hits[row].template.id
    place_before = names(rank_for_gaps(hits, plan, k=len(hits))).index(name)
    place_after = names(rank_for_gaps(nearer, plan, k=len(hits))).index(name)
    assert place_after <= place_before


@given(hit_lists, needs)
def test_a_template_that_repairs_one_gap_more_is_never_ranked_below_its_twin(
    hits: list[SearchHit], plan: PlanNeeds
) -> None:
    twin = hit("twin", ["modelling"], 0.3)
    more = hit("more", ["modelling", "vocabulary"], 0.3)
    gaps = {**plan.gaps, "vocabulary": 0.5}
    order = names(rank_for_gaps([*hits, more, twin], PlanNeeds(gaps=gaps), k=len(hits) + 2))
    assert order.index("more") < order.index("twin")
    assert names(rank_for_gaps([twin, more], PlanNeeds(gaps=gaps))) == ["more", "twin"]


def test_redundancy_parts_twins_where_vectors_are_given() -> None:
    hits = [hit("a", ["modelling"], 0.6), hit("twin", ["modelling"], 0.59), hit("far", ["modelling"], 0.5)]
    vectors = np.array([[1, 0], [1, 0], [0, 1]], np.float32)
    config = RankingConfig(redundancy=0.5)
    ranked = rank_for_gaps(hits, PlanNeeds(), k=3, config=config, vectors=vectors)
    assert names(ranked) == ["a", "far", "twin"]
    assert [found.redundancy for found in ranked] == pytest.approx([0.0, 0.0, 0.5])
    assert names(rank_for_gaps(hits, PlanNeeds(), k=3, config=config)) == ["a", "twin", "far"]


def test_preferences_move_templates() -> None:
    hits = [hit("a", ["modelling"], 0.5), hit("b", ["modelling"], 0.5)]
    assert names(rank_for_gaps(hits, PlanNeeds(), preferences=[-1.0, 0.0])) == ["b", "a"]
    assert names(rank_for_gaps(hits, PlanNeeds(), preferences=[0.0, 0.2])) == ["b", "a"]
    with pytest.raises(InputError, match="2 candidates need as many preferences, not 1"):
        rank_for_gaps(hits, PlanNeeds(), preferences=[0.0])


def test_nothing_gives_nothing() -> None:
    assert rank_for_gaps([], PlanNeeds(gaps={"modelling": 1.0})) == []


def test_the_weight_of_a_gap_is_its_doubt_times_its_value() -> None:
    weights = gap_weights({"modelling": 0.25, "vocabulary": 0.25, "differentiation": 1.0})
    assert weights == pytest.approx({"modelling": 0.75, "vocabulary": 0.25, "differentiation": 0.0})


@given(st.dictionaries(st.sampled_from(KEYS), st.floats(0, 1)))
def test_weights_lie_between_0_and_1_and_fall_with_the_probability(probabilities: dict[str, float]) -> None:
    weights = gap_weights(probabilities)
    surer = gap_weights({key: value / 2 for key, value in probabilities.items()})
    assert all(0 <= weight <= 1 for weight in weights.values())
    assert all(surer[key] >= weight for key, weight in weights.items())
    PlanNeeds(gaps=weights)


def test_the_gap_of_a_nudge_outweighs_the_others() -> None:
    assert focused({"modelling": 0.5, "vocabulary": 1.0}, "modelling") == {"modelling": 1.0, "vocabulary": 0.4}
    assert focused({}, "modelling") == {"modelling": 1.0}


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: PlanNeeds(gaps={"fun": 0.5}), "no measure 'fun'"),
        (lambda: PlanNeeds(gaps={"modelling": 1.5}), "modelling is 1.5"),
        (lambda: PlanNeeds(gaps={"modelling": float("nan")}), "modelling is nan"),
        (lambda: RankingConfig(coverage=-1), "coverage is -1"),
        (lambda: RankingConfig(similarity=float("nan")), "similarity is nan"),
        (lambda: RankingConfig(primary=1.1), "primary is 1.1"),
        (lambda: rank_for_gaps([hit("a", ["modelling"], 0.5)], PlanNeeds(), k=0), "k is 0"),
    ],
)
def test_what_does_not_fit_is_refused(make: Callable[[], object], said: str) -> None:
    with pytest.raises(InputError, match=said):
        make()
