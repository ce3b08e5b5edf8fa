"""One uploaded file as text: kind, limits, and the parser that runs apart from this process."""

from __future__ import annotations

from pathlib import PurePath

from chatbot.uploads.kinds import SUFFIXES, check_content, kind_of_name
from chatbot.uploads.parsing import parse_apart
from chatbot.uploads.plain import decode
from mtl_core.errors import InputError

__all__ = ["MAX_TEXT_BYTES", "MAX_UPLOAD_BYTES", "read_content", "read_upload"]

MAX_TEXT_BYTES = 2_000_000
"""Largest text file in bytes."""

MAX_UPLOAD_BYTES = 8_000_000
"""Largest Word file, PDF or web page in bytes."""

_MAX_NAME = 80


def read_upload(name: str, data: bytes) -> str:
    """Read an uploaded plan as text.

    Word files, PDFs and web pages are parsed in a process of their own with a limit of time and
    memory. Headings become markdown headings, tables rows with ``|``, lists bullets.

    Args:
        name: The file's name; its ending says the kind.
        data: The file's content.

    Returns:
        The text of the plan.

    Raises:
        InputError: If the file is of another kind than its name says, too large, protected, damaged,
            without text, or takes too long.
    """
    base = PurePath(name.replace("\\", "/")).name
    label = "".join(c for c in base if c.isprintable())[-_MAX_NAME:] or "The file"
    kind = kind_of_name(label)
    if kind is None:
        check_content(label, None, data)
        known = ", ".join(sorted(SUFFIXES))
        raise InputError(f"{label} has an ending that is not read; give a file that ends in one of {known}.")
    return read_content(label, kind, data)


def read_content(label: str, kind: str | None, data: bytes) -> str:
    """Read the content of a file whose kind is known.

    Args:
        label: How errors name the file.
        kind: ``docx``, ``pdf``, ``html``; ``text`` and ``None`` are decoded as they are.
        data: The content.

    Returns:
        The text of the plan.

    Raises:
        InputError: As for ``read_upload``.
    """
    most = MAX_TEXT_BYTES if kind in ("text", None) else MAX_UPLOAD_BYTES
    if len(data) > most:
        raise InputError(f"{label} has {len(data):,} bytes; the limit is {most:,}. Give one lesson at a time.")
    check_content(label, kind, data)
    if kind is None or kind == "text":
        return decode(label, data)
    return parse_apart(label, kind, data)
