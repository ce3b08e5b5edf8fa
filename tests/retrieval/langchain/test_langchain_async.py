"""The asynchronous methods give the same as the others, and the event loop runs on while a store works."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable

import pytest
from dictionary_store import DictionaryStore
from langchain_core.documents import Document

from retrieval.langchain import LessonEmbeddings, LessonVectorStore


class WaitingStore(DictionaryStore):
    """Every call waits until the event loop, which must be free for that, lets it go on."""

    def __init__(self) -> None:
        super().__init__(8, "hash-8")
        self.called = threading.Event()
        self.go_on = threading.Event()

    def _wait(self) -> None:
        self.called.set()
        assert self.go_on.wait(10), "the event loop was blocked"

    def upsert(self, ids, vectors, payloads) -> None:
        self._wait()
        super().upsert(ids, vectors, payloads)

    def delete(self, ids) -> int:
        self._wait()
        return super().delete(ids)

    def get(self, ids):
        self._wait()
        return super().get(ids)

    def search(self, vectors, *, k, where=None):
        self._wait()
        return super().search(vectors, k=k, where=where)


CALLS: dict[str, Callable[[LessonVectorStore], Awaitable[object]]] = {
    "add": lambda store: store.aadd_documents([Document(id="d", page_content="a")]),
    "add_texts": lambda store: store.aadd_texts(["a"], ids=["t"]),
    "delete": lambda store: store.adelete(["a"]),
    "get": lambda store: store.aget_by_ids(["a"]),
    "search": lambda store: store.asimilarity_search("a"),
    "scores": lambda store: store.asimilarity_search_with_score("a"),
    "relevance": lambda store: store.asimilarity_search_with_relevance_scores("a"),
    "vector": lambda store: store.asimilarity_search_by_vector(store.embeddings.embed_query("a")),
    "mmr": lambda store: store.amax_marginal_relevance_search("a"),
}


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
async def test_the_event_loop_is_not_blocked(hash_encoder, call) -> None:
    waiting = WaitingStore()
    store = LessonVectorStore(waiting, LessonEmbeddings(hash_encoder))
    task = asyncio.ensure_future(call(store))
    assert await asyncio.to_thread(waiting.called.wait, 10)
    waiting.go_on.set()
    await task


async def test_the_same_results(hash_encoder) -> None:
    store = LessonVectorStore(DictionaryStore(8, "hash-8"), LessonEmbeddings(hash_encoder))
    assert await store.aadd_texts([f"t{n}" for n in range(9)], ids=[f"d{n}" for n in range(9)]) == [
        f"d{n}" for n in range(9)
    ]
    assert await store.asimilarity_search("x", k=3) == store.similarity_search("x", k=3)
    assert await store.asimilarity_search_with_score("x", k=3) == store.similarity_search_with_score("x", k=3)
    assert await store.amax_marginal_relevance_search("x", k=3) == store.max_marginal_relevance_search("x", k=3)
    assert await store.aget_by_ids(["d1"]) == store.get_by_ids(["d1"])
    assert await store.as_retriever().ainvoke("x") == store.as_retriever().invoke("x")
    assert await store.adelete(["d1"]) is True
    assert store.store.count() == 8


async def test_many_writers_and_readers_at_once(hash_encoder) -> None:
    store = LessonVectorStore(DictionaryStore(8, "hash-8"), LessonEmbeddings(hash_encoder))
    await store.aadd_texts(["seed"], ids=["seed"])
    await asyncio.gather(
        *(store.aadd_texts([f"t{n}"], ids=[f"d{n}"]) for n in range(20)),
        *(store.aget_by_ids(["seed"]) for _ in range(20)),
    )
    assert store.store.count() == 21
