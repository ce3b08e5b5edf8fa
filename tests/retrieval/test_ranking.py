from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mtl_core.rubric import MEASURES
from retrieval import LessonTemplate, SearchHit
from retrieval.ranking import OTHER_GAP_BONUS, PRIMARY_BONUS, rank_for_gap

KEYS = tuple(MEASURES)


def hit(name: str, measures: list[str], score: float) -> SearchHit:
    template = LessonTemplate.model_validate(
        {
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
    )
    return SearchHit(template, score)


measure_lists = st.lists(st.sampled_from(KEYS), min_size=1, max_size=4, unique=True)
hit_lists = st.lists(st.tuples(measure_lists, st.floats(-1, 1, width=32)), max_size=12).map(
    lambda rows: [hit(f"t{number}", measures, score) for number, (measures, score) in enumerate(rows)]
)
gap_weights = st.dictionaries(st.sampled_from(KEYS), st.floats(0, 1), max_size=14)


def names(hits: list[SearchHit]) -> list[str]:
    return [found.template.id for found in hits]


def test_a_template_written_for_the_gap_is_first_on_equal_score() -> None:
    side = hit("side", ["vocabulary", "modelling"], 0.5)
    primary = hit("primary", ["modelling", "vocabulary"], 0.5)
    assert names(rank_for_gap([side, primary], gap="modelling", gaps={})) == ["primary", "side"]


def test_other_open_gaps_decide_between_equals() -> None:
    alone = hit("alone", ["modelling"], 0.5)
    more = hit("more", ["modelling", "vocabulary"], 0.5)
    assert names(rank_for_gap([alone, more], gap="modelling", gaps={"vocabulary": 0.9})) == ["more", "alone"]
    assert names(rank_for_gap([alone, more], gap="modelling", gaps={"vocabulary": 0.0})) == ["alone", "more"]
    assert names(rank_for_gap([alone, more], gap="modelling", gaps={})) == ["alone", "more"]


def test_the_gap_itself_is_not_counted_twice() -> None:
    nearer = hit("nearer", ["vocabulary"], 0.501)
    farther = hit("farther", ["vocabulary", "modelling"], 0.5)
    assert names(rank_for_gap([farther, nearer], gap="modelling", gaps={"modelling": 1.0}))[0] == "nearer"


def test_a_much_nearer_template_beats_the_bonus() -> None:
    near = hit("near", ["vocabulary", "modelling"], 0.5 + PRIMARY_BONUS + 0.01)
    primary = hit("primary", ["modelling"], 0.5)
    assert names(rank_for_gap([primary, near], gap="modelling", gaps={})) == ["near", "primary"]


@pytest.mark.parametrize("lead", [0.01, -0.01])
def test_the_bonus_of_another_gap_has_the_weight_of_that_gap(lead: float) -> None:
    plain = hit("plain", ["modelling"], 0.5 + OTHER_GAP_BONUS * 0.5 + lead)
    other = hit("other", ["modelling", "vocabulary"], 0.5)
    first = names(rank_for_gap([other, plain], gap="modelling", gaps={"vocabulary": 0.5}))[0]
    assert first == ("plain" if lead > 0 else "other")


def test_nothing_gives_nothing() -> None:
    assert rank_for_gap([], gap="modelling", gaps={}) == []


@given(hit_lists, st.sampled_from(KEYS), gap_weights)
def test_the_ranking_reorders_and_repeats(hits: list[SearchHit], gap: str, gaps: dict[str, float]) -> None:
    before = list(hits)
    ranked = rank_for_gap(hits, gap=gap, gaps=gaps)
    assert hits == before
    assert sorted(names(ranked)) == sorted(names(hits))
    assert {found.template.id: found.score for found in ranked} == {found.template.id: found.score for found in hits}
    assert rank_for_gap(hits, gap=gap, gaps=gaps) == ranked
    assert rank_for_gap(ranked, gap=gap, gaps=gaps) == ranked


@given(hit_lists, st.sampled_from(KEYS))
def test_without_other_gaps_each_group_keeps_the_order_of_similarity(hits: list[SearchHit], gap: str) -> None:
    ranked = rank_for_gap(hits, gap=gap, gaps={})
    for primary in (True, False):
        scores = [found.score for found in ranked if (found.template.measures[0] == gap) is primary]
        # the bonus is added in floating point, so scores nearer than that count as equal
        assert all(first >= second - 1e-6 for first, second in itertools.pairwise(scores))


@given(hit_lists, st.sampled_from(KEYS), gap_weights, st.sampled_from(KEYS))
def test_a_heavier_gap_never_lowers_a_template_that_repairs_it(
    hits: list[SearchHit], gap: str, gaps: dict[str, float], heavier: str
) -> None:
    before = names(rank_for_gap(hits, gap=gap, gaps=gaps | {heavier: 0.0}))
    after = names(rank_for_gap(hits, gap=gap, gaps=gaps | {heavier: 1.0}))
    for found in hits:
        if heavier in found.template.measures and heavier != gap:
            others = {h.template.id for h in hits if heavier not in h.template.measures}
            name = found.template.id
            passed_before = others & set(before[: before.index(name)])
            passed_after = others & set(after[: after.index(name)])
            assert passed_after <= passed_before
