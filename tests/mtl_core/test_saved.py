"""Folders that are published whole or not at all."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mtl_core.errors import ArtifactError
from mtl_core.saved import Saved, publish, read_saved, write_atomic

OLD = {"meta": {"state": "old"}, "files": {"a.bin": b"old a" * 50, "b.safetensors": b"old b"}}
NEW = {"meta": {"state": "new"}, "files": {"a.bin": b"new a" * 40, "b.safetensors": b"new b"}}


def save(folder: Path, state: dict) -> None:
    publish(folder, kind="thing", schema_version=3, **state)


def load(folder: Path) -> Saved:
    return read_saved(folder, kind="thing", schema_version=3)


def as_state(saved: Saved) -> dict:
    return {"meta": saved.meta, "files": saved.files}


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    save(tmp_path / "thing", OLD)
    return tmp_path / "thing"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@settings(deadline=None, max_examples=40)
@given(
    meta=st.dictionaries(st.text(), JSON, max_size=3),
    files=st.dictionaries(st.sampled_from(["a.bin", "b.json", "c.tar.gz", "plain"]), st.binary(max_size=80)),
)
def test_what_is_published_is_read(tmp_path_factory: pytest.TempPathFactory, meta: dict, files: dict) -> None:
    folder = tmp_path_factory.mktemp("round") / "made" / "here"
    save(folder, {"meta": meta, "files": files})
    assert as_state(load(folder)) == {"meta": meta, "files": files}
    assert len(contents(folder)) == len(files) + 1


def test_a_second_state_replaces_the_first_and_its_files(folder: Path) -> None:
    save(folder, NEW)
    assert as_state(load(folder)) == NEW
    assert len(contents(folder)) == 3
    assert not [content for content in contents(folder).values() if content.startswith(b"old")]


def test_publishing_the_same_state_again_changes_no_byte(folder: Path) -> None:
    before = contents(folder)
    save(folder, OLD)
    assert contents(folder) == before


def test_a_file_that_the_new_state_lacks_is_removed(folder: Path) -> None:
    save(folder, {"meta": {}, "files": {"a.bin": b"only"}})
    assert as_state(load(folder)) == {"meta": {}, "files": {"a.bin": b"only"}}
    assert len(contents(folder)) == 2


def test_old_files_whose_names_have_no_suffix_are_removed(tmp_path: Path) -> None:
    for content in (b"one", b"two"):
        save(tmp_path, {"meta": {}, "files": {"vectors": content}})
    assert load(tmp_path).files == {"vectors": b"two"}
    assert len(contents(tmp_path)) == 2


@pytest.mark.parametrize(
    "name", ["notes.md", "a.bin", "a-0123.bin", "c-0123456789ab.bin", ".hidden", "other.safetensors"]
)
def test_unrelated_files_are_kept(folder: Path, name: str) -> None:
    (folder / name).write_bytes(b"mine")
    (folder / "sub").mkdir()
    (folder / "sub" / "a-0123456789ab.bin").write_bytes(b"mine")
    save(folder, NEW)
    assert (folder / name).read_bytes() == b"mine"
    assert (folder / "sub" / "a-0123456789ab.bin").read_bytes() == b"mine"


def data_file(folder: Path) -> Path:
    return next(folder.glob("a-*.bin"))


def manifest_change(**values: object) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        path = folder / "manifest.json"
        path.write_text(json.dumps({**json.loads(path.read_text()), **values}))

    return change


def entry_change(**values: object) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        path = folder / "manifest.json"
        manifest = json.loads(path.read_text())
        manifest["files"]["a.bin"].update(values)
        path.write_text(json.dumps(manifest))

    return change


def truncate(folder: Path) -> None:
    data_file(folder).write_bytes(data_file(folder).read_bytes()[:-1])


def flip(folder: Path) -> None:
    content = bytearray(data_file(folder).read_bytes())
    content[7] ^= 1
    data_file(folder).write_bytes(content)


def replace_by_folder(folder: Path) -> None:
    (folder / "manifest.json").unlink()
    (folder / "manifest.json").mkdir()


DAMAGE = {
    "truncated file": (truncate, "truncated or changed"),
    "changed byte": (flip, "sha256 differs"),
    "missing file": (lambda folder: data_file(folder).unlink(), "is missing"),
    "missing manifest": (lambda folder: (folder / "manifest.json").unlink(), "holds no manifest"),
    "broken json": (lambda folder: (folder / "manifest.json").write_text('{"kind": "thi'), "damaged"),
    "empty manifest": (lambda folder: (folder / "manifest.json").write_text(""), "damaged"),
    "manifest of other bytes": (lambda folder: (folder / "manifest.json").write_bytes(b"\xff\xfe\x00"), "damaged"),
    "manifest is a folder": (replace_by_folder, "damaged"),
    "manifest is a list": (lambda folder: (folder / "manifest.json").write_text("[]"), "damaged"),
    "unknown key": (manifest_change(extra=1), "damaged"),
    "no files": (manifest_change(files=None), "damaged"),
    "other kind": (manifest_change(kind="song"), "holds a song, not a thing"),
    "newer schema": (manifest_change(schema_version=4), "schema version 4"),
    "older schema": (manifest_change(schema_version=2), "schema version 2"),
    "path escape": (entry_change(file="../secret.bin"), "outside its folder"),
    "absolute path": (entry_change(file="/etc/hostname"), "outside its folder"),
    "hidden path": (entry_change(file=".."), "outside its folder"),
    "empty path": (entry_change(file=""), "outside its folder"),
    "line end in a path": (entry_change(file="a.bin\n"), "outside its folder"),
    "wrong size": (entry_change(bytes=1), "instead of 1"),
    "wrong hash": (entry_change(sha256="0" * 64), "sha256 differs"),
}


@pytest.mark.parametrize(("damage", "message"), DAMAGE.values(), ids=DAMAGE)
def test_damage_is_refused_and_nothing_is_lost(folder: Path, damage: Callable[[Path], None], message: str) -> None:
    (folder.parent / "secret.bin").write_bytes(OLD["files"]["a.bin"])
    damage(folder)
    before = {path: path.read_bytes() for path in folder.parent.rglob("*") if path.is_file()}
    with pytest.raises(ArtifactError, match=message):
        load(folder)
    assert {path: path.read_bytes() for path in folder.parent.rglob("*") if path.is_file()} == before


@pytest.mark.parametrize("name", ["missing", "file"])
def test_what_is_no_folder_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(ArtifactError):
        load(tmp_path / name)


class Death(BaseException):
    """The writer dies."""


@pytest.mark.parametrize("error", [Death, OSError])
@pytest.mark.parametrize(("owner", "name"), [(Path, "replace"), (os, "fsync"), (os, "fdopen"), (Path, "chmod")])
def test_a_writer_that_dies_at_any_write_leaves_a_readable_state(
    folder: Path, monkeypatch: pytest.MonkeyPatch, owner: object, name: str, error: type[BaseException]
) -> None:
    real, calls, deadly, seen = getattr(owner, name), 0, 0, []

    def dying(*arguments: object, **options: object) -> object:
        nonlocal calls
        calls += 1
        if calls == deadly:
            raise error("no space left")
        return real(*arguments, **options)

    while True:
        save(folder, OLD)
        with monkeypatch.context() as patch:
            calls, deadly = 0, deadly + 1
            patch.setattr(owner, name, dying)
            try:
                save(folder, NEW)
            except error:
                seen.append(as_state(load(folder))["meta"]["state"])
                assert as_state(load(folder)) in (OLD, NEW)
                assert not list(folder.glob("*.tmp")) + list(folder.glob(".*.tmp"))
                continue
        break
    assert deadly > 3, "each file and the manifest are written"
    assert as_state(load(folder)) == NEW
    assert "old" in seen
    assert seen == sorted(seen, reverse=True), "once the new state is there it stays"
    if name == "replace":
        assert set(seen) == {"old"}


def test_a_description_that_is_no_json_leaves_the_old_state(folder: Path) -> None:
    with pytest.raises(TypeError):
        save(folder, {"meta": {"x": object()}, "files": NEW["files"]})
    assert as_state(load(folder)) == OLD


WRITER = """
import sys
from mtl_core.saved import publish
print("ready", flush=True)
number = 0
while True:
    number += 1
    content = str(number).encode() * 20_000
    files = {"a.bin": content, "b.bin": content[::-1]}
    publish(sys.argv[1], kind="thing", schema_version=3, meta={"number": number}, files=files)
    print(number, flush=True)
