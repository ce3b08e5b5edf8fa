"""Folders that were damaged are refused with the reason, and nothing in them is lost."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from mtl_core.errors import ArtifactError
from tests.mtl_core.saved.saved_things import OLD, load


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
