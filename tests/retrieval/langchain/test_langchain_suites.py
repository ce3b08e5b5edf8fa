"""LangChain's own suite of 25 tests on each store, none overridden."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from langchain_tests.integration_tests import VectorStoreIntegrationTests
from servers import milvus_lite_server, postgres_server

from retrieval.langchain import LessonVectorStore

if TYPE_CHECKING:
    from langchain_core.vectorstores import VectorStore


@pytest.fixture(scope="module")
def postgres() -> Iterator[str]:
    with postgres_server() as url:
        yield url


@pytest.fixture(scope="module")
def milvus() -> Iterator[str]:
    with milvus_lite_server() as url:
        yield url


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
        joint = "&" if "?" in postgres else "?"
        with LessonVectorStore.open(f"{postgres}{joint}table={_name()}", self.get_embeddings()) as store:
            yield store


class TestMilvus(VectorStoreIntegrationTests):
    @pytest.fixture
    def vectorstore(self, milvus: str) -> Iterator[VectorStore]:
        with LessonVectorStore.open(f"{milvus}/{_name()}", self.get_embeddings()) as store:
            yield store


def _name() -> str:
    return f"suite_{uuid.uuid4().hex[:12]}"
