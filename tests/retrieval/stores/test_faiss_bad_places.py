"""Folders that cannot be used: one clear error, and what was saved before still stands."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import numpy as np
import pytest
from conformance import DIMENSION, FINGERPRINT, filled, unit

from mtl_core.errors import ArtifactError, InputError
from retrieval.filters import Eq
from retrieval.stores.base import StoreSpec
from retrieval.stores.faiss_store import FaissStore

SPEC = StoreSpec(dimension=DIMENSION, fingerprint=FINGERPRINT)
MEGABYTE = 1 << 20


def opened(folder: Path, **options) -> FaissStore:
    return FaissStore.open(folder, spec=SPEC, **options)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    with opened(tmp_path / "store") as store:
        filled(store)
    return tmp_path / "store"


@pytest.fixture
def small_disk(tmp_path: Path):
    """A file system of 1 MB, where this user may mount one."""
    place = tmp_path / "small"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(place)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("this user may mount no file system")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


def test_a_disk_for_reading_alone_answers_and_takes_no_change(small_disk: Path) -> None:
    with opened(small_disk / "store") as store:
        filled(store)
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    for store in (opened(small_disk / "store"), opened(small_disk / "store", read_only=True)):
        assert store.search(unit(3)[None], k=1)[0][0].id == "id-03"
        assert store.count() == 20
    with pytest.raises(ArtifactError, match=r"cannot be written \(Read-only file system\)"):
        opened(small_disk / "store").upsert(["new"], unit(70)[None], [{}])
    with pytest.raises(ArtifactError, match=r"cannot be written \(Read-only file system\)"):
        opened(small_disk / "another").upsert(["new"], unit(70)[None], [{}])


def test_a_full_disk_loses_nothing(small_disk: Path) -> None:
    with opened(small_disk / "store") as store:
        filled(store)
    ballast = small_disk / "ballast"
    ballast.write_bytes(b"\0" * (MEGABYTE - 64 * 1024))
    store = opened(small_disk / "store")
    names = [f"new-{number}" for number in range(2000)]
    store.upsert(names, np.stack([unit(number % 30) for number in range(2000)]), [{"text": "x" * 50}] * 2000)
    for _ in range(2):
        with pytest.raises(ArtifactError, match="No space left on device"):
            store.flush()
        assert opened(small_disk / "store", read_only=True).count() == 20
    assert not list((small_disk / "store").glob(".*tmp"))
    # the changes were kept, and go in once there is room
    assert store.count() == 2020
    ballast.unlink()
    store.close()
    assert opened(small_disk / "store", read_only=True).get(["new-1999"])[0] is not None


def test_a_disk_that_is_full_at_the_manifest_loses_nothing(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(path: Path, content: bytes) -> None:
        raise OSError(28, os.strerror(28))

    store = opened(folder)
    store.upsert(["new"], unit(70)[None], [{}])
    with monkeypatch.context() as patch:
        patch.setattr("retrieval.stores.faiss_files.write_atomic", full)
        with pytest.raises(ArtifactError, match="No space left"):
            store.flush()
    assert opened(folder, read_only=True).count() == 20
    store.close()
    assert opened(folder, read_only=True).count() == 21


def test_a_folder_that_cannot_be_written_is_told_at_the_first_change(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.open

    def refusing(path, flags, *rest, **more):
        if flags & (os.O_WRONLY | os.O_RDWR):
            raise PermissionError(13, os.strerror(13))
        return real(path, flags, *rest, **more)

    store = opened(folder)
    # a test may run as a user to whom permissions do not apply
    monkeypatch.setattr("os.open", refusing)
    with pytest.raises(ArtifactError, match=r"cannot be written \(Permission denied\)"):
        store.upsert(["new"], unit(70)[None], [{}])
    assert store.count() == 20
    assert store.search(unit(3)[None], k=1)[0][0].id == "id-03"


@pytest.mark.parametrize("name", ["manifest.json", "part"])
def test_a_symbolic_link_in_the_folder_is_refused(folder: Path, tmp_path: Path, name: str) -> None:
    (path,) = folder.glob(f"{name}*")
    path.rename(tmp_path / "elsewhere")
    path.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(ArtifactError, match=r"symbolic link|no plain file"):
        opened(folder).get(["id-01"])


def test_a_link_under_the_name_of_a_new_file_is_not_followed(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "victim").write_text("dear", encoding="utf-8")
    (folder / f".part-{os.getpid()}.tmp").symlink_to(tmp_path / "victim")
    with opened(folder) as store:
        store.delete(["id-01"])
        with pytest.raises(ArtifactError, match="cannot be written"):
            store.flush()
        # the name was freed, so the next try succeeds
        store.flush()
    assert (tmp_path / "victim").read_text(encoding="utf-8") == "dear"


def test_a_folder_of_another_encoder_is_refused(folder: Path) -> None:
    for spec in (StoreSpec(dimension=DIMENSION, fingerprint="other"), StoreSpec(dimension=4, fingerprint=FINGERPRINT)):
        with pytest.raises(ArtifactError, match="another encoder"):
            FaissStore.open(folder, spec=spec)


def test_a_closed_store_takes_no_change(folder: Path) -> None:
    store = opened(folder)
    store.close()
    store.close()
    with pytest.raises(ArtifactError, match="closed"):
        store.delete(["id-01"])


def test_questions_that_cannot_be_answered_are_refused_once_opened_again(folder: Path) -> None:
    store = opened(folder, read_only=True)
    for k in (0, -1, True, 1.5):
        with pytest.raises(InputError, match="whole number"):
            store.search(unit(1)[None], k=k)
    with pytest.raises(InputError, match=r"metadata\.colour.*metadata\.minutes"):
        store.count(Eq("metadata.colour", "red"))
    with pytest.raises(InputError, match="dimensions"):
        store.search(np.ones((1, 3), np.float32), k=1)
    assert len(store.search(unit(1)[None], k=1000)[0]) == 20
