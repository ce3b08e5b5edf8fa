"""The folder of the embedded store: old state or new state, whatever happens, and one clear error otherwise."""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from conformance import DIMENSION, FINGERPRINT, filled, unit

from mtl_core.errors import ArtifactError
from retrieval.stores import faiss_folder
from retrieval.stores.base import StoreSpec
from retrieval.stores.faiss_index import IndexRule
from retrieval.stores.faiss_store import FaissStore

SPEC = StoreSpec(dimension=DIMENSION, fingerprint=FINGERPRINT)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    with FaissStore.open(tmp_path / "store", spec=SPEC) as store:
        filled(store)
    return tmp_path / "store"


def opened(folder: Path, **options) -> FaissStore:
    return FaissStore.open(folder, spec=SPEC, **options)


def data_files(folder: Path) -> list[Path]:
    return sorted([*folder.glob("vectors-*"), *folder.glob("records-*")])


@pytest.mark.parametrize("number", [0, 1], ids=["records", "vectors"])
@pytest.mark.parametrize("damage", ["flip", "cut", "grow"])
def test_a_changed_file_is_refused(folder: Path, number: int, damage: str) -> None:
    path = data_files(folder)[number]
    content = path.read_bytes()
    changed = {
        "flip": content[:60] + bytes([content[60] ^ 1]) + content[61:],
        "cut": content[:-5],
        "grow": content + b" ",
    }
    path.write_bytes(changed[damage])
    with pytest.raises(ArtifactError, match="changed or cut off"):
        opened(folder).get(["id-01"])


def test_a_damaged_manifest_is_refused(folder: Path) -> None:
    (folder / "manifest.json").write_text("{", encoding="utf-8")
    with pytest.raises(ArtifactError, match="damaged"):
        opened(folder)


def test_another_schema_version_is_refused(folder: Path) -> None:
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    (folder / "manifest.json").write_text(json.dumps({**manifest, "schema_version": 99}), encoding="utf-8")
    with pytest.raises(ArtifactError, match="schema version 99"):
        opened(folder)


def test_a_symbolic_link_is_refused(folder: Path, tmp_path: Path) -> None:
    path = data_files(folder)[0]
    path.rename(tmp_path / "elsewhere")
    path.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(ArtifactError, match="no plain file"):
        opened(folder).get(["id-01"])


def test_a_link_as_lock_makes_no_file_elsewhere(folder: Path, tmp_path: Path) -> None:
    (folder / "writer.lock").unlink(missing_ok=True)
    (folder / "writer.lock").symlink_to(tmp_path / "planted")
    with pytest.raises(ArtifactError, match="cannot be written"):
        opened(folder).delete(["id-01"])
    assert not (tmp_path / "planted").exists()


def test_overruled_rows_do_not_tip_the_choice_of_index(tmp_path: Path) -> None:
    rule = IndexRule(flat_up_to=20, exact_up_to=0, exact_share=0.0)
    with FaissStore.open(tmp_path / "edge", spec=SPEC, rule=rule) as store:
        filled(store)
        filled(store)
        assert store.search(unit(3)[None], k=1)[0][0].id == "id-03"
        assert store._index is None
        store.upsert(["one-more"], unit(90)[None], [{}])
        assert store.search(unit(90)[None], k=1)[0][0].id == "one-more"
        assert store._index is not None


