"""Rows of CSV, TSV and JSON-lines files, plain or gzip'd; whatever is wrong is named by its line."""

from __future__ import annotations

import codecs
import csv
import gzip
import json
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from mtl_core.errors import InputError, one_line

__all__ = ["read_delimited", "read_json_lines"]

_GZIP = b"\x1f\x8b"
_PEEK = 8192
_WIDE_MARKS = (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def read_delimited(path: Path, *, delimiter: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Rows of a file whose first line names the columns.

    A first column without a name is the row number that pandas writes, and is left out.

    Args:
        path: The file, UTF-8, with or without a byte order mark, plain or gzip'd.
        delimiter: What parts the cells.

    Yields:
        ``file:line`` of the row's first line, and its cells by column.

    Raises:
        InputError: If the file is no such table, naming the line.
    """
    records = _records(path, delimiter=delimiter)
    start, header = next(records, (0, []))
    if not header:
        return
    index = int(len(header) > 1 and not header[0].strip())
    names = header[index:]
    _check_header(names, where=f"{path}:{start}", first=index + 1)
    for line, cells in records:
        if len(cells) != len(header):
            raise InputError(
                f"{path}:{line} has {len(cells)} cells but the header on line {start} has {len(header)}; "
                "add or remove cells, or put quotes around a cell that holds the delimiter."
            )
        yield f"{path}:{line}", dict(zip(names, cells[index:], strict=True))


def _check_header(names: Sequence[str], *, where: str, first: int) -> None:
    for number, name in enumerate(names, start=first):
        if not name.strip():
            raise InputError(f"{where} is the header but column {number} has no name; name every column there.")
    twice = [name for number, name in enumerate(names) if name in names[:number]]
    if twice:
        raise InputError(f"{where} is the header and names {twice[0]!r} twice; give each column its own name.")


def _records(path: Path, *, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Records with the number of their first line; blank lines are skipped."""
    # strict: without it a quote that is never closed swallows the rest of the file in silence
    reader = csv.reader((text for _, text in _lines(path)), delimiter=delimiter, strict=True)
    while True:
        start = reader.line_num + 1
        try:
            cells = next(reader, None)
        except csv.Error as error:
            raise InputError(
                f"{path}:{start} cannot be read as a row ({one_line(error)}); correct the quotes of this row, "
                "or write the data as JSON lines."
            ) from error
        if cells is None:
            return
        if cells:
            yield start, cells


def read_json_lines(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Rows of a file with one JSON object a line; blank lines are skipped.

    Args:
        path: The file, UTF-8, with or without a byte order mark, plain or gzip'd.

    Yields:
        ``file:line`` and the object.

    Raises:
        InputError: If a line holds no JSON object, naming the line.
    """
    for line, text in _lines(path):
        if not text.strip():
            continue
        try:
            row = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise InputError(f"{path}:{line} is not valid JSON ({one_line(error)}); correct this line.") from error
        if not isinstance(row, dict):
            raise InputError(f'{path}:{line} holds no JSON object; write one object a line, such as {{"text": …}}.')
        yield f"{path}:{line}", row


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    """Lines with their number from 1, decoded one by one so that a wrong byte is named by its line."""
    number = 0
    try:
        with path.open("rb") as plain:
            packed = plain.peek(len(_GZIP)).startswith(_GZIP)
            stream = gzip.GzipFile(fileobj=plain) if packed else plain
            _check_text(path, stream.peek(_PEEK)[:_PEEK])
            for number, raw in enumerate(stream, start=1):
                yield number, raw.decode("utf-8-sig" if number == 1 else "utf-8")
    except UnicodeDecodeError as error:
        raise InputError(
            f"{path}:{number} is not UTF-8 from its byte {error.start + 1} on; save the file as UTF-8."
        ) from error
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise InputError(f"{path} is a damaged gzip file after line {number}; make or copy it again.") from error
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror}).") from error


def _check_text(path: Path, start: bytes) -> None:
    if start.startswith(_WIDE_MARKS):
        raise InputError(f"{path}:1 is UTF-16 or UTF-32, not UTF-8; save the file as UTF-8.")
    if b"\0" in start:
        line = start[: start.index(b"\0")].count(b"\n") + 1
        raise InputError(f"{path}:{line} holds binary data, not text; name a text file, or its format.")
