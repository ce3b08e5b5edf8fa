from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from dictionary_store import DictionaryStore
from hypothesis import given, settings
from hypothesis import strategies as st

from mtl_core.encoder import SharedEncoder
from mtl_core.errors import ArtifactError, InputError
from retrieval.documents import Document
from retrieval.filters import Eq, Range, matches
from retrieval.search import LessonSearch
from retrieval.search_config import SearchConfig
from retrieval.stores.urls import open_store

TOPICS = ("rivers", "volcanoes", "fractions", "angles", "poems", "castles")
LESSONS = [
    Document(
        id=f"{topic}-{grade}",
        fields={"title": f"All about {topic}", "text": f"Pupils look at {topic} of kind {grade}."},
        metadata={"grade": grade, "subject": "science" if topic in TOPICS[:2] else "history", "minutes": 10 * grade},
    )
    for topic in TOPICS
    for grade in range(1, 5)
]


def searching(encoder: Any, **config: Any) -> LessonSearch:
    store = open_store("memory:", dimension=encoder.dimension, fingerprint=encoder.fingerprint)
    found = LessonSearch(store, encoder, SearchConfig(**config))
    assert found.add(LESSONS) == len(LESSONS)
    return found


@pytest.fixture(scope="module")
def search(hash_encoder: Any) -> LessonSearch:
    return searching(hash_encoder)


def ids(search: LessonSearch, query: str, **options: Any) -> list[str]:
    return [result.document.id for result in search.search(query, **options).results]


def test_words_find_what_vectors_of_a_hash_cannot(search: LessonSearch) -> None:
    assert {name.partition("-")[0] for name in ids(search, "rivers", k=4)} == {"rivers"}
    assert len(ids(search, "rivers", k=99, mode="bm25")) == 4
    assert len(ids(search, "rivers", k=99, mode="dense")) == len(LESSONS)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.sampled_from([*TOPICS, "kind", "rivres", "xyzzy"]), min_size=1, max_size=3),
    st.none() | st.builds(Range, st.just("metadata.grade"), st.integers(0, 5), st.integers(0, 5)),
    st.sampled_from(["hybrid", "dense", "bm25"]),
    st.integers(1, 30),
)
def test_every_answer_keeps_its_promises(words: list[str], where: Range | None, mode: Any, k: int) -> None:
    response = SEARCH.search(" ".join(words), k=k, where=where, mode=mode)
    scores = [result.score for result in response.results]
    assert scores == sorted(scores, reverse=True)
    assert len(scores) <= k
    passing = [document for document in LESSONS if where is None or matches(where, document.payload())]
    if mode != "bm25":
        assert len(scores) == min(k, len(passing))
    for result in response.results:
        assert result.document in passing
        parts = sum(leg.part for leg in result.legs.values())
        assert result.score == pytest.approx(parts * (1 + result.boost), abs=1e-5)
        assert result.snippet is not None
        assert result.snippet.text in result.document.fields["text"]
    assert response.as_json()["mode"] == mode


def test_nothing_is_done_to_a_query_silently(search: LessonSearch) -> None:
    response = search.search("science volcanose grade 3 in 30 minutes")
    assert response.searched == "science volcanoes"
    assert [correction.read_as for correction in response.corrections] == ["volcanoes"]
    assert (response.understanding.grades, response.understanding.minutes) == ((3, 3), 30)
    assert len(response.notes) == 2
    assert response.results[0].document.id == "volcanoes-3"
    assert response.results[0].boost > 0


def test_understanding_can_filter_or_be_off(hash_encoder: Any) -> None:
    assert ids(searching(hash_encoder, understanding="filter"), "rivers grade 3", k=99) == ids(
        searching(hash_encoder, understanding="off"), "rivers", k=99, where=Eq("metadata.grade", 3)
    )
    assert searching(hash_encoder, understanding="off").search("rivers grade 3").notes == ()


def test_near_identical_documents_are_shown_once(hash_encoder: Any) -> None:
    found = searching(hash_encoder)
    found.add([LESSONS[0].model_copy(update={"id": "copy"})])
    (result,) = [r for r in found.search("rivers", k=99).results if r.document.id in ("copy", "rivers-1")]
    assert {result.document.id, *result.duplicates} == {"copy", "rivers-1"}
    assert {"copy", "rivers-1"} <= set(ids(searching_both(hash_encoder), "rivers", k=99))


def searching_both(encoder: Any) -> LessonSearch:
    found = searching(encoder, duplicates_from=None)
    found.add([LESSONS[0].model_copy(update={"id": "copy"})])
    return found


def test_changes_are_seen_at_once(hash_encoder: Any) -> None:
    found = searching(hash_encoder)
    assert ids(found, "glaciers", mode="bm25") == []
    found.add([Document(id="new", fields={"title": "Glaciers"})])
    assert ids(found, "glaciers", mode="bm25") == ["new"]
    assert found.delete(["new", "gone"]) == 1
    assert "new" not in ids(found, "glaciers", k=99)


def test_a_large_collection_is_searched_by_vectors_and_that_is_said(hash_encoder: Any) -> None:
    response = searching(hash_encoder, most_lexical_documents=3).search("rivers")
    assert response.mode == "dense"
    assert "more than 3 documents" in response.notes[-1]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"query": " "}, "empty"),
        ({"query": "?!"}, "no letter or digit"),
        ({"query": "a" * 10_001}, "10001 characters"),
        ({"query": "words " * 16_667}, "100002 characters"),
        ({"query": 3}, "is a int"),
        ({"query": "a", "k": 0}, "k is 0"),
        ({"query": "a", "k": True}, "k is True"),
        ({"query": "a", "mode": "fuzzy"}, "no search mode"),
        ({"query": "a", "where": Eq("metadata.colour", 1)}, "colour"),
    ],
)
def test_bad_input_is_one_sentence(search: LessonSearch, options: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        search.search(**options)


def test_a_store_of_another_encoder_is_refused(hash_encoder: Any) -> None:
    with pytest.raises(ArtifactError, match="another encoder"):
        LessonSearch(DictionaryStore(8, "other"), hash_encoder)


def test_threads_that_search_and_change_see_whole_states(encoder: SharedEncoder) -> None:
    found = searching(encoder)
    extra = [Document(id=f"x{number}", fields={"title": "All about glaciers"}) for number in range(6)]

    def step(number: int) -> int:
        if number % 4 == 0:
            found.add([extra[number // 4 % 6]])
        if number % 4 == 2:
            found.delete([extra[number // 4 % 6].id])
        return len(found.search("rivers and castles", k=3).results)

    with ThreadPoolExecutor(6) as pool:
        assert set(pool.map(step, range(36))) == {3}
    found.delete([document.id for document in extra])
    assert ids(found, "glaciers", k=99, mode="bm25") == []


class _Plain:
    dimension = 2
    fingerprint = "plain"

    def encode(self, texts: Any) -> Any:
        import numpy as np

        turns = np.asarray([sum(text.encode()) % 97 / 97 for text in texts])
        rows = np.stack([np.cos(turns), np.sin(turns)], axis=1).astype(np.float32)
        return type("Encoded", (), {"vectors": rows / np.linalg.norm(rows, axis=1, keepdims=True)})


SEARCH = searching(_Plain(), duplicates_from=None)
