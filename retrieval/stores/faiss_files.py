"""Files of a store's folder: named by their content, published whole, verified and mapped, under one writer's lock."""

from __future__ import annotations

import fcntl
import hashlib
import mmap
import os
import re
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from mtl_core.errors import ArtifactError
from mtl_core.saved import write_atomic
from retrieval.stores.faiss_manifest import MANIFEST, FileEntry

__all__ = ["StoreFiles"]

_LOCK = "writer.lock"
_OURS = re.compile(r"(?:part|graph)-[0-9a-f]{16}\.(?:safetensors|faiss)")
_UNFINISHED = re.compile(r"\.(?:part|graph|manifest).*\.tmp")
_PAUSE = 0.01


class StoreFiles:
    """Reads, writes and removes the files of one folder.

    Args:
        path: The folder.
        wait: Seconds that a writer waits for another one.
    """

    def __init__(self, path: Path, *, wait: float) -> None:
        self.path = path
        self._wait = wait
        self._manifest = path / MANIFEST

    def manifest(self) -> tuple[bytes, int] | None:
        """The manifest's bytes and an open descriptor of it; ``None`` where there is none.

        While the descriptor is open, no other file gets its inode number, so ``is_same`` cannot be mistaken.

        Raises:
            ArtifactError: If the folder or the manifest is no such thing, or cannot be read.
        """
        place = self.path / MANIFEST
        if self.path.exists() and not self.path.is_dir():
            raise ArtifactError(f"{self.path} is a file; name a folder for the store.")
        if place.is_symlink():
            raise ArtifactError(f"{place} is a symbolic link; a store reads only files of its own folder.")
        try:
            descriptor = os.open(place, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise ArtifactError(f"{place} cannot be read ({error.strerror}); check the folder.") from error
        with os.fdopen(os.dup(descriptor), "rb") as stream:
            return stream.read(), descriptor

    def is_same(self, descriptor: int | None) -> bool:
        """Whether the manifest is still the file of a descriptor.

        Args:
            descriptor: From ``manifest``; ``None`` where there was none.

        Returns:
            Whether nothing was published since.
        """
        try:
            # at every search, so without making a path each time
            now = self._manifest.stat()
        except OSError:
            # a folder that was removed says nothing new
            return True
        if descriptor is None:
            return False
        then = os.fstat(descriptor)
        return (now.st_ino, now.st_dev) == (then.st_ino, then.st_dev)

    def opened(self, entry: FileEntry) -> BinaryIO:
        """A file, open; its bytes stay, also when a writer removes it.

        Args:
            entry: From the manifest.

        Returns:
            The file, to be closed.

        Raises:
            FileNotFoundError: If it is not there.
            ArtifactError: If it is a link or not of the store.
        """
        place = self.path / entry.file
        if not _OURS.fullmatch(entry.file) or place.is_symlink():
            raise ArtifactError(f"{place} is no plain file of the store; it is refused.")
        return os.fdopen(os.open(place, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC), "rb")

    def mapped(self, entry: FileEntry, stream: BinaryIO) -> mmap.mmap:
        """A file's bytes, verified; they are read from disk as they are used.

        Args:
            entry: From the manifest.
            stream: The file, open.

        Returns:
            The bytes.

        Raises:
            ArtifactError: If its bytes are not those that were saved.
        """
        place = self.path / entry.file
        size = os.fstat(stream.fileno()).st_size
        content = mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) if size else None
        if content is None or size != entry.bytes or hashlib.sha256(content).hexdigest() != entry.sha256:
            raise ArtifactError(
                f"{place} was changed or cut off after it was saved; index the documents again into a new folder."
            )
        return content

    def write(self, stem: str, suffix: str, fill: Callable[[Path], None]) -> FileEntry:
        """Write a file under a name that its content decides; nothing names it yet.

        Args:
            stem: Beginning of the name.
            suffix: End of the name.
            fill: Writes the content to a path.

        Returns:
            What the manifest says of it.

        Raises:
            ArtifactError: If the folder is read-only or the disk is full.
        """
        unfinished = self.path / f".{stem}-{os.getpid()}.tmp"
        try:
            # never through a link that was planted under this name
            os.close(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644))
            fill(unfinished)
            with unfinished.open("rb") as stream:
                sha256 = hashlib.file_digest(stream, "sha256").hexdigest()
                os.fsync(stream.fileno())
                size = os.fstat(stream.fileno()).st_size
            name = f"{stem}-{sha256[:16]}.{suffix}"
            unfinished.replace(self.path / name)
        except OSError as error:
            unfinished.unlink(missing_ok=True)
            raise self.unwritable(error) from error
        return FileEntry(file=name, bytes=size, sha256=sha256)

    def publish(self, content: bytes, named: Collection[str]) -> None:
        """Replace the manifest, then remove files that it does not name.

        Args:
            content: The manifest.
            named: Files that it names.

        Raises:
            ArtifactError: If it cannot be written; the old state stands.
        """
        try:
            write_atomic(self.path / MANIFEST, content)
        except OSError as error:
            raise self.unwritable(error) from error
        self.remove_others(named)

    def remove_others(self, named: Collection[str]) -> None:
        """Remove files of the store that nothing names; the caller holds the lock, so none is being written.

        Args:
            named: Files that stay.
        """
        for old in self.path.iterdir():
            if (_OURS.fullmatch(old.name) and old.name not in named) or _UNFINISHED.fullmatch(old.name):
                old.unlink(missing_ok=True)

    def prepare(self) -> None:
        """Make the folder, and see early whether it can be written.

        Raises:
            ArtifactError: If it cannot.
        """
        os.close(self._open_lock())

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Be the folder's one writer; a process that ends, however it ends, is one no longer.

        Raises:
            ArtifactError: If another writer does not come to an end, or the folder cannot be written.
        """
        handle, patience = self._open_lock(), time.monotonic() + self._wait
        try:
            while True:
                try:
                    fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError:
                    if time.monotonic() >= patience:
                        raise ArtifactError(
                            f"Another program has been writing to {self.path} for {self._wait:g} seconds; try again."
                        ) from None
                time.sleep(_PAUSE)
            yield
        finally:
            os.close(handle)

    def unwritable(self, error: OSError) -> ArtifactError:
        """The error of a folder that cannot be written.

        Args:
            error: What the system said.

        Returns:
            An error to raise.
        """
        reason = error.strerror or os.strerror(error.errno or 0)
        return ArtifactError(f"{self.path} cannot be written ({reason}); what was saved before still stands.")

    def _open_lock(self) -> int:
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            # a link planted under this name must not make a file elsewhere
            return os.open(self.path / _LOCK, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644)
        except OSError as error:
            raise self.unwritable(error) from error
