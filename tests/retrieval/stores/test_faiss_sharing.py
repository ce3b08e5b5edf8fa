"""Several threads and several processes on one folder: nobody waits to read, and nothing is lost."""

from __future__ import annotations

import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from conformance import DIMENSION, FINGERPRINT, filled, unit

from mtl_core.errors import ArtifactError
from retrieval.filters import Eq
from retrieval.stores.base import StoreSpec
from retrieval.stores.faiss_files import StoreFiles
from retrieval.stores.faiss_folder import StoreFolder
from retrieval.stores.faiss_store import FaissStore

SPEC = StoreSpec(dimension=DIMENSION, fingerprint=FINGERPRINT)


def opened(folder: Path, **options) -> FaissStore:
    return FaissStore.open(folder, spec=SPEC, **options)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    with opened(tmp_path / "store") as store:
        filled(store)
    return tmp_path / "store"


def test_two_open_writers_both_succeed(folder: Path) -> None:
    with opened(folder) as first, opened(folder) as second:
        first.upsert(["one"], unit(70)[None], [{"by": "first"}])
        second.upsert(["two"], unit(71)[None], [{"by": "second"}])
        assert second.delete(["id-01"]) == 1
        first.delete(["id-02"])
        first.flush()
        second.flush()
        # each sees what the other has published
        for store in (first, second):
            assert store.count() == 20
            assert [record is not None for record in store.get(["one", "two", "id-01", "id-02"])] == [
                True,
                True,
                False,
                False,
            ]


def test_of_two_changes_to_one_id_the_later_flush_stands(folder: Path) -> None:
    with opened(folder) as first, opened(folder) as second:
        first.upsert(["id-05"], unit(70)[None], [{"by": "first"}])
        second.upsert(["id-05"], unit(71)[None], [{"by": "second"}])
        second.flush()
        assert first.get(["id-05"])[0].payload == {"by": "first"}
        first.flush()
        assert second.get(["id-05"])[0].payload == {"by": "first"}
        first.delete(["id-05"])
        second.upsert(["id-05"], unit(71)[None], [{"by": "second"}])
        second.flush()
        first.flush()
        assert second.get(["id-05"]) == [None]
        assert second.count() == 19


def test_a_writer_that_merges_everything_takes_the_other_writers_changes_along(folder: Path) -> None:
    with opened(folder) as first, opened(folder) as second:
        second.upsert(["kept"], unit(70)[None], [{"by": "second"}])
        first.delete([f"id-{n:02d}" for n in range(15)])
        first.flush()
        second.delete(["id-19"])
        second.flush()
        assert [record.id for record in first.scan()] == ["id-15", "id-16", "id-17", "id-18", "kept"]
        assert first.search(unit(70)[None], k=1, where=Eq("by", "second"))[0][0].id == "kept"


def test_a_reader_sees_what_is_published_and_no_more(folder: Path) -> None:
    with opened(folder) as writer, opened(folder, read_only=True) as reader:
        assert reader.get(["new"]) == [None]
        writer.upsert(["new"], unit(70)[None], [{}])
        assert reader.count() == 20
        writer.flush()
        assert reader.count() == 21
        assert reader.search(unit(70)[None], k=1)[0][0].id == "new"


def test_a_reader_follows_a_writer_that_merged_the_parts(folder: Path) -> None:
    reader = opened(folder, read_only=True)
    with opened(folder) as writer:
        writer.delete([f"id-{n:02d}" for n in range(15)])
    assert [record.id for record in reader.scan()] == [f"id-{n:02d}" for n in range(15, 20)]


def test_a_scan_that_has_begun_is_of_its_own_moment(folder: Path) -> None:
    with opened(folder) as store:
        going = store.scan()
        next(going)
        store.delete([f"id-{n:02d}" for n in range(20)])
        store.flush()
        assert len(list(going)) == 19
        assert list(store.scan()) == []


def test_a_writer_that_waits_too_long_is_told_and_keeps_its_changes(folder: Path) -> None:
    with opened(folder, wait=0.05) as store:
        store.upsert(["new"], unit(70)[None], [{}])
        with StoreFiles(folder, wait=1).locked():
            with pytest.raises(ArtifactError, match="Another program has been writing"):
                store.flush()
            # reading goes on
            assert opened(folder, read_only=True).count() == 20
        store.flush()
        assert opened(folder, read_only=True).count() == 21


def test_nobody_waits_to_read_while_a_flush_is_at_work(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    inside, go_on = threading.Event(), threading.Event()
    real = StoreFolder.append

    def slow(self, *arguments, **options):
        inside.set()
        assert go_on.wait(30)
        return real(self, *arguments, **options)

    monkeypatch.setattr(StoreFolder, "append", slow)
    store = opened(folder)
    store.upsert(["new"], unit(70)[None], [{}])
    with ThreadPoolExecutor(3) as pool:
        flushing = pool.submit(store.flush)
        assert inside.wait(30)
        try:
            assert pool.submit(store.search, unit(70)[None], k=1).result(30)[0][0].id == "new"
            assert pool.submit(store.count).result(30) == 21
        finally:
            go_on.set()
        flushing.result(30)
    store.close()


WRITER = f"""
import sys
import numpy as np
sys.path[:0] = [{str(Path(__file__).parent)!r}]
from conformance import unit
from retrieval.stores.base import StoreSpec
from retrieval.stores.faiss_store import FaissStore
name = sys.argv[2]
with FaissStore.open(sys.argv[1], spec=StoreSpec(dimension={DIMENSION}, fingerprint={FINGERPRINT!r})) as store:
    for number in range(40):
        store.upsert([f"{{name}}-{{number}}"], unit(number)[None], [{{"by": name}}])
        store.delete([f"{{name}}-{{number - 5}}"])
        store.flush()
"""


def test_two_processes_write_and_lose_nothing(folder: Path) -> None:
    processes = [
        subprocess.Popen([sys.executable, "-c", WRITER, str(folder), name], stderr=subprocess.PIPE, text=True)
        for name in ("one", "two")
    ]
    with opened(folder, read_only=True) as reader:
        while any(process.poll() is None for process in processes):
            # every state that a reader sees is whole
            assert len(reader.search(unit(3)[None], k=100)[0]) >= 20
    said = [process.communicate()[1] for process in processes]
    assert [process.returncode for process in processes] == [0, 0], said
    with opened(folder, read_only=True) as store:
        wanted = {f"id-{n:02d}" for n in range(20)}
        wanted |= {f"{name}-{number}" for name in ("one", "two") for number in range(35, 40)}
        assert {record.id for record in store.scan()} == wanted
        np.testing.assert_allclose(store.get(["two-39"])[0].vector, unit(39), atol=1e-6)


def test_threads_that_write_and_flush_lose_nothing(folder: Path) -> None:
    with opened(folder) as store:

        def work(number: int) -> int:
            store.upsert([f"t-{number}"], unit(number)[None], [{"number": number}])
            store.flush()
            return len(store.search(unit(number)[None], k=3, where=Eq("number", number))[0])

        with ThreadPoolExecutor(8) as pool:
            assert list(pool.map(work, range(40))) == [1] * 40
    assert opened(folder, read_only=True).count() == 60
