"""Markdown files with front matter, one document a file."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from mtl_core.errors import InputError
from retrieval.documents import Document
from retrieval.importers.front_matter import split_front_matter
from retrieval.importers.mapping import KNOWN_IDS, DocumentMapping, document_of
from retrieval.importers.text_file import read_text_file

__all__ = ["markdown_documents", "markdown_files"]

_SUFFIXES = frozenset({".md", ".markdown"})
_HEADING = re.compile(r"^#{1,6}[ \t]+(.+?)[ \t]*#*$", re.MULTILINE)


def markdown_files(source: Path) -> list[Path]:
    """The Markdown files of a source.

    Args:
        source: A Markdown file, or a folder that is searched with its folders.

    Returns:
        Files by path; hidden ones and those in hidden folders are left out.
    """
    if source.is_file():
        return [source]
    found = [path for path in source.rglob("*") if path.suffix.lower() in _SUFFIXES and path.is_file()]
    return sorted(path for path in found if not any(part.startswith(".") for part in path.relative_to(source).parts))


def markdown_documents(source: Path, mapping: DocumentMapping) -> Iterator[Callable[[], Document]]:
    """Documents of Markdown files, each made when it is called for.

    The id is the front matter's, else the path under the folder without its suffix. The title is the
    front matter's, else the first heading, else the file's name. The body is ``text``, and every
    other key of the front matter is metadata.

    Args:
        source: A file or a folder.
        mapping: Which keys become what; ``text`` names the body.

    Yields:
        What makes one document, or raises an ``InputError`` that names the file.
    """
    root = source if source.is_dir() else source.parent
    for path in markdown_files(source):
        yield partial(_document, path, path.relative_to(root).with_suffix("").as_posix(), mapping)


def _document(path: Path, default_id: str, mapping: DocumentMapping) -> Document:
    values, body = split_front_matter(read_text_file(path), where=str(path))
    if "text" in values:
        raise InputError(f"{path}: the front matter has the key 'text', which is the body's name; rename it.")
    row = {"text": body.strip(), **values}
    if not any(name in row for name in KNOWN_IDS):
        row["id"] = default_id
    heading = _HEADING.search(body)
    row.setdefault("title", heading[1] if heading else path.stem.replace("-", " ").replace("_", " "))
    return document_of(row, where=str(path), mapping=mapping)
