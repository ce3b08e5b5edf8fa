"""The folder of the embedded store: old state or new state, whatever happens, and one clear error otherwise."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from conformance import DIMENSION, FINGERPRINT, filled, unit

from mtl_core.errors import ArtifactError
from retrieval.stores.base import StoreSpec
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
    return sorted(folder.glob("part-*"))


@pytest.mark.parametrize("damage", ["flip", "last", "cut", "grow", "empty"])
def test_a_changed_file_is_refused(folder: Path, damage: str) -> None:
    path = data_files(folder)[0]
    content = path.read_bytes()
    changed = {
        "flip": content[:60] + bytes([content[60] ^ 1]) + content[61:],
        "last": content[:-1] + bytes([content[-1] ^ 1]),
        "cut": content[:-5],
        "grow": content + b" ",
        "empty": b"",
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


def test_a_name_outside_the_folder_is_refused(folder: Path) -> None:
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    manifest["parts"][0]["file"]["file"] = "../secret.safetensors"
    (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    with pytest.raises(ArtifactError, match="no plain file"):
        opened(folder).get(["id-01"])


def test_a_missing_file_is_named(folder: Path) -> None:
    data_files(folder)[0].unlink()
    with pytest.raises(ArtifactError, match="lacks a file"):
        opened(folder).get(["id-01"])


def test_small_changes_write_small_parts_and_they_are_merged(folder: Path) -> None:
    before = data_files(folder)
    with opened(folder) as store:
        store.upsert(["one"], unit(80)[None], [{}])
    assert set(before) < set(data_files(folder))
    for number in range(40):
        with opened(folder) as store:
            store.upsert([f"more-{number}"], unit(100 + number)[None], [{}])
            store.delete([f"more-{number - 1}"])
    # each part is more than twice as large as the next
    assert len(data_files(folder)) <= 5
    with opened(folder) as store:
        assert [record.id for record in store.scan()][20:] == ["more-39", "one"]


def test_rows_that_are_mostly_overruled_are_written_anew(folder: Path) -> None:
    with opened(folder) as store:
        store.delete([f"id-{n:02d}" for n in range(15)])
    (part,) = data_files(folder)
    assert json.loads((folder / "manifest.json").read_text(encoding="utf-8"))["parts"][0]["rows"] == 5
    assert b"id-03" not in part.read_bytes()


def test_what_a_dead_writer_left_is_removed(folder: Path) -> None:
    (folder / ".part-123.tmp").write_bytes(b"half")
    (folder / "part-0123456789abcdef.safetensors").write_bytes(b"named by nobody")
    (folder / "notes.txt").write_text("not of the store", encoding="utf-8")
    with opened(folder) as store:
        store.delete(["id-01"])
    assert not (folder / ".part-123.tmp").exists()
    assert not (folder / "part-0123456789abcdef.safetensors").exists()
    assert (folder / "notes.txt").exists()


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


WRITER = f"""
import sys
import numpy as np
sys.path[:0] = [{str(Path(__file__).parent)!r}]
import numpy as np
from conformance import unit
from retrieval.stores.base import StoreSpec
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
