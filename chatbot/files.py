"""Plans as files: found, decoded, refused with one clear sentence."""

from __future__ import annotations

import codecs
from collections.abc import Iterable
from pathlib import Path

from mtl_core.errors import InputError

__all__ = ["find_plans", "read_plan"]

MAX_BYTES = 2_000_000
_SUFFIXES = frozenset({".md", ".markdown", ".txt", ".text"})
_MAGIC = (
    (b"%PDF", "a PDF; copy its text into a .txt file first"),
    (b"PK\x03\x04", "a zip or Office file; save it as plain text or markdown first"),
    (b"\xd0\xcf\x11\xe0", "an old Office file; save it as plain text or markdown first"),
    (b"{\\rtf", "an RTF file; save it as plain text first"),
    (b"\x89PNG", "a picture; give the plan as text"),
    (b"\xff\xd8\xff", "a picture; give the plan as text"),
)
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def find_plans(paths: Iterable[Path]) -> list[Path]:
    """Files to read: those named, and the .md and .txt files in the folders named.

    Args:
        paths: Files and folders.

    Returns:
        Files; within a folder sorted by name.
    """
    found: list[Path] = []
    for path in paths:
        if path.is_dir():
            found += sorted(p for p in path.rglob("*") if p.suffix.lower() in _SUFFIXES and p.is_file())
        else:
            found.append(path)
    return found


def read_plan(path: Path) -> str:
    """Read a plan as text: UTF-8, or UTF-16 and UTF-32 with a byte order mark.

    Args:
        path: The file.

    Returns:
        The decoded text, newlines as they are in the file.

    Raises:
        InputError: If the file is missing, too large, binary or in another encoding.
    """
    try:
        if path.exists() and not path.is_file():
            raise InputError(f"{path} is no file; give a plan as a .md or .txt file.")
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise InputError(f"{path} has {size:,} bytes; the limit is {MAX_BYTES:,}. Give one lesson at a time.")
        content = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror or error}. Check the path.") from error
    for magic, what in _MAGIC:
        if content.startswith(magic):
            raise InputError(f"{path} is {what}.")
    encoding = next((name for mark, name in _MARKS if content.startswith(mark)), "utf-8")
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        raise InputError(
            f"{path} is not {encoding.upper()} text (byte {error.start}). Save it as UTF-8 text and try again."
        ) from error
