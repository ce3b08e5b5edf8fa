"""The embedded store, flat and with both approximate structures, in memory and in a folder."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from conformance import DIMENSION, FINGERPRINT, StoreConformance, StoreMachine
from hypothesis import settings

from retrieval.stores.base import StoreSpec
from retrieval.stores.faiss_index import IndexRule
from retrieval.stores.faiss_store import FaissStore

# small enough that FAISS is really asked at the size of the tests
RULES = {
    "flat": IndexRule(),
    "hnsw": IndexRule(kind="hnsw", exact_up_to=0, exact_share=0.0),
    "ivf": IndexRule(kind="ivf", exact_up_to=0, exact_share=0.0, probes=1.0),
}


class Flushing(FaissStore):
    """Flushes each change, which is when the approximate index is built."""

    def upsert(self, *arguments) -> None:
        super().upsert(*arguments)
        self.flush()

    def delete(self, ids) -> int:
        gone = super().delete(ids)
        self.flush()
        return gone


@pytest.mark.parametrize("kind", RULES)
class TestFolder(StoreConformance):
    @pytest.fixture
    def reopen(self, tmp_path: Path, kind: str):
        def again(fingerprint: str = FINGERPRINT) -> FaissStore:
            spec = StoreSpec(dimension=DIMENSION, fingerprint=fingerprint)
            return Flushing.open(tmp_path / "store", spec=spec, rule=RULES[kind])

        return again

    @pytest.fixture
    def store(self, reopen):
        with reopen() as opened:
            yield opened


class Machine(StoreMachine):
    def make(self) -> FaissStore:
        self.folder = tempfile.TemporaryDirectory()
        return self.reopen()

    def reopen(self) -> FaissStore:
        spec = StoreSpec(dimension=DIMENSION, fingerprint=FINGERPRINT)
        return FaissStore.open(Path(self.folder.name) / "store", spec=spec)

    def teardown(self) -> None:
        super().teardown()
        self.folder.cleanup()


class IndexedMachine(Machine):
    """The same with a graph that is extended, and given up when rows are merged."""

    def reopen(self) -> FaissStore:
        spec = StoreSpec(dimension=DIMENSION, fingerprint=FINGERPRINT)
        return Flushing.open(Path(self.folder.name) / "store", spec=spec, rule=RULES["hnsw"])


class MemoryMachine(StoreMachine):
    """Without a folder, so nothing is opened again."""

    def make(self) -> FaissStore:
        return FaissStore.open(None, spec=StoreSpec(dimension=DIMENSION, fingerprint=FINGERPRINT))

    def reopen(self) -> FaissStore:
        self.store._closed = False
        return self.store


TestAnyCourse = Machine.TestCase
TestAnyCourseIndexed = IndexedMachine.TestCase
TestAnyCourseInMemory = MemoryMachine.TestCase
TestAnyCourseIndexed.settings = settings(max_examples=25, stateful_step_count=25, deadline=None)
TestAnyCourseInMemory.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)
TestAnyCourse.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)
