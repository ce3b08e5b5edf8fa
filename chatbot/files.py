"""Plans as files: found, decoded, refused with one clear sentence."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from chatbot.uploads import MAX_TEXT_BYTES, MAX_UPLOAD_BYTES, SUFFIXES, read_content
from chatbot.uploads.kinds import kind_of_name
from mtl_core.errors import InputError

__all__ = ["find_plans", "read_plan"]

MAX_BYTES = MAX_TEXT_BYTES
_LOCK = "~$"


def find_plans(paths: Iterable[Path]) -> list[Path]:
    """Files to read: those named, and in the folders named the files of every kind that is read.

    Args:
        paths: Files and folders.

    Returns:
        Files; within a folder sorted by name.
    """
    found: list[Path] = []
    for path in paths:
        if path.is_dir():
            found += sorted(p for p in path.rglob("*") if _is_plan(p))
        else:
            found.append(path)
    return found


def read_plan(path: Path) -> str:
    """Read a plan as text.

    Word files, PDFs and web pages are parsed, see ``chatbot.uploads``. Any other file is decoded:
    UTF-8, or UTF-16 and UTF-32 with a byte order mark.

    Args:
        path: The file.

    Returns:
        The text; that of a text file with the newlines that it has.

    Raises:
        InputError: If the file is missing, too large, binary, or of another kind than its name says.
    """
    kind = kind_of_name(path.name)
    most = MAX_TEXT_BYTES if kind in ("text", None) else MAX_UPLOAD_BYTES
    try:
        if path.exists() and not path.is_file():
            raise InputError(f"{path} is no file; give a plan as a .md, .txt, .docx, .pdf or .html file.")
        size = path.stat().st_size
        if size > most:
            raise InputError(f"{path} has {size:,} bytes; the limit is {most:,}. Give one lesson at a time.")
        content = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror or error}. Check the path.") from error
    return read_content(str(path), kind, content)


def _is_plan(path: Path) -> bool:
    # Word keeps a lock file beside an open document
    return path.suffix.lower() in SUFFIXES and not path.name.startswith(_LOCK) and path.is_file()
