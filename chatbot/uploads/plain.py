"""Plain text from bytes: UTF-8, or UTF-16 and UTF-32 with a byte order mark."""

from __future__ import annotations

import codecs

from mtl_core.errors import InputError

__all__ = ["decode"]

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def decode(label: str, data: bytes) -> str:
    """Decode a text file.

    Args:
        label: Name of the file for the error.
        data: Its content.

    Returns:
        The text, newlines as they are in the file.

    Raises:
        InputError: If the bytes are in another encoding, or are no text.
    """
    encoding = next((name for mark, name in _MARKS if data.startswith(mark)), "utf-8")
    if encoding == "utf-8" and b"\0" in data[:4096]:
        zeros = data[:4096].count(0)
        if abs(zeros - len(data[:4096]) / 2) <= len(data[:4096]) / 8:
            raise InputError(f"{label} is UTF-16 text without a byte order mark. Save it as UTF-8 text and try again.")
        raise InputError(f"{label} is binary data and no text. Save the plan as UTF-8 text, markdown, .docx or .pdf.")
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        raise InputError(
            f"{label} is not {encoding.upper()} text (byte {error.start}). Save it as UTF-8 text and try again."
        ) from error
