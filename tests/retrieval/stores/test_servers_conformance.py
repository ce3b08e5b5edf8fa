"""The same suite on a real PostgreSQL with pgvector, and on Milvus Lite's server."""

from __future__ import annotations

import pytest
from conformance import DIMENSION, FINGERPRINT, StoreConformance

from retrieval.stores.urls import open_store


class _Server(StoreConformance):
    @pytest.fixture
    def reopen(self, url: str):
        return lambda fingerprint=FINGERPRINT: open_store(url, dimension=DIMENSION, fingerprint=fingerprint)

    @pytest.fixture
    def store(self, reopen):
        with reopen() as opened:
            yield opened


class TestPostgres(_Server):
    tolerance = 2e-3

    @pytest.fixture
    def url(self, postgres: str) -> str:
        return postgres


class TestMilvus(_Server):
    tolerance = 2e-3

    @pytest.fixture
    def url(self, milvus: str) -> str:
        return milvus
