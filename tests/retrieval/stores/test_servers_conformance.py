"""The same suite and state machine on a real PostgreSQL with pgvector, and on Milvus Lite's server."""

from __future__ import annotations

import uuid

import pytest
from conformance import DIMENSION, FINGERPRINT, StoreConformance, StoreMachine
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

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


def any_course(address: str, *, examples: int) -> None:
    """Any course of changes and questions; each example has a table or collection of its own."""

    class Machine(StoreMachine):
        tolerance = 2e-3

        def make(self):
            self.url = address.format(f"t_{uuid.uuid4().hex[:12]}")
            return self.reopen()

        def reopen(self):
            return open_store(self.url, dimension=DIMENSION, fingerprint=FINGERPRINT)

    patient = settings(
        max_examples=examples, stateful_step_count=15, deadline=None, suppress_health_check=[HealthCheck.too_slow]
    )
    run_state_machine_as_test(Machine, settings=patient)


def test_any_course_on_postgres(postgres_address: str) -> None:
    any_course(f"{postgres_address}{'&' if '?' in postgres_address else '?'}table={{}}", examples=30)


def test_any_course_on_milvus(milvus_address: str) -> None:
    any_course(f"{milvus_address}/{{}}", examples=8)
