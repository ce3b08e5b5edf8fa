"""Two states of a thing, and short ways to save and to read it."""

from __future__ import annotations

from pathlib import Path

from mtl_core.saved import Saved, publish, read_saved

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
