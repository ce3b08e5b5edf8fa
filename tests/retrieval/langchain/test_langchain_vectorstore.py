"""The vector store on the smallest store: scores, filters, ids, what is refused. The suites run on the real ones."""

from __future__ import annotations

import copy
import math
from itertools import count

import numpy as np
import pytest
from dictionary_store import DictionaryStore
from hypothesis import given
from hypothesis import strategies as st
from langchain_core.documents import Document
from langchain_core.embeddings import DeterministicFakeEmbedding, Embeddings
from langchain_core.vectorstores import InMemoryVectorStore
from langchain_core.vectorstores.utils import maximal_marginal_relevance

from mtl_core.errors import InputError
from retrieval.documents import Document as Lesson
from retrieval.filters import Eq, Range
from retrieval.importers import import_documents
from retrieval.langchain import LessonEmbeddings, LessonVectorStore, relevance

TEXTS = [f"lesson {n}" for n in range(12)]


class Table(Embeddings):
    """Vectors written down by hand."""

    def __init__(self, rows: dict[str, list[float]]) -> None:
        self.rows = rows

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        return [self.rows[text] for text in texts]

    def embed_query(self, text: str) -> list[float]:
        return self.rows[text]


@pytest.fixture
def made() -> LessonVectorStore:
    ids = count()
    embedding = DeterministicFakeEmbedding(size=6)
    store = LessonVectorStore(DictionaryStore(6), embedding, new_id=lambda: f"new-{next(ids)}")
    store.add_texts(TEXTS, [{"n": n, "odd": bool(n % 2), "tag": f"t{n % 3}"} for n in range(12)])
    return store


def test_new_ids_come_from_outside_and_given_ones_are_kept(made: LessonVectorStore) -> None:
    documents = [Document(id="own", page_content="a"), Document(page_content="b"), Document(id="x", page_content="c")]
    assert made.add_documents(documents) == ["own", "new-12", "x"]
    assert made.add_documents(documents, ids=["p", "q", "r"]) == ["p", "q", "r"]
    assert LessonVectorStore(DictionaryStore(6), made.embeddings).add_texts(["a", "b"]) != ["", ""]


def test_inputs_and_results_share_nothing_with_the_store(made: LessonVectorStore) -> None:
    document = Document(id="d", page_content="a", metadata={"tags": ["x"]})
    before = copy.deepcopy(document)
    made.add_documents([document])
    assert document == before
    document.metadata["tags"].append("y")
    (held,) = made.get_by_ids(["d"])
    held.metadata["tags"].append("z")
    assert made.get_by_ids(["d"]) == [before]


def test_scores_are_cosines_and_relevance_keeps_their_order() -> None:
    rows = {"q": [2.0, 0.0], "same": [9.0, 0.0], "half": [1.0, 1.0], "across": [0.0, 0.1], "opposite": [-3.0, 0.0]}
    store = LessonVectorStore(DictionaryStore(2), Table(rows))
    store.add_texts(list(rows), ids=list(rows))
    scored = store.similarity_search_with_score("q", k=10)
    assert [document.id for document, _ in scored] == ["q", "same", "half", "across", "opposite"]
    np.testing.assert_allclose([score for _, score in scored], [1, 1, math.sqrt(0.5), 0, -1], atol=1e-6)
    relevant = store.similarity_search_with_relevance_scores("q", k=10)
    np.testing.assert_allclose([score for _, score in relevant], [1, 1, (1 + math.sqrt(0.5)) / 2, 0.5, 0], atol=1e-6)
    kept = store.similarity_search_with_relevance_scores("q", k=10, score_threshold=0.8)
    assert [document.id for document, _ in kept] == ["q", "same", "half"]


@given(st.floats(-1.001, 1.001), st.floats(-1.001, 1.001))
def test_relevance_lies_between_0_and_1_and_never_turns_the_order(one: float, other: float) -> None:
    assert 0 <= relevance(one) <= 1
    assert (relevance(one) <= relevance(other)) or one > other


def test_the_same_results_as_langchains_own_store_in_memory(made: LessonVectorStore) -> None:
    peer = InMemoryVectorStore(made.embeddings)
    peer.add_documents(made.get_by_ids([f"new-{n}" for n in range(12)]))
    for query in ("one", "two", "three"):
        ours = made.similarity_search_with_score(query, k=5)
        theirs = peer.similarity_search_with_score(query, k=5)
        assert [document for document, _ in ours] == [document for document, _ in theirs]
        np.testing.assert_allclose([s for _, s in ours], [s for _, s in theirs], atol=1e-5)
        vector = made.embeddings.embed_query(query)
        assert made.similarity_search_by_vector(vector, k=5) == [document for document, _ in theirs]