"""


@pytest.mark.skipif(os.name != "posix", reason="SIGKILL is a POSIX signal")
def test_a_killed_writer_leaves_a_readable_state(tmp_path: Path) -> None:
    """20 kills of writers at random moments."""
    moments, highest = random.Random(0), 0
    for _ in range(4):
        writers = []
        for number in range(5):
            folder = tmp_path / f"thing{number}"
            command = [sys.executable, "-c", WRITER, str(folder)]
            writers.append((folder, subprocess.Popen(command, stdout=subprocess.PIPE, text=True)))
        for folder, process in writers:
            assert process.stdout is not None
            while process.stdout.readline().strip() != "1":
                assert process.poll() is None
            time.sleep(moments.random() * 0.08)
            process.send_signal(signal.SIGKILL)
            told = [line.strip() for line in process.stdout.read().splitlines()]
            process.stdout.close()
            assert process.wait() == -signal.SIGKILL
            saved = load(folder)
            number = saved.meta["number"]
            last = int(told[-1]) if told else 1
            assert number in (last, last + 1)
            content = str(number).encode() * 20_000
            assert saved.files == {"a.bin": content, "b.bin": content[::-1]}
            highest = max(highest, number)
    assert highest > 1, "the kills came too early to show anything"


def test_a_reader_sees_the_old_or_the_new_state_while_a_writer_publishes(folder: Path) -> None:
    stop = threading.Event()

    def write() -> None:
        while not stop.is_set():
            save(folder, NEW)
            save(folder, OLD)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        end, reads = time.monotonic() + 1.5, 0
        while time.monotonic() < end:
            assert as_state(load(folder)) in (OLD, NEW)
            reads += 1
    finally:
        stop.set()
        writer.join()
    assert reads > 5


@settings(deadline=None, max_examples=20)
@given(st.binary(max_size=200), st.binary(max_size=200))
def test_write_atomic_replaces_a_file_whole(tmp_path_factory: pytest.TempPathFactory, old: bytes, new: bytes) -> None:
    path = tmp_path_factory.mktemp("atomic") / "file.bin"
    for content in (old, new):
        write_atomic(path, content)
        assert contents(path.parent) == {"file.bin": content}


def test_write_atomic_needs_its_folder(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        write_atomic(tmp_path / "missing" / "file.bin", b"x")
    assert list(tmp_path.iterdir()) == []


def test_a_file_in_place_of_the_folder_is_refused_and_kept(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    with pytest.raises(ArtifactError, match="name another"):
        save(tmp_path / "file", NEW)
    assert (tmp_path / "file").read_text() == "mine"
