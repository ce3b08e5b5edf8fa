"""Rows of CSV and TSV files as documents."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from mtl_core.data.text_files import read_delimited
from mtl_core.errors import InputError
from retrieval.documents import Document
from retrieval.importers.mapping import DocumentMapping, document_of

__all__ = ["delimited_documents", "delimiter_of"]

_GZIP = b"\x1f\x8b"
_LONGEST_HEADER = 65_536


def delimiter_of(source: Path) -> str:
    """What parts the cells of a CSV file: a comma, or a semicolon where the header has no comma.

    Spreadsheets write semicolons in countries where the comma is in numbers.

    Args:
        source: The file, plain or gzip'd.

    Returns:
        ``,`` or ``;``.

    Raises:
        InputError: If the file cannot be read.
    """
    try:
        with source.open("rb") as plain:
            packed = plain.peek(len(_GZIP)).startswith(_GZIP)
            stream = gzip.GzipFile(fileobj=plain) if packed else plain
            header = stream.readline(_LONGEST_HEADER)
    except EOFError as error:
        raise InputError(f"{source} is a damaged gzip file; make or copy it again.") from error
    except OSError as error:
        raise InputError(f"{source} cannot be read ({error.strerror or error}).") from error
    return ";" if b";" in header and b"," not in header else ","


def delimited_documents(source: Path, mapping: DocumentMapping, *, delimiter: str) -> Iterator[Callable[[], Document]]:
    """Documents of a table whose first line names the columns, each made when it is called for.

    Args:
        source: The file, plain or gzip'd.
        mapping: Which columns become what.
        delimiter: What parts the cells.

    Yields:
        What makes one document, or raises an ``InputError`` that names file and line.
    """
    for where, row in read_delimited(source, delimiter=delimiter):
        yield partial(document_of, row, where=where, mapping=mapping, table=True)
