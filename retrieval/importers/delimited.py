"""Rows of CSV and TSV files as documents."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from mtl_core.data.text_files import read_delimited
from retrieval.documents import Document
from retrieval.importers.mapping import DocumentMapping, document_of

__all__ = ["delimited_documents"]


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
