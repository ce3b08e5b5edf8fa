"""The embeddings pass LangChain's own suites, with the real encoder, and give its vectors."""

from __future__ import annotations

import asyncio
from typing import Any

import numpy as np
import pytest
from langchain_core.embeddings import DeterministicFakeEmbedding
from langchain_tests.integration_tests import EmbeddingsIntegrationTests
from langchain_tests.unit_tests import EmbeddingsUnitTests

from retrieval.langchain import LessonEmbeddings, fingerprint_of


class _Real:
    @pytest.fixture(autouse=True)
    def _encoder(self, encoder) -> None:
        self.params = {"encoder": encoder}

    @property
    def embeddings_class(self) -> type[LessonEmbeddings]:
        return LessonEmbeddings

    @property
    def embedding_model_params(self) -> dict[str, Any]:
        return self.params


class TestUnit(_Real, EmbeddingsUnitTests):
    pass


class TestIntegration(_Real, EmbeddingsIntegrationTests):
    pass


def test_the_vectors_are_the_encoders_own(encoder) -> None:
    texts = ["Pupils sort magnets.", "", "An exit ticket on fractions."]
    embeddings = LessonEmbeddings(encoder)
    given = embeddings.embed_documents(texts)
    assert all(type(number) is float for vector in given for number in vector)
    np.testing.assert_array_equal(np.asarray(given, np.float32), encoder.encode(texts).vectors)
    np.testing.assert_allclose(embeddings.embed_query(texts[0]), given[0], atol=1e-5)
    assert embeddings.embed_documents([]) == []
    assert embeddings.dimension == len(given[0]) == encoder.dimension


def test_no_encoder_takes_the_embedded_one() -> None:
    assert LessonEmbeddings().dimension == 384


async def test_many_at_once_give_the_same(hash_encoder) -> None:
    embeddings = LessonEmbeddings(hash_encoder)
    texts = [f"text {n}" for n in range(30)]
    together = await asyncio.gather(*(embeddings.aembed_query(text) for text in texts))
    assert together == [embeddings.embed_query(text) for text in texts]
    assert await embeddings.aembed_documents(texts) == together


def test_fingerprints(hash_encoder) -> None:
    assert fingerprint_of(LessonEmbeddings(hash_encoder)) == "hash-8"
    fake = fingerprint_of(DeterministicFakeEmbedding(size=6))
    assert fake.endswith("DeterministicFakeEmbedding:")

    class Named(DeterministicFakeEmbedding):
        model: str = "small"

    assert fingerprint_of(Named(size=6)).endswith("Named:small")
