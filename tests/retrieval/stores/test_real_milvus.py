"""The suite on a real Milvus 2.3.5, where a Python is named that has its wheel (its pins do not fit ours).

    python -m venv ENVIRONMENT && ENVIRONMENT/bin/pip install milvus==2.3.5
    LESSON_NUDGE_MILVUS_PYTHON=ENVIRONMENT/bin/python python -m pytest tests/retrieval/stores/test_real_milvus.py

Milvus Lite sees a write at once whatever is asked of it; the distributed engine does so only under strong consistency.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import pytest
from conformance import DIMENSION, FINGERPRINT, StoreConformance
from servers import real_milvus_server

from retrieval.stores.urls import open_store

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with real_milvus_server() as url:
        yield url


class TestRealMilvus(StoreConformance):
    tolerance = 2e-3

    @pytest.fixture
    def reopen(self, address: str):
        url = f"{address}/t_{uuid.uuid4().hex[:12]}"
        return lambda fingerprint=FINGERPRINT: open_store(url, dimension=DIMENSION, fingerprint=fingerprint)

    @pytest.fixture
    def store(self, reopen):
        with reopen() as opened:
            yield opened
