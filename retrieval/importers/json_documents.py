"""Rows of JSON and JSON-lines files."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from mtl_core.data.text_files import read_json_lines
from mtl_core.errors import InputError, one_line
from retrieval.documents import Document
from retrieval.importers.mapping import DocumentMapping, document_of
from retrieval.importers.text_file import read_text_file

__all__ = ["json_lines_documents", "json_rows"]

_LINES = (".jsonl", ".ndjson")


def json_lines_documents(source: Path, mapping: DocumentMapping) -> Iterator[Callable[[], Document]]:
    """Documents of a JSON-lines file, each made when it is called for.

    Args:
        source: The file, plain or gzip'd. Rows in BEIR form (``_id``, ``title``, ``text``,
            ``metadata``) need no mapping.
        mapping: Which names become what.

    Yields:
        What makes one document, or raises an ``InputError`` that names file and line.
    """
    for where, row in read_json_lines(source):
        yield partial(document_of, row, where=where, mapping=mapping)


def json_rows(source: Path) -> Iterator[tuple[str, Any]]:
    """JSON values of a JSON file, a JSON-lines file, or every such file in a folder.

    Args:
        source: The file or the folder.

    Yields:
        The place, and the value: one a line of JSON lines, one a JSON file.

    Raises:
        InputError: If a file is no JSON, naming the line.
    """
    if source.is_dir():
        for path in sorted(source.iterdir()):
            if path.is_file() and path.name.endswith((".json", *_LINES)):
                yield from json_rows(path)
        return
    if source.name.removesuffix(".gz").endswith(_LINES):
        yield from read_json_lines(source)
        return
    try:
        value = json.loads(read_text_file(source))
    except json.JSONDecodeError as error:
        raise InputError(f"{source}:{error.lineno} is not valid JSON ({error.msg}); correct this line.") from error
    except (ValueError, RecursionError) as error:
        raise InputError(f"{source} is not valid JSON ({one_line(error)}); correct it.") from error
    yield str(source), value