@pytest.mark.parametrize("lambda_mult", [0.0, 0.3, 0.5, 1.0])
def test_maximal_marginal_relevance_equals_langchains(made: LessonVectorStore, lambda_mult: float) -> None:
    vector = made.embeddings.embed_query("query")
    nearest = made.similarity_search("query", k=8)
    rows = made.embeddings.embed_documents([document.page_content for document in nearest])
    expected = [nearest[row] for row in maximal_marginal_relevance(np.asarray(vector), rows, lambda_mult, k=4)]
    options = {"k": 4, "fetch_k": 8, "lambda_mult": lambda_mult}
    assert made.max_marginal_relevance_search("query", **options) == expected
    assert made.max_marginal_relevance_search_by_vector(vector, **options) == expected


def test_maximal_marginal_relevance_takes_at_least_k(made: LessonVectorStore) -> None:
    assert len(made.max_marginal_relevance_search("query", k=10, fetch_k=2)) == 10
    assert len(made.max_marginal_relevance_search("query", k=50)) == 12
    empty = LessonVectorStore(DictionaryStore(6), made.embeddings)
    assert empty.max_marginal_relevance_search("query") == []


@pytest.mark.parametrize(
    ("where", "kept"),
    [
        ({"tag": "t1"}, {1, 4, 7, 10}),
        ({"tag": "t1", "odd": True}, {1, 7}),
        ({"tag": ["t0", "t2"], "odd": False}, {0, 2, 6, 8}),
        ({"n": 3}, {3}),
        ({"odd": 1}, set()),
        ({"tag": []}, set()),
        ({}, set(range(12))),
        (Range("metadata.n", lowest=9), {9, 10, 11}),
        (Eq("fields.text", "lesson 5"), {5}),
    ],
)
def test_filters_are_applied_before_the_search(made: LessonVectorStore, where, kept: set[int]) -> None:
    found = made.similarity_search("query", k=12, filter=where)
    assert {document.metadata["n"] for document in found} == kept
    diverse = made.max_marginal_relevance_search("query", k=12, filter=where)
    assert {document.metadata["n"] for document in diverse} == kept
    as_retriever = made.as_retriever(search_kwargs={"k": 12, "filter": where})
    assert {document.metadata["n"] for document in as_retriever.invoke("query")} == kept


@pytest.mark.parametrize(
    "where", ["n == 3", lambda metadata: True, 7, {"n": {"$gt": 3}}, {"$and": []}, {"n": None}, {3: 1}]
)
def test_other_filters_are_refused(made: LessonVectorStore, where) -> None:
    with pytest.raises(InputError, match="give metadata values, such as"):
        made.similarity_search("query", filter=where)


def test_an_unknown_field_names_the_known_ones(made: LessonVectorStore) -> None:
    with pytest.raises(InputError, match=r"No item has the field metadata\.tags; filter by one of .*metadata\.tag"):
        made.similarity_search("query", filter={"tags": "t1"})


def test_delete_without_ids_must_be_meant(made: LessonVectorStore) -> None:
    for arguments in ({}, {"ids": ["new-1"], "delete_all": True}):
        with pytest.raises(InputError, match="delete_all=True"):
            made.delete(**arguments)
    assert made.delete([]) is True
    assert made.delete(["new-1", "new-1", "missing"]) is True
    assert made.store.count() == 11
    assert made.delete(delete_all=True) is True
    assert made.store.count() == 0


