from __future__ import annotations

from collections.abc import Callable
from itertools import product
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mtl_core.encoder import SharedEncoder
from mtl_core.errors import InputError
from mtl_core.rubric import MEASURES
from retrieval import SUBJECTS, LessonTemplate, SearchFilter, SearchHit, TemplateIndex, TemplateLibrary

SHIPPED = TemplateLibrary.shipped()
_RANDOM = np.random.default_rng(20)


def unit_rows(count: int, dimension: int) -> np.ndarray:
    rows = _RANDOM.standard_normal((count, dimension)).astype(np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


VECTORS = unit_rows(len(SHIPPED), 8)
QUERIES = unit_rows(6, 8)


@pytest.fixture(scope="module")
def fast(hash_encoder: Any) -> TemplateIndex:
    """The shipped templates with random vectors: as many rows as the real index, without the network."""
    return TemplateIndex(SHIPPED, VECTORS, encoder=hash_encoder)


def admitted(template: LessonTemplate, where: SearchFilter) -> bool:
    """The rule of the filters, written once more from their description."""
    if where.measure is not None and where.measure not in template.measures:
        return False
    if where.subject is not None and not {"any", where.subject} & set(template.subjects):
        return False
    if where.grade is not None and not template.grades.lowest <= where.grade <= template.grades.highest:
        return False
    return where.minutes is None or template.minutes <= where.minutes


def brute_force(vectors: np.ndarray, query: np.ndarray, *, k: int, where: SearchFilter) -> list[tuple[str, float]]:
    scores = vectors.astype(np.float64) @ query.astype(np.float64)
    rows = [row for row, template in enumerate(SHIPPED.values()) if admitted(template, where)]
    rows.sort(key=lambda row: (-scores[row], row))
    return [(SHIPPED.ids[row], float(scores[row])) for row in rows[:k]]


def assert_same(hits: list[SearchHit], expected: list[tuple[str, float]]) -> None:
    assert [hit.template.id for hit in hits] == [name for name, _ in expected]
    np.testing.assert_allclose([hit.score for hit in hits], [score for _, score in expected], atol=1e-5)


@pytest.mark.parametrize("used", list(product([False, True], repeat=4)))
def test_search_equals_brute_force_under_every_combination_of_filters(
    fast: TemplateIndex, used: tuple[bool, ...]
) -> None:
    values = {"measure": "modelling", "subject": "science", "grade": 5, "minutes": 12}
    where = SearchFilter(**{name: value for (name, value), on in zip(values.items(), used, strict=True) if on})
    for query in QUERIES:
        expected = brute_force(VECTORS, query, k=7, where=where)
        assert expected
        assert_same(fast.search(query, k=7, where=where), expected)


filters = st.builds(
    SearchFilter,
    measure=st.none() | st.sampled_from(list(MEASURES)),
    subject=st.none() | st.sampled_from(SUBJECTS),
    grade=st.none() | st.integers(0, 13),
    minutes=st.none() | st.integers(0, 60),
)


@settings(max_examples=200, deadline=None)
@given(filters, st.sampled_from(range(len(QUERIES))), st.integers(1, 150))
def test_search_equals_brute_force_under_random_filters(where: SearchFilter, row: int, k: int) -> None:
    index = TemplateIndex(SHIPPED, VECTORS, encoder=_EIGHT)
    assert_same(index.search(QUERIES[row], k=k, where=where), brute_force(VECTORS, QUERIES[row], k=k, where=where))


class _Eight:
    """All that a search by vector needs of an encoder."""

    dimension = 8
    name = "eight"
    fingerprint = "eight"


_EIGHT: Any = _Eight()


def test_the_real_index_finds_what_a_dot_product_finds(encoder: SharedEncoder) -> None:
    few = TemplateLibrary(list(SHIPPED.values())[::12])
    real = TemplateIndex.build(few, encoder=encoder)
    question = "exit ticket with two fractions"
    vectors = encoder.encode([template.search_text for template in few.values()] + [question]).vectors
    scores = vectors[:-1] @ vectors[-1]
    best = np.argsort(-scores)[:5]
    by_text = real.search(question, k=5, mode="dense")
    assert [hit.template.id for hit in by_text] == [few.ids[row] for row in best]
    np.testing.assert_allclose([hit.score for hit in by_text], scores[best], atol=1e-5)
    assert [hit.template.id for hit in real.search(vectors[-1], k=5)] == [few.ids[row] for row in best]


def test_a_template_is_the_nearest_to_its_own_words(index: TemplateIndex) -> None:
    for name in index.library.ids[::33]:
        text = index.library[name].search_text
        assert index.search(text, k=1)[0].template.id == name
        hit = index.search(text, k=1, mode="dense")[0]
        assert hit.template.id == name
        assert hit.score == pytest.approx(1.0, abs=1e-4)


def test_k_beyond_the_matches_gives_all_matches(fast: TemplateIndex) -> None:
    where = SearchFilter(measure="vocabulary", minutes=5)
    matching = {template.id for template in SHIPPED.values() if admitted(template, where)}
    hits = fast.search(QUERIES[0], k=10_000, where=where)
    assert {hit.template.id for hit in hits} == matching
    assert len(hits) == len(matching)
    assert len(fast.search(QUERIES[0], k=10_000)) == len(fast) == len(SHIPPED)


def test_a_filter_that_nothing_meets_gives_nothing(hash_encoder: Any, template: Callable[..., LessonTemplate]) -> None:
    index = TemplateIndex.build(TemplateLibrary([template(minutes=30)]), encoder=hash_encoder)
    assert index.search("quiz", where=SearchFilter(minutes=29)) == []
    assert len(index.search("quiz", where=SearchFilter(minutes=30))) == 1


def test_equal_scores_come_in_the_order_of_the_library(
    hash_encoder: Any, template: Callable[..., LessonTemplate]
) -> None:
    library = TemplateLibrary(template(id=f"t{number}") for number in range(40))
    index = TemplateIndex(library, np.repeat(QUERIES[:1], 40, axis=0), encoder=hash_encoder)
    for k in (1, 3, 17, 40):
        assert [hit.template.id for hit in index.search(QUERIES[0], k=k)] == [f"t{number}" for number in range(k)]


@pytest.mark.parametrize("query", ["", "   ", "\n\t"])
def test_an_empty_query_is_refused(fast: TemplateIndex, query: str) -> None:
    with pytest.raises(InputError, match="empty"):
        fast.search(query)


def test_a_query_that_is_too_long_is_refused(fast: TemplateIndex) -> None:
    assert fast.search("a" * 10_000, k=1)
    with pytest.raises(InputError, match="10001 characters; give at most 10000"):
        fast.search("a" * 10_001)


@pytest.mark.parametrize(
    "vector",
    [
        np.full(8, np.nan, np.float32),
        np.array([np.inf, *[0.0] * 7], np.float32),
        np.ones(7, np.float32),
        np.ones((1, 8), np.float32),
        np.zeros(0, np.float32),
    ],
)
def test_a_vector_that_does_not_fit_is_refused(fast: TemplateIndex, vector: np.ndarray) -> None:
    with pytest.raises(InputError, match="8 finite numbers"):
        fast.search(vector)


@pytest.mark.parametrize("k", [0, -1])
def test_k_below_one_is_refused(fast: TemplateIndex, k: int) -> None:
    with pytest.raises(InputError, match=f"k is {k};"):
        fast.search("quiz", k=k)


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"measure": "fun"}, "'fun'"),
        ({"measure": ""}, "''"),
        ({"subject": "alchemy"}, "'alchemy'"),
        ({"subject": "Science"}, "'Science'"),
        ({"grade": -1}, "-1"),
        ({"grade": 14}, "14"),
        ({"minutes": -1}, "-1"),
    ],
)
def test_an_unknown_condition_is_refused(fields: dict[str, Any], named: str) -> None:
    with pytest.raises(InputError) as refused:
        SearchFilter(**fields)
    assert named in str(refused.value)
    assert "give" in str(refused.value) or "use one of" in str(refused.value)


def test_vectors_of_another_shape_are_refused(hash_encoder: Any) -> None:
    with pytest.raises(InputError, match=rf"shape \({len(SHIPPED)}, 8\)"):
        TemplateIndex(SHIPPED, VECTORS[:-1], encoder=hash_encoder)
    with pytest.raises(InputError, match="shape"):
        TemplateIndex(SHIPPED, VECTORS[:, :4], encoder=hash_encoder)


def test_vectors_come_in_the_order_asked_for(fast: TemplateIndex) -> None:
    ids = [SHIPPED.ids[row] for row in (4, 0, 4)]
    np.testing.assert_array_equal(fast.vectors_of(ids), VECTORS[[4, 0, 4]])
    assert fast.vectors_of([]).shape == (0, 8)
    with pytest.raises(InputError, match="no template 'gone'"):
        fast.vectors_of(["gone"])
