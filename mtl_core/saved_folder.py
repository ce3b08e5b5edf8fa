"""Folders that other libraries read too, so their files keep plain names: replaced as a whole or not at all."""

from __future__ import annotations

import ctypes
import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from mtl_core.errors import ArtifactError

__all__ = ["check_place", "file_sha256", "publish_folder"]

_HERE, _EXCHANGE = -100, 2
"""``AT_FDCWD`` and ``RENAME_EXCHANGE`` of Linux's ``renameat2``."""


def check_place(folder: Path, *, marker: str) -> None:
    """Refuse a place that holds something else, such as before a long training that is to be saved there.

    Args:
        folder: Where; it may be missing.
        marker: File by which a folder of the wanted kind is known.

    Raises:
        ArtifactError: If it is a file, or a folder that holds other things and no ``marker``.
    """
    if folder.exists() and not (folder.is_dir() and ((folder / marker).is_file() or not any(folder.iterdir()))):
        raise ArtifactError(f"{folder} holds something that is not a saved model; name an empty or a new folder.")


def publish_folder(folder: Path, write: Callable[[Path], None], *, marker: str) -> None:
    """Write a folder beside its place, then swap it in.

    Args:
        folder: Where; one that holds ``marker`` or nothing is replaced, anything else is kept.
        write: Writes everything into the folder that it is given.
        marker: File by which a folder of this kind is known.

    Raises:
        ArtifactError: If the folder holds something else, or cannot be written.
    """
    check_place(folder, marker=marker)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        staged = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}.", suffix=".tmp"))
    except OSError as error:
        raise ArtifactError(f"{folder} cannot be written ({error.strerror}); name another folder.") from error
    try:
        write(staged)
        _sync(staged)
        _swap(staged, folder)
    except OSError as error:
        raise ArtifactError(f"{folder} cannot be written ({error.strerror}); nothing there was changed.") from error
    finally:
        shutil.rmtree(staged, ignore_errors=True)


def file_sha256(path: Path) -> str:
    """Hex sha256 of a file."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _sync(staged: Path) -> None:
    staged.chmod(0o755)
    for path in sorted(staged.rglob("*")):
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _swap(staged: Path, folder: Path) -> None:
    """Put the staged folder in the place of the old one, which is removed only when the new one stands."""
    if not folder.exists():
        staged.replace(folder)
        return
    if _exchange(staged, folder):
        return
    old = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}.", suffix=".old"))
    try:
        folder.replace(old)
        staged.replace(folder)
    except BaseException:
        if not folder.exists():
            old.replace(folder)
        raise
    finally:
        if folder.exists():
            shutil.rmtree(old, ignore_errors=True)


def _exchange(one: Path, other: Path) -> bool:
    """Let two folders change places in one step, so that not even a kill leaves neither; false where none is offered."""  # noqa: E501
    try:
        rename = ctypes.CDLL(None, use_errno=True).renameat2
    except (AttributeError, OSError, TypeError):
        return False
    return bool(rename(_HERE, os.fsencode(one), _HERE, os.fsencode(other), _EXCHANGE) == 0)
