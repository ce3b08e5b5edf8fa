"""What LangChain's suite does not ask, on every store: metadata, filters, scores, diversity, indexing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from langchain_core.documents import Document
from langchain_core.indexing import InMemoryRecordManager, index

from retrieval.filters import Contains, Not, Or, Range
from retrieval.langchain import LessonEmbeddings, LessonVectorStore

METADATA: list[dict[str, Any]] = [
    {"subject": "science", "minutes": 40, "tags": ["a", "b"], "ready": True},
    {"subject": "science", "minutes": 25.5, "tags": [], "ready": False, "note": "ü \u0001 \"'% _"},
    {"subject": "history", "minutes": 60, "tags": ["b"], "nested": {"deep": {"er": [1, None, "x"]}}},
    {},
    {"subject": "history", "minutes": 1},
]
DOCUMENTS = [
    Document(id=f"d{n}", page_content=f'lesson {n} é\n"quoted"', metadata=metadata)
    for n, metadata in enumerate(METADATA)
]


@pytest.fixture(params=["memory", "faiss", "postgres", "milvus"])
def store(request: pytest.FixtureRequest, tmp_path: Path, hash_encoder) -> Iterator[LessonVectorStore]:
    addresses = {"memory": "memory:", "faiss": f"faiss:{tmp_path / 'store'}"}
    url = addresses.get(request.param) or request.getfixturevalue(request.param)
    with LessonVectorStore.open(url, LessonEmbeddings(hash_encoder)) as opened:
        opened.add_documents(DOCUMENTS)
        yield opened


def names(documents: list[Document]) -> set[str | None]:
    return {document.id for document in documents}


def test_documents_come_back_as_they_went_in(store: LessonVectorStore) -> None:
    held = store.get_by_ids([document.id for document in DOCUMENTS])
    assert sorted(held, key=lambda document: document.id) == DOCUMENTS
    assert [type(document.metadata.get("ready")) for document in held[:2]] == [bool, bool]
    (nearest,) = store.similarity_search(DOCUMENTS[2].page_content, k=1)
    assert nearest == DOCUMENTS[2]


def test_scores_are_the_same_on_every_store(store: LessonVectorStore, hash_encoder) -> None:
    query = hash_encoder.encode(["query"]).vectors[0]
    cosines = hash_encoder.encode([document.page_content for document in DOCUMENTS]).vectors @ query
    order = np.argsort(-cosines)
    found = store.similarity_search_with_score("query", k=10)
    assert [document.id for document, _ in found] == [f"d{row}" for row in order]
    np.testing.assert_allclose([score for _, score in found], cosines[order], atol=2e-3)
    relevant = [score for _, score in store.similarity_search_with_relevance_scores("query", k=10)]
    np.testing.assert_allclose(relevant, (1 + cosines[order]) / 2, atol=1e-3)


def test_filters(store: LessonVectorStore) -> None:
    assert names(store.similarity_search("x", k=9, filter={"subject": "science", "ready": True})) == {"d0"}
    assert names(store.similarity_search("x", k=9, filter={"minutes": [60, 1]})) == {"d2", "d4"}
    tagged = Or((Contains("metadata.tags", "b"), Range("metadata.minutes", highest=1)))
    assert names(store.similarity_search("x", k=9, filter=tagged)) == {"d0", "d2", "d4"}
    assert names(store.similarity_search("x", k=9, filter=Not(tagged))) == {"d1", "d3"}
    assert names(store.max_marginal_relevance_search("x", k=9, filter={"subject": "history"})) == {"d2", "d4"}


def test_a_relevance_threshold_through_the_retriever(store: LessonVectorStore) -> None:
    options = {"search_type": "similarity_score_threshold", "search_kwargs": {"score_threshold": 0.99, "k": 5}}
    assert names(store.as_retriever(**options).invoke(DOCUMENTS[1].page_content)) == {"d1"}


def test_diversity_takes_everything_once(store: LessonVectorStore) -> None:
    found = store.max_marginal_relevance_search("query", k=5, lambda_mult=0.2)
    assert names(found) == {f"d{n}" for n in range(5)}
    assert found[0] == store.similarity_search("query", k=1)[0]


def test_indexing_with_full_cleanup(store: LessonVectorStore) -> None:
    store.delete(delete_all=True)
    records = InMemoryRecordManager(namespace="n")
    records.create_schema()
    options = {"cleanup": "full", "source_id_key": "source", "key_encoder": "blake2b"}
    first = [Document(page_content=text, metadata={"source": "s"}) for text in ("a", "b")]
    assert index(first, records, store, **options)["num_added"] == 2
    assert index(first[1:], records, store, **options)["num_deleted"] == 1
    assert [document.page_content for document in store.similarity_search("a", k=5)] == ["b"]


async def test_asynchronous_calls(store: LessonVectorStore) -> None:
    assert await store.asimilarity_search("x", k=3) == store.similarity_search("x", k=3)
    assert await store.adelete(["d0", "missing"]) is True
    assert await store.aadd_texts(["again"], ids=["d0"]) == ["d0"]
    assert await store.aget_by_ids(["d0"]) == [Document(id="d0", page_content="again")]
