"""Vectors and payloads in a folder: immutable parts, and a manifest that is replaced last.

A part holds the rows and the deletions of one flush, so a small change writes a small part. The folder's state is what
its manifest names; a later part overrules an earlier one. Parts are merged when they are many or mostly overruled.
"""

from __future__ import annotations

import fcntl
import hashlib
import io
import json
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from mtl_core.errors import ArtifactError
from mtl_core.saved import write_atomic

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from retrieval.stores.base import StoreSpec

__all__ = ["Manifest", "Part", "PartEntry", "StoreFolder"]

SCHEMA_VERSION = 1
MANIFEST = "manifest.json"
_KIND = "vector-store"
_LOCK = "writer.lock"
_SAFE_NAME = re.compile(r"[a-z]+-[0-9a-f]{16}\.(?:npy|jsonl)")


class FileEntry(BaseModel):
    """A file of a part, verified before it is parsed."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    file: str
    bytes: int = Field(ge=0)
    sha256: str


class PartEntry(BaseModel):
    """One part: its vectors, and a line for each row and each deletion."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    rows: int = Field(ge=0)
    vectors: FileEntry
    records: FileEntry


class Manifest(BaseModel):
    """The state of a folder."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    kind: str
    schema_version: int
    dimension: int
    fingerprint: str
    count: int = Field(ge=0)
    parts: tuple[PartEntry, ...] = ()


@dataclass(frozen=True, slots=True)
class Part:
    """Content of a part.

    Args:
        ids: Of the rows.
        payloads: JSON of the rows.
        vectors: ``[rows, dimension]`` float32.
        deleted: Ids that no longer stand, whatever earlier parts say.
    """

    ids: Sequence[str]
    payloads: Sequence[bytes]
    vectors: NDArray[np.float32]
    deleted: Sequence[str]


class StoreFolder:
    """Reads and publishes the parts of one folder; one writer at a time, readers are never blocked.

    Args:
        path: The folder.
        spec: What its vectors must be.
    """

    def __init__(self, path: Path, spec: StoreSpec) -> None:
        self.path = path
        self._spec = spec
        self._lock: IO[bytes] | None = None

    def manifest(self) -> Manifest | None:
        """The present state; ``None`` where the folder has none yet.

        Raises:
            ArtifactError: If it is damaged, of another schema, or of another encoder.
        """
        place = self.path / MANIFEST
        if self.path.exists() and not self.path.is_dir():
            raise ArtifactError(f"{self.path} is a file; name a folder for the store.")
        if place.is_symlink():
            raise ArtifactError(f"{place} is a symbolic link; a store reads only files of its own folder.")
        try:
            content = place.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise ArtifactError(f"{place} cannot be read ({error.strerror}); check the folder.") from error
        try:
            found = Manifest.model_validate_json(content)
        except ValidationError as error:
            raise ArtifactError(f"{place} is damaged; index the documents again into a new folder.") from error
        if found.kind != _KIND or found.schema_version != SCHEMA_VERSION:
            raise ArtifactError(
                f"{self.path} holds a {found.kind} of schema version {found.schema_version}; this program reads a "
                f"{_KIND} of version {SCHEMA_VERSION}. Index the documents again."
            )
        if (found.dimension, found.fingerprint) != (self._spec.dimension, self._spec.fingerprint):
            raise ArtifactError(
                f"The store in {self.path} holds vectors of another encoder ({found.dimension} dimensions, fingerprint "
                f"{found.fingerprint[:12]}); load that encoder or index the documents again."
            )
        return found

    def read(self, entry: PartEntry) -> Part:
        """Content of a part, every byte verified before it is parsed.

        Args:
            entry: From the manifest.

        Returns:
            The part.

        Raises:
            FileNotFoundError: If a writer has replaced it meanwhile; read the manifest again.
            ArtifactError: If it is damaged.
        """
        matrix = self._verified(entry.vectors)
        lines = self._verified(entry.records).split(b"\n")
        try:
            vectors = np.load(io.BytesIO(matrix), allow_pickle=False)
            rows = [json.loads(line) for line in lines[: entry.rows]]
            ids = [row["id"] for row in rows]
            # the payload is kept as it was written, behind the id
            payloads = [line[len(_head(name)) : -1] for line, name in zip(lines[: entry.rows], ids, strict=True)]
            deleted = [json.loads(line)["deleted"] for line in lines[entry.rows :] if line]
        except (ValueError, KeyError, TypeError, EOFError) as error:
            raise ArtifactError(f"{self.path} holds a part that cannot be read; index the documents again.") from error
        if vectors.shape != (entry.rows, self._spec.dimension) or vectors.dtype != np.float32:
            raise ArtifactError(f"{self.path} holds vectors that do not fit it; index the documents again.")
        return Part(ids, payloads, vectors, deleted)

    def write(self, part: Part) -> PartEntry:
        """Write the files of a part; nothing names them yet.

        Args:
            part: Its content.

        Returns:
            What the manifest says of it.

        Raises:
            ArtifactError: If the folder is read-only or the disk is full; the old state stands.
        """
        stream = io.BytesIO()
        np.save(stream, np.ascontiguousarray(part.vectors, np.float32), allow_pickle=False)
        lines = [_head(name) + payload + b"}" for name, payload in zip(part.ids, part.payloads, strict=True)]
        lines += [json.dumps({"deleted": name}, ensure_ascii=False).encode() for name in part.deleted]
        vectors = self._write(stream.getvalue(), "vectors", "npy")
        records = self._write(b"\n".join(lines), "records", "jsonl")
        return PartEntry(rows=len(part.ids), vectors=vectors, records=records)

    def publish(self, parts: Sequence[PartEntry], *, count: int) -> Manifest:
        """Make these parts the folder's state, then remove files that no state names.

        Args:
            parts: In order.
            count: Items that stand.

        Returns:
            The new state.

        Raises:
            ArtifactError: If the manifest cannot be written; the old state stands.
        """
        state = Manifest(
            kind=_KIND,
            schema_version=SCHEMA_VERSION,
            dimension=self._spec.dimension,
            fingerprint=self._spec.fingerprint,
            count=count,
            parts=tuple(parts),
        )
        try:
            write_atomic(self.path / MANIFEST, (state.model_dump_json(indent=1) + "\n").encode())
        except OSError as error:
            raise self._unwritable(error) from error
        named = {entry.file for part in parts for entry in (part.vectors, part.records)}
        for old in self.path.iterdir():
            if _SAFE_NAME.fullmatch(old.name) and old.name not in named:
                old.unlink(missing_ok=True)
        return state

    def lock(self) -> None:
        """Become the one writer, until ``unlock`` or the end of the process.

        Raises:
            ArtifactError: If another writer is at work, or the folder cannot be written.
        """
        if self._lock is not None:
            return
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            # a link planted under this name must not make a file elsewhere
            flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
            stream = os.fdopen(os.open(self.path / _LOCK, flags, 0o644), "wb")
        except OSError as error:
            raise self._unwritable(error) from error
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            stream.close()
            raise ArtifactError(
                f"Another program is writing to {self.path}; wait until it closes the store."
            ) from error
        self._lock = stream

    def unlock(self) -> None:
        """Let another writer begin."""
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def _write(self, content: bytes, stem: str, suffix: str) -> FileEntry:
        sha256 = hashlib.sha256(content).hexdigest()
        name = f"{stem}-{sha256[:16]}.{suffix}"
        try:
            write_atomic(self.path / name, content)
        except OSError as error:
            raise self._unwritable(error) from error
        return FileEntry(file=name, bytes=len(content), sha256=sha256)

    def _unwritable(self, error: OSError) -> ArtifactError:
        reason = error.strerror or os.strerror(error.errno or 0)
        return ArtifactError(f"{self.path} cannot be written ({reason}); what was saved before still stands.")

    def _verified(self, entry: FileEntry) -> bytes:
        place = self.path / entry.file
        if not _SAFE_NAME.fullmatch(entry.file) or place.is_symlink():
            raise ArtifactError(f"{place} is no plain file of the store; it is refused.")
        content = place.read_bytes()
        if len(content) != entry.bytes or hashlib.sha256(content).hexdigest() != entry.sha256:
            raise ArtifactError(
                f"{place} was changed or cut off after it was saved; index the documents again into a new folder."
            )
        return content


def _head(name: str) -> bytes:
    return b'{"id":' + json.dumps(name, ensure_ascii=False).encode() + b',"payload":'