@pytest.mark.parametrize("query", ["", " \n", "x" * 10_001])
def test_queries_that_cannot_be_used(made: LessonVectorStore, query: str) -> None:
    with pytest.raises(InputError, match="The query"):
        made.similarity_search(query)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda s: s.similarity_search("q", k=0), "k is 0"),
        (lambda s: s.max_marginal_relevance_search("q", k=0), "k is 0"),
        (lambda s: s.max_marginal_relevance_search("q", lambda_mult=2), "trade-off is 2"),
        (lambda s: s.similarity_search("q", filters={"n": 1}), "no option 'filters'"),
        (lambda s: s.similarity_search_by_vector([1.0]), "has 1 numbers but the store keeps 6"),
        (lambda s: s.similarity_search_by_vector([0.0] * 6), "is zero"),
        (lambda s: s.similarity_search_by_vector([math.nan] * 6), "not finite"),
        (lambda s: s.add_texts(["a", "b"], [{}]), "2 texts were given with 1 metadata"),
        (lambda s: s.add_texts(["a", "b"], ids=["x"]), "2 texts were given with 1 ids"),
        (lambda s: s.add_documents([Document(page_content="a")], ids=["x", "y"]), "1 documents were given with 2 ids"),
        (lambda s: s.add_texts(["a", "b"], ids=["x", "x"]), "id 'x' comes twice"),
        (lambda s: s.add_texts(["a"], batch_size=0), "batch size is 0"),
        (lambda s: s.add_texts(["a"], [{"when": {1, 2}}]), "metadata value 'when' cannot be kept as JSON"),
        (lambda s: s.add_texts(["a"], [{"pair": (1, 2)}]), "metadata value 'pair'"),
        (lambda s: s.add_texts(["a"], [{"x": math.inf}]), "metadata value 'x'"),
        (lambda s: s.add_texts(["a"], [{"x": {1: "a"}}]), "metadata value 'x'"),
        (lambda s: s.delete(["a"], where={}), "no option 'where'"),
    ],
)
def test_one_clear_error_each_and_nothing_changes(made: LessonVectorStore, call, message: str) -> None:
    with pytest.raises(InputError, match=message):
        call(made)
    assert made.store.count() == 12


def test_texts_may_come_from_a_generator(made: LessonVectorStore) -> None:
    assert len(made.add_texts(text for text in ["a", "b"])) == 2
    assert made.store.count() == 14


def test_known_vectors_are_not_encoded_again(made: LessonVectorStore) -> None:
    vectors = made.embeddings.embed_documents(["a", "b"])
    pairs = [("one", vectors[0]), ("two", [7 * number for number in vectors[1]])]
    assert made.add_embeddings(iter(pairs), [{"n": 1}, {"n": 2}], ids=["x", "y"], batch_size=1) == ["x", "y"]
    assert made.similarity_search("b", k=1) == [Document(id="y", page_content="two", metadata={"n": 2})]
    with pytest.raises(InputError, match="2 texts were given with 1 ids"):
        made.add_embeddings(pairs, ids=["x"])


def test_batches_are_written_one_by_one(hash_encoder) -> None:
    calls: list[int] = []

    class Noted(LessonEmbeddings):
        def embed_documents(self, texts: list[str]) -> list[list[float]]:
            calls.append(len(texts))
            return super().embed_documents(texts)

    store = LessonVectorStore(DictionaryStore(8, "hash-8"), Noted(hash_encoder))
    store.add_texts(TEXTS, batch_size=5)
    assert calls == [5, 5, 2]
    assert store.store.flushes == 1


def test_a_store_that_an_import_filled(hash_encoder) -> None:
    store = DictionaryStore(8, "hash-8")
    lesson = Lesson(id="m", fields={"title": "Magnets", "outcome": "", "text": "Poles."}, metadata={"year": 3})
    import_documents([lesson], store, hash_encoder)
    found = LessonVectorStore(store, LessonEmbeddings(hash_encoder)).similarity_search_with_score("Magnets. Poles.")
    assert found == [(Document(id="m", page_content="Magnets\nPoles.", metadata={"year": 3}), pytest.approx(1))]


def test_a_store_of_another_embedding_is_refused(hash_encoder) -> None:
    with pytest.raises(InputError, match="filled with another embedding"):
        LessonVectorStore(DictionaryStore(8, "other"), LessonEmbeddings(hash_encoder))


def test_a_store_that_nobody_gets_is_closed(monkeypatch: pytest.MonkeyPatch, hash_encoder) -> None:
    opened: list[DictionaryStore] = []

    def open_store(url: str, *, dimension: int, fingerprint: str) -> DictionaryStore:
        opened.append(DictionaryStore(dimension, fingerprint))
        return opened[-1]

    monkeypatch.setattr("retrieval.langchain.vectorstore.open_store", open_store)
    embeddings = LessonEmbeddings(hash_encoder)
    with pytest.raises(InputError, match="2 texts were given with 1 ids"):
        LessonVectorStore.from_texts(["a", "b"], embeddings, ids=["x"])
    with pytest.raises(InputError, match="another embedding"):
        LessonVectorStore.open("memory:", embeddings, fingerprint="other")
    assert [store.closed for store in opened] == [True, True]


def test_a_with_block_closes_the_store() -> None:
    store = DictionaryStore(6)
    with LessonVectorStore(store, DeterministicFakeEmbedding(size=6)) as opened:
        opened.flush()
    assert store.closed
    assert store.flushes == 1
