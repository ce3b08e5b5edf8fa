"""Documents of any source that we read, told by its name or its first row."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Literal, get_args

from mtl_core.data.hints import listed
from mtl_core.data.text_files import read_json_lines
from mtl_core.errors import InputError
from retrieval.documents import Document
from retrieval.importers.delimited import delimited_documents, delimiter_of
from retrieval.importers.json_documents import json_lines_documents
from retrieval.importers.mapping import DocumentMapping
from retrieval.importers.markdown import markdown_documents, markdown_files
from retrieval.importers.oak import is_oak_lesson, oak_documents

__all__ = ["SourceKind", "read_documents", "unique"]

SourceKind = Literal["auto", "csv", "tsv", "jsonl", "markdown", "oak"]
"""How a source is written; ``auto`` tells it from the name, and Oak's lessons from their names in the first row."""

_BY_SUFFIX: dict[str, SourceKind] = {
    ".csv": "csv",
    ".tsv": "tsv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "oak",
    ".md": "markdown",
    ".markdown": "markdown",
}
_CORPUS = ("corpus.jsonl", "corpus.jsonl.gz")


def read_documents(
    source: str | Path,
    *,
    kind: SourceKind = "auto",
    mapping: DocumentMapping | None = None,
    on_bad: Callable[[InputError], None] | None = None,
) -> Iterator[Document]:
    """Read documents one by one, in the order of the source.

    Args:
        source: A CSV, TSV, JSON-lines (each plain or gzip'd), JSON or Markdown file, or a folder: of
            Markdown files, of Oak's JSON files, or in BEIR form (its ``corpus.jsonl`` is read).
        kind: How it is written.
        mapping: Which columns become what; ``None`` takes the names in ``mapping.KNOWN_FIELDS``.
            Oak's lessons take none.
        on_bad: Told of each row that is no document, and of each id that comes again, which are then
            left out. ``None`` stops at the first. A file that breaks off, such as a quote that is
            never closed, stops in any case.

    Returns:
        Documents, read while the result is consumed.

    Raises:
        InputError: If the source is missing, empty, binary, of another encoding, or a row is no
            document; file and line are named. Rows raise while the result is consumed.
    """
    path = _found(Path(source))
    known = _kind_of(path) if kind == "auto" else kind
    if known == "oak" and mapping is not None:
        raise InputError(f"{path} holds Oak's lessons, whose names are known; leave the mapping out.")
    makers = _makers(path, known, mapping or DocumentMapping())
    return _documents(makers, name=str(source), on_bad=on_bad)


def _found(path: Path) -> Path:
    if not path.exists():
        raise InputError(f"{path} does not exist; correct the path.")
    if path.is_dir():
        corpus = next((path / name for name in _CORPUS if (path / name).is_file()), None)
        return corpus or path
    if not path.is_file():
        raise InputError(f"{path} is neither a file nor a folder; correct the path.")
    return path


def _kind_of(path: Path) -> SourceKind:
    if path.is_dir():
        if markdown_files(path):
            return "markdown"
        if any(one.suffix == ".json" for one in path.iterdir()):
            return "oak"
        raise InputError(f"{path} holds no Markdown (.md) and no JSON files; name a file or another folder.")
    suffixes = [suffix.lower() for suffix in path.suffixes if suffix.lower() != ".gz"]
    found = _BY_SUFFIX.get(suffixes[-1]) if suffixes else None
    if found is None:
        kinds = listed(get_args(SourceKind)[1:])
        raise InputError(f"The kind of {path} is not known from its name; give one of {kinds}.")
    if found == "jsonl" and any(is_oak_lesson(row) for _, row in islice(read_json_lines(path), 1)):
        return "oak"
    return found


def _makers(path: Path, kind: SourceKind, mapping: DocumentMapping) -> Iterator[Callable[[], Document]]:
    if kind == "oak":
        return oak_documents(path)
    if kind == "markdown":
        return markdown_documents(path, mapping)
    if path.is_dir():
        raise InputError(f"{path} is a folder, but a {kind} source is one file; name the file.")
    if kind == "jsonl":
        return json_lines_documents(path, mapping)
    return delimited_documents(path, mapping, delimiter="\t" if kind == "tsv" else delimiter_of(path))


def unique(documents: Iterable[Document], *, name: str) -> Iterator[Document]:
    """Documents as they come, each id once.

    Args:
        documents: The documents.
        name: What they come from, for the error.

    Yields:
        The same documents.

    Raises:
        InputError: If an id comes twice.
    """
    seen: set[str] = set()
    for document in documents:
        seen.add(_new(document, seen, name=name).id)
        yield document


def _documents(
    makers: Iterator[Callable[[], Document]], *, name: str, on_bad: Callable[[InputError], None] | None
) -> Iterator[Document]:
    seen: set[str] = set()
    for make in makers:
        try:
            document = _new(make(), seen, name=name)
        except InputError as error:
            if on_bad is None:
                raise
            on_bad(error)
            continue
        seen.add(document.id)
        yield document
    if not seen:
        raise InputError(f"{name} holds no documents; give a source with at least one.")


def _new(document: Document, seen: Collection[str], *, name: str) -> Document:
    if document.id in seen:
        raise InputError(f"{name} has the id {document.id!r} twice; give each document its own.")
    return document
