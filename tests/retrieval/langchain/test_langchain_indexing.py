"""LangChain's own incremental indexing keeps a store equal to its source."""

from __future__ import annotations

import pytest
from dictionary_store import DictionaryStore
from langchain_core.documents import Document
from langchain_core.indexing import InMemoryRecordManager, aindex, index

from retrieval.langchain import LessonEmbeddings, LessonVectorStore


def source(*texts: str) -> list[Document]:
    return [Document(page_content=text, metadata={"source": text[0]}) for text in texts]


@pytest.fixture
def store(hash_encoder) -> LessonVectorStore:
    return LessonVectorStore(DictionaryStore(8, "hash-8"), LessonEmbeddings(hash_encoder))


@pytest.fixture
def records() -> InMemoryRecordManager:
    manager = InMemoryRecordManager(namespace="lessons")
    manager.create_schema()
    return manager


def held(store: LessonVectorStore) -> set[str]:
    return {str(record.payload["fields"]["text"]) for record in store.store.scan()}


def counts(**changes: int) -> dict[str, int]:
    return {"num_added": 0, "num_updated": 0, "num_skipped": 0, "num_deleted": 0} | changes


ENCODER = {"key_encoder": "blake2b", "source_id_key": "source"}


def test_incremental_cleanup(store: LessonVectorStore, records: InMemoryRecordManager) -> None:
    options = {"cleanup": "incremental", **ENCODER}
    assert index(source("a1", "a2", "b1"), records, store, **options) == counts(num_added=3)
    assert index(source("a1", "a2", "b1"), records, store, **options) == counts(num_skipped=3)
    assert index(source("a1", "a3"), records, store, **options) == counts(num_added=1, num_skipped=1, num_deleted=1)
    assert held(store) == {"a1", "a3", "b1"}


def test_full_cleanup(store: LessonVectorStore, records: InMemoryRecordManager) -> None:
    options = {"cleanup": "full", **ENCODER}
    index(source("a1", "a2", "b1"), records, store, **options)
    assert index(source("a2", "c1"), records, store, **options) == counts(num_added=1, num_skipped=1, num_deleted=2)
    assert held(store) == {"a2", "c1"}
    assert index([], records, store, **options) == counts(num_deleted=2)
    assert held(store) == set()


async def test_asynchronous(store: LessonVectorStore, records: InMemoryRecordManager) -> None:
    incremental = {"cleanup": "incremental", **ENCODER}
    assert await aindex(source("a1", "b1"), records, store, **incremental) == counts(num_added=2)
    changed = await aindex(source("a2"), records, store, **incremental)
    assert changed == counts(num_added=1, num_deleted=1)
    assert held(store) == {"a2", "b1"}
    assert await aindex(source("d1"), records, store, cleanup="full", **ENCODER) == counts(num_added=1, num_deleted=2)
    assert held(store) == {"d1"}


def test_a_forced_update_writes_again(store: LessonVectorStore, records: InMemoryRecordManager) -> None:
    index(source("a1"), records, store, **ENCODER)
    assert index(source("a1"), records, store, force_update=True, **ENCODER) == counts(num_updated=1)
    assert store.store.count() == 1