def test_a_name_outside_the_folder_is_refused(folder: Path) -> None:
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    manifest["parts"][0]["records"]["file"] = "../secret.jsonl"
    (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    with pytest.raises(ArtifactError, match="no plain file"):
        opened(folder).get(["id-01"])


def test_a_missing_file_is_named(folder: Path) -> None:
    data_files(folder)[0].unlink()
    with pytest.raises(ArtifactError, match="lacks a file"):
        opened(folder).get(["id-01"])


def test_the_second_writer_is_told(folder: Path) -> None:
    with opened(folder) as first, opened(folder) as second:
        first.delete(["id-01"])
        with pytest.raises(ArtifactError, match="Another program is writing"):
            second.delete(["id-02"])
        # reading goes on beside the writer
        assert second.count() == 20
        assert opened(folder, read_only=True).get(["id-01"])[0] is not None


def test_a_writer_that_waited_sees_what_the_first_one_wrote(folder: Path) -> None:
    with opened(folder) as late:
        assert late.count() == 20
        with opened(folder) as first:
            first.delete(["id-01"])
        late.upsert(["new"], unit(70)[None], [{}])
    with opened(folder) as again:
        assert again.count() == 20
        assert again.get(["id-01", "new"])[0] is None


def test_a_reader_follows_a_writer_that_merged_the_parts(folder: Path) -> None:
    reader = opened(folder, read_only=True)
    with opened(folder) as writer:
        writer.delete([f"id-{n:02d}" for n in range(15)])
    assert [record.id for record in reader.scan()] == [f"id-{n:02d}" for n in range(15, 20)]


def test_small_changes_write_small_parts_and_many_are_merged(folder: Path) -> None:
    before = data_files(folder)
    with opened(folder) as store:
        store.upsert(["one"], unit(80)[None], [{}])
    assert set(before) < set(data_files(folder))
    for number in range(30):
        with opened(folder) as store:
            store.upsert([f"more-{number}"], unit(100 + number)[None], [{}])
    assert len(data_files(folder)) <= 2 * 25
    with opened(folder) as store:
        assert store.count() == 51


def test_reading_alone_changes_nothing(folder: Path) -> None:
    before = {path: path.read_bytes() for path in folder.iterdir()}
    with opened(folder, read_only=True) as store:
        store.search(unit(1)[None], k=3)
        with pytest.raises(ArtifactError, match="reading alone"):
            store.delete(["id-01"])
    assert {path: path.read_bytes() for path in folder.iterdir()} == before


def test_nothing_is_made_without_leave(tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match="There is no store"):
        opened(tmp_path / "none", create=False)
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(ArtifactError, match="is a file"):
        opened(tmp_path / "file")


def test_a_full_disk_loses_nothing(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = opened(folder)
    store.upsert(["new"], unit(70)[None], [{}])

    def full(path: Path, content: bytes) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(faiss_folder, "write_atomic", full)
        with pytest.raises(ArtifactError, match="No space left"):
            store.flush()
    assert opened(folder, read_only=True).count() == 20
    store.close()
    assert opened(folder, read_only=True).count() == 21


WRITER = f"""
import sys
import numpy as np
sys.path[:0] = [{str(Path(__file__).parent)!r}]
import numpy as np
from conformance import unit
from retrieval.stores.base import StoreSpec
from retrieval.stores.faiss_index import IndexRule
from retrieval.stores.faiss_store import FaissStore
store = FaissStore.open(sys.argv[1], spec=StoreSpec(dimension={DIMENSION}, fingerprint={FINGERPRINT!r}))
print("ready", flush=True)
for number in range(100000):
    names = [f"n-{{number}}-{{part}}" for part in range(50)]
    store.upsert(names, np.stack([unit(part) for part in range(50)]), [{{}}] * 50)
    store.flush()
    print(number, flush=True)
"""


@pytest.mark.slow
def test_killed_at_any_moment_the_old_or_the_new_state_stands(folder: Path) -> None:
    generator = np.random.default_rng(0)
    for _ in range(5):
        process = subprocess.Popen([sys.executable, "-c", WRITER, str(folder)], stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        time.sleep(float(generator.uniform(0.0, 0.3)))
        process.send_signal(signal.SIGKILL)
        said = process.stdout.read().split()
        process.stdout.close()
        process.wait()
        with opened(folder) as store:
            batches = {record.id.rsplit("-", 1)[0] for record in store.scan() if record.id.startswith("n-")}
            assert store.count() == 20 + 50 * len(batches)
            # what was said to be flushed is there
            assert {f"n-{number}" for number in said} <= batches
