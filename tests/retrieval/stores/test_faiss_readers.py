"""Readers beside a writer that is quicker than they are."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from conformance import DIMENSION, FINGERPRINT, unit

from retrieval.stores.base import StoreSpec
from retrieval.stores.faiss_files import StoreFiles
from retrieval.stores.faiss_store import FaissStore

if TYPE_CHECKING:
    import pytest

SPEC = StoreSpec(dimension=DIMENSION, fingerprint=FINGERPRINT)


def test_a_reader_that_is_slower_than_every_flush_reads_a_whole_state(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = FaissStore.open(tmp_path / "store", spec=SPEC)
    writer.upsert([f"id-{n}" for n in range(20)], np.stack([unit(n) for n in range(20)]), [{"by": 0}] * 20)
    writer.flush()
    real, flushes = StoreFiles.mapped, 0

    def change() -> None:
        nonlocal flushes
        flushes += 1
        writer.upsert(["late-1", "late-2"], np.stack([unit(70)] * 2), [{"by": flushes}] * 2)
        writer.flush()

    def slow(self, *arguments):
        content = real(self, *arguments)
        if self is reader._keeper._files:
            change()
        return content

    change()
    reader = FaissStore.open(tmp_path / "store", spec=SPEC, read_only=True)
    assert len(list((tmp_path / "store").glob("part-*"))) == 2
    monkeypatch.setattr(StoreFiles, "mapped", slow)
    # the second file is gone once the first is verified, and so after every other try
    seen = {record.payload["by"] for record in reader.get(["late-1", "late-2"])}
    assert len(seen) == 1
    assert seen <= set(range(1, flushes + 1))
    assert flushes < 5
    assert reader.count() == 22
    writer.close()
