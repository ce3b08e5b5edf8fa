"""Folders that are published whole or not at all, and verified before anything in them is parsed.

A saved folder holds data files whose names carry their content's hash, and one ``manifest.json``
that lists them. The manifest is replaced last, by an atomic rename: a reader sees the old state or
the new one, whatever happens to the writer.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from mtl_core.errors import ArtifactError

__all__ = ["Saved", "publish", "read_saved", "write_atomic"]

MANIFEST = "manifest.json"
_ATTEMPTS = 20
_SAFE_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")
_HASH_IN_NAME = re.compile(r"-[0-9a-f]{12}(?=\.|$)")


class _MissingFileError(ArtifactError):
    """A file that the manifest names is not there, at least not any more."""


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid")
    file: str
    bytes: int
    sha256: str


class _Manifest(BaseModel):
    model_config = ConfigDict(extra="forbid")
    kind: str
    schema_version: int
    meta: dict[str, Any]
    files: dict[str, _Entry]


@dataclass(frozen=True, slots=True)
class Saved:
    """What a verified folder holds.

    Args:
        meta: The writer's own description, still to be validated by its schema.
        files: Content by logical name, already checked against size and sha256.
    """

    meta: dict[str, Any]
    files: dict[str, bytes]


def write_atomic(path: Path, content: bytes) -> None:
    """Write a file so that it holds the old or the new content, never a part.

    Args:
        path: The file; its folder must exist.
        content: The bytes.
    """
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".tmp")
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        Path(name).chmod(0o644)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    _sync_folder(path.parent)


def publish(
    folder: str | Path, *, kind: str, schema_version: int, meta: Mapping[str, Any], files: Mapping[str, bytes]
) -> None:
    """Publish files and their manifest as the folder's new state, then remove the old state's files.

    Args:
        folder: Where; made if it is missing.
        kind: What this is, such as ``template-index``; a reader of another kind refuses it.
        schema_version: Version of ``meta`` and of the files' layout.
        meta: Description, JSON-serialisable.
        files: Content by logical name, such as ``vectors.safetensors``.

    Raises:
        ArtifactError: If the folder cannot be made.
    """
    target = Path(folder)
    try:
        target.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ArtifactError(f"{target} cannot be used as a folder ({error.strerror}); name another.") from error
    entries: dict[str, dict[str, Any]] = {}
    for name, content in files.items():
        sha256 = hashlib.sha256(content).hexdigest()
        stem, dot, suffix = name.partition(".")
        stored = f"{stem}-{sha256[:12]}{dot}{suffix}"
        write_atomic(target / stored, content)
        entries[name] = {"file": stored, "bytes": len(content), "sha256": sha256}
    before = _files_of(target)
    manifest = {"kind": kind, "schema_version": schema_version, "meta": dict(meta), "files": entries}
    write_atomic(target / MANIFEST, (json.dumps(manifest, indent=1, sort_keys=True) + "\n").encode())
    current = {entry["file"] for entry in entries.values()}
    for old in target.iterdir():
        replaced = any(_HASH_IN_NAME.sub("", old.name) == name for name in files)
        ours = old.name in before or (replaced and _HASH_IN_NAME.search(old.name))
        if ours and old.name not in current:
            old.unlink(missing_ok=True)


def _files_of(folder: Path) -> frozenset[str]:
    """Files of the state that stands in a folder, none where there is no readable one."""
    try:
        manifest = _Manifest.model_validate_json((folder / MANIFEST).read_bytes())
    except (OSError, ValidationError):
        return frozenset()
    return frozenset(entry.file for entry in manifest.files.values() if _SAFE_NAME.fullmatch(entry.file))


def read_saved(folder: str | Path, *, kind: str, schema_version: int) -> Saved:
    """Read a published folder, every byte verified.

    Args:
        folder: The folder.
        kind: The kind expected.
        schema_version: The version that the caller understands.

    Returns:
        Description and files.

    Raises:
        ArtifactError: If something is missing, damaged, of another kind or of another version.
    """
    target = Path(folder)
    for _ in range(_ATTEMPTS):
        try:
            return _read_once(target, kind=kind, schema_version=schema_version)
        except _MissingFileError:
            # a writer replaced the state between the manifest and its files: read the new state
            continue
    return _read_once(target, kind=kind, schema_version=schema_version)


def _read_once(target: Path, *, kind: str, schema_version: int) -> Saved:
    try:
        manifest = _Manifest.model_validate_json((target / MANIFEST).read_bytes())
    except FileNotFoundError as error:
        raise ArtifactError(f"{target} holds no {MANIFEST}; give the folder of a saved {kind}.") from error
    except (ValidationError, OSError) as error:
        raise ArtifactError(f"{target / MANIFEST} is damaged; save the {kind} again.") from error
    if manifest.kind != kind:
        raise ArtifactError(f"{target} holds a {manifest.kind}, not a {kind}.")
    if manifest.schema_version != schema_version:
        raise ArtifactError(
            f"{target} has schema version {manifest.schema_version}; this program reads {schema_version}. "
            f"Save the {kind} again with this version."
        )
    return Saved(manifest.meta, {name: _verified(target, entry, kind) for name, entry in manifest.files.items()})


def _verified(folder: Path, entry: _Entry, kind: str) -> bytes:
    if not _SAFE_NAME.fullmatch(entry.file):
        raise ArtifactError(f"{folder / MANIFEST} names the file {entry.file!r} outside its folder; it is refused.")
    path = folder / entry.file
    try:
        content = path.read_bytes()
    except OSError as error:
        raise _MissingFileError(f"{path} is missing; save the {kind} again.") from error
    if len(content) != entry.bytes:
        raise ArtifactError(
            f"{path} has {len(content)} bytes instead of {entry.bytes}: it is truncated or changed. "
            f"Save the {kind} again."
        )
    if hashlib.sha256(content).hexdigest() != entry.sha256:
        raise ArtifactError(f"{path} was changed after it was saved (sha256 differs). Save the {kind} again.")
    return content


def _sync_folder(folder: Path) -> None:
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
