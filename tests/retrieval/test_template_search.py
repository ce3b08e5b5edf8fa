from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mtl_core.errors import InputError
from retrieval import LessonTemplate, SearchFilter, TemplateIndex, TemplateLibrary
from retrieval.search_config import SearchConfig
from retrieval.template_search import TemplateSearch

SHIPPED = TemplateLibrary.shipped()
WORDS = ("exit", "tickt", "fractions", "year", "4", "science", "quiz", "5 minutes", "whiteboards", "zzz")


@pytest.fixture(scope="module")
def fast(hash_encoder: Any) -> TemplateIndex:
    return TemplateIndex.build(SHIPPED, encoder=hash_encoder)


def ids(index: TemplateIndex, query: str, **options: Any) -> list[str]:
    return [hit.template.id for hit in index.search(query, **options)]


def test_a_typed_query_joins_words_and_meaning(
    hash_encoder: Any, template: Callable[..., LessonTemplate], index: TemplateIndex
) -> None:
    plain = [template(id=f"t{n}", summary=f"Pupils do {n}.") for n in range(20)]
    named = TemplateLibrary([*plain, template(id="k", title="Kahoot buzzers")])
    found = TemplateIndex.build(named, encoder=hash_encoder)
    # vectors of a hash know nothing of words, so only the words can have found it
    assert ids(found, "kahoot", k=1) == ids(found, "kahoot", k=1, mode="bm25") == ["k"]
    assert ids(index, "mini whiteboards", k=5) != ids(index, "mini whiteboards", k=5, mode="dense")


def test_words_alone_find_what_shares_a_word(fast: TemplateIndex) -> None:
    found = ids(fast, "hinge question", k=len(SHIPPED), mode="bm25")
    assert 0 < len(found) < len(SHIPPED)
    for name in found:
        text = SHIPPED[name].search_text.lower()
        assert "hing" in text or "question" in text


def test_a_slip_of_the_keyboard_is_read_and_said(fast: TemplateIndex) -> None:
    response = fast.respond("exit tickt")
    assert response.searched == "exit ticket"
    assert [correction.typed for correction in response.corrections] == ["tickt"]
    assert 'Read "tickt" as "ticket".' in response.notes[0]


def test_a_word_that_the_encoder_knows_is_left_alone(index: TemplateIndex) -> None:
    for word in ("atoms", "magma", "tudors"):
        assert index.respond(f"quiz about {word}").corrections == ()


def test_a_grade_in_the_query_is_said(fast: TemplateIndex) -> None:
    notes = fast.respond("year 5 quiz").notes
    assert any("US grade 4" in note for note in notes)


filters = st.builds(
    SearchFilter,
    subject=st.none() | st.sampled_from(["science", "mathematics"]),
    grade=st.none() | st.integers(0, 13),
    minutes=st.none() | st.integers(3, 40),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from(WORDS), min_size=1, max_size=5), filters, st.integers(1, 400))
def test_k_results_come_back_whenever_k_templates_pass(words: list[str], where: SearchFilter, k: int) -> None:
    hits = INDEX.search(" ".join(words), k=k, where=where)
    passing = sum(where.admits(template) for template in SHIPPED.values())
    assert len(hits) == min(k, passing, max(len(hits), SearchConfig().candidates))
    assert len({hit.template.id for hit in hits}) == len(hits)
    assert all(where.admits(hit.template) for hit in hits)
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)


def test_a_condition_of_the_query_can_be_a_filter(hash_encoder: Any) -> None:
    vectors = hash_encoder.encode([template.search_text for template in SHIPPED.values()]).vectors
    config = SearchConfig(understanding="filter", duplicates_from=None)
    found = TemplateSearch(SHIPPED, vectors, encoder=hash_encoder, config=config)
    results = found.search("quiz in 5 minutes", rows=range(len(SHIPPED)), k=len(SHIPPED)).results
    assert results
    assert all(SHIPPED[result.document.id].minutes <= 5 for result in results)


def test_equal_templates_come_in_the_order_of_the_library(
    hash_encoder: Any, template: Callable[..., LessonTemplate]
) -> None:
    library = TemplateLibrary(template(id=name) for name in "dacb")
    assert ids(TemplateIndex.build(library, encoder=hash_encoder), "quiz", k=4) == list("dacb")


def test_no_such_mode(fast: TemplateIndex) -> None:
    with pytest.raises(InputError, match="no search mode 'fuzzy'"):
        fast.search("quiz", mode="fuzzy")  # type: ignore[arg-type]


def test_threads_get_what_one_thread_gets(index: TemplateIndex) -> None:
    queries = ["exit ticket", "jigsaw", "word wall", "worked example"] * 5
    fresh = TemplateIndex(index.library, index.vectors_of(index.library.ids), encoder=index._encoder)
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(lambda query: ids(fresh, query), queries))
    assert together == [ids(index, query) for query in queries]


class _Eight:
    dimension = 8
    name = "eight"
    fingerprint = "eight"

    def encode(self, texts: Any) -> Any:
        rows = np.random.default_rng(len(texts[0])).standard_normal((len(texts), 8)).astype(np.float32)
        return type("Encoded", (), {"vectors": rows / np.linalg.norm(rows, axis=1, keepdims=True)})


_EIGHT: Any = _Eight()
INDEX = TemplateIndex(SHIPPED, np.tile(np.eye(8, dtype=np.float32), (len(SHIPPED), 1))[: len(SHIPPED)], encoder=_EIGHT)
