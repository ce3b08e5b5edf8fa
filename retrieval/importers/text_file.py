"""One whole text file, refused with one clear sentence where it is none."""

from __future__ import annotations

from pathlib import Path

from mtl_core.errors import InputError

__all__ = ["read_text_file"]

_MOST_BYTES = 256_000_000


def read_text_file(path: Path) -> str:
    """Read a UTF-8 file, with or without a byte order mark; every line end becomes one newline.

    Args:
        path: The file.

    Returns:
        Its text.

    Raises:
        InputError: If it is missing, empty, too large, binary or of another encoding.
    """
    try:
        size = path.stat().st_size
        if size > _MOST_BYTES:
            raise InputError(f"{path} has {size:,} bytes, more than {_MOST_BYTES:,}; write it as JSON lines instead.")
        content = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror or error}); correct the path.") from error
    if b"\0" in content[:8192]:
        raise InputError(f"{path} holds binary data or UTF-16, not UTF-8 text; save it as UTF-8 text.")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise InputError(f"{path}:{line} is not UTF-8; save the file as UTF-8.") from error
    if not text.strip():
        raise InputError(f"{path} is empty; write something into it or leave it out.")
    return text.replace("\r\n", "\n").replace("\r", "\n")
