"""An import that is killed in the middle goes on where it stopped."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from servers import postgres_server

from retrieval.importers import ImportProgress, import_documents
from retrieval.stores.urls import open_store

ROWS = 400
CHILD = """
import sys, time
sys.path.insert(0, sys.argv[3])
from conftest import HashEncoder
from retrieval.importers import import_documents
from retrieval.stores.urls import open_store

def tell(progress):
    print(progress.read, flush=True)
    time.sleep(0.01)

with open_store(sys.argv[2], dimension=8, fingerprint="hash-8") as store:
    import_documents(sys.argv[1], store, HashEncoder(), batch_size=10, on_progress=tell)
"""


@pytest.fixture(params=["faiss", "postgres"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "faiss":
        yield f"faiss:{tmp_path / 'store'}"
        return
    with postgres_server() as address:
        yield f"{address}{'&' if '?' in address else '?'}table=killed"


def test_a_killed_import_goes_on(url: str, tmp_path: Path, hash_encoder) -> None:
    source = tmp_path / "lessons.jsonl"
    rows = [{"id": f"d{n:04}", "title": f"Lesson {n}", "metadata": {"n": n}} for n in range(ROWS)]
    source.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    command = [sys.executable, "-c", CHILD, str(source), url, str(Path(__file__).parents[1])]
    told = 0
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        while told < 50:
            line = process.stdout.readline()
            assert line, "the import ended before it was killed"
            told = int(line)
        process.kill()
    assert process.returncode == -signal.SIGKILL
    with open_store(url, dimension=8, fingerprint="hash-8") as store:
        kept = store.count()
        assert told <= kept < ROWS
        done = import_documents(source, store, hash_encoder, batch_size=10)
        assert done == ImportProgress(read=ROWS, encoded=ROWS - kept, unchanged=kept)
        records = list(store.scan())
    assert [record.id for record in records] == [row["id"] for row in rows]
    expected = hash_encoder.encode([row["title"] for row in rows]).vectors
    np.testing.assert_array_equal(np.stack([record.vector for record in records]), expected)
    assert [record.payload["metadata"] for record in records] == [row["metadata"] for row in rows]
