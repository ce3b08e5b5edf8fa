"""Saved bytes made smaller by gzip."""

from __future__ import annotations

import gzip
import io
import zlib

from mtl_core.errors import ArtifactError, one_line

__all__ = ["compressed", "decompressed"]

_MOST = 64 * 2**20


def compressed(content: bytes) -> bytes:
    """The same bytes give the same file, since no time is kept in it.

    Args:
        content: What is saved.

    Returns:
        The bytes, compressed.
    """
    return gzip.compress(content, 9, mtime=0)


def decompressed(content: bytes, *, most: int = _MOST) -> bytes:
    """What ``compressed`` was given.

    Args:
        content: The saved bytes.
        most: A file that holds more bytes than this is not read.

    Returns:
        The bytes.

    Raises:
        ArtifactError: If the file is damaged, or holds too much.
    """
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(content)) as stream:
            # the checksum at the end is looked at by a read that finds no more
            found = stream.read(most + 1)
            more = stream.read(1)
    except (OSError, EOFError, zlib.error) as error:
        raise ArtifactError(f"A saved file is damaged ({one_line(error)}); train the model again.") from error
    if not content:
        raise ArtifactError("A saved file is damaged (it is empty); train the model again.")
    if more or len(found) > most:
        raise ArtifactError(f"A saved file holds more than {most:,} bytes; train the model again.")
    return found
