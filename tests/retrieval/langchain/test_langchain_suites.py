"""LangChain's own suite of 25 tests on each store, none overridden."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from langchain_tests.integration_tests import VectorStoreIntegrationTests

from retrieval.langchain import LessonVectorStore

if TYPE_CHECKING:
    from langchain_core.vectorstores import VectorStore


class TestMemory(VectorStoreIntegrationTests):
    @pytest.fixture
    def vectorstore(self) -> Iterator[VectorStore]:
        with LessonVectorStore.open("memory:", self.get_embeddings()) as store:
            yield store


class TestFaiss(VectorStoreIntegrationTests):
    @pytest.fixture
    def vectorstore(self, tmp_path: Path) -> Iterator[VectorStore]:
        with LessonVectorStore.open(f"faiss:{tmp_path / 'store'}", self.get_embeddings()) as store:
            yield store


class TestPostgres(VectorStoreIntegrationTests):
    @pytest.fixture
    def vectorstore(self, postgres: str) -> Iterator[VectorStore]:
        with LessonVectorStore.open(postgres, self.get_embeddings()) as store:
            yield store


class TestMilvus(VectorStoreIntegrationTests):
    @pytest.fixture
    def vectorstore(self, milvus: str) -> Iterator[VectorStore]:
        with LessonVectorStore.open(milvus, self.get_embeddings()) as store:
            yield store
