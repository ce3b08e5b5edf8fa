"""Documents into a store in batches: what is there already is not encoded again, so that a run resumes."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mtl_core.errors import ArtifactError, InputError
from retrieval.documents import Document
from retrieval.importers.mapping import DocumentMapping
from retrieval.importers.sources import SourceKind, read_documents, unique
from retrieval.search_config import SearchConfig
from retrieval.search_dense import QueryEncoder, dense_text
from retrieval.stores.base import Record, Store

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["ImportProgress", "import_documents"]

_SAME_VECTOR = 0.98


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportProgress:
    """How far an import is.

    Args:
        read: Documents read.
        encoded: New documents, and those whose text changed.
        described: Documents whose metadata alone changed: the stored vector was kept.
        unchanged: Documents that the store held just so.
        bad: Rows left out.
    """

    read: int = 0
    encoded: int = 0
    described: int = 0
    unchanged: int = 0
    bad: int = 0


def _default_text(document: Document) -> str:
    return dense_text(document, SearchConfig())


def import_documents(
    source: str | Path | Iterable[Document],
    store: Store,
    encoder: QueryEncoder,
    *,
    kind: SourceKind = "auto",
    mapping: DocumentMapping | None = None,
    text_of: Callable[[Document], str] = _default_text,
    batch_size: int = 256,
    on_progress: Callable[[ImportProgress], None] | None = None,
    on_bad: Callable[[InputError], None] | None = None,
) -> ImportProgress:
    """Read documents, encode those that the store does not hold as they are, and write them.

    The store is its own checkpoint: every batch is made durable before the next is read, and a
    document is known by its id, its text and the encoder's fingerprint. A run that was killed goes
    on where it stopped when it is started again, and a second run over the same source encodes
    nothing. Documents that the source no longer holds stay in the store.

    Args:
        source: What ``read_documents`` reads, or the documents themselves.
        store: Where they go.
        encoder: Encodes texts; its fingerprint must be the store's.
        kind: See ``read_documents``.
        mapping: See ``read_documents``.
        text_of: The text of a document that is encoded, by default as ``LessonSearch`` encodes it. Keep it
            the same between runs.
        batch_size: Documents encoded and written at a time.
        on_progress: Told after each batch.
        on_bad: See ``read_documents``.

    Returns:
        What was done.

    Raises:
        InputError: If a row is no document, naming file and line; the batches before it are kept.
        ArtifactError: If the store was filled by another encoder or from other texts.
    """
    if batch_size < 1:
        raise InputError(f"The batch size is {batch_size}; give 1 or more.")
    bad: list[InputError] = []
    writer = _Writer(store, encoder, text_of)
    done = ImportProgress()
    for batch in _batches(_documents(source, kind=kind, mapping=mapping, on_bad=on_bad, bad=bad), batch_size):
        encoded, described = writer.write(batch)
        done = ImportProgress(
            read=done.read + len(batch),
            encoded=done.encoded + encoded,
            described=done.described + described,
            unchanged=done.unchanged + len(batch) - encoded - described,
            bad=len(bad),
        )
        if on_progress is not None:
            on_progress(done)
    return done


def _documents(
    source: str | Path | Iterable[Document],
    *,
    kind: SourceKind,
    mapping: DocumentMapping | None,
    on_bad: Callable[[InputError], None] | None,
    bad: list[InputError],
) -> Iterable[Document]:
    if not isinstance(source, str | Path):
        return unique(source, name="The source")

    def note(error: InputError) -> None:
        bad.append(error)
        if on_bad is not None:
            on_bad(error)

    return read_documents(source, kind=kind, mapping=mapping, on_bad=note if on_bad is not None else None)


def _batches(documents: Iterable[Document], size: int) -> Iterator[list[Document]]:
    """Batches in order; where the source breaks off, what was read before still comes."""
    batch: list[Document] = []
    try:
        for document in documents:
            batch.append(document)
            if len(batch) == size:
                yield batch
                batch = []
    except InputError:
        if batch:
            yield batch
        raise
    if batch:
        yield batch


class _Writer:
    """Writes batches to a store, sparing what it holds already."""

    def __init__(self, store: Store, encoder: QueryEncoder, text_of: Callable[[Document], str]) -> None:
        if store.spec.fingerprint != encoder.fingerprint:
            raise ArtifactError(
                "The store was filled with another encoder (its fingerprint differs); "
                "name that encoder, or import into a new store."
            )
        self._store = store
        self._encoder = encoder
        self._text_of = text_of
        self._trusted = False

    def write(self, batch: Sequence[Document]) -> tuple[int, int]:
        """Write one batch durably.

        Args:
            batch: Documents, no id twice.

        Returns:
            How many were encoded, and of how many the metadata alone was written.
        """
        held = self._store.get([document.id for document in batch])
        fresh: list[Document] = []
        described: list[tuple[Document, Record]] = []
        for document, record in zip(batch, held, strict=True):
            if record is None or self._text_of(_stored(record)) != self._text_of(document):
                fresh.append(document)
                continue
            self._check(record, document)
            if _canonical(record.payload) != _canonical(document.payload()):
                described.append((document, record))
        if fresh or described:
            documents = [*fresh, *(document for document, _ in described)]
            self._store.upsert(
                [document.id for document in documents],
                self._vectors(fresh, [record.vector for _, record in described]),
                [document.payload() for document in documents],
            )
            self._store.flush()
        return len(fresh), len(described)

    def _vectors(self, fresh: Sequence[Document], kept: Sequence[NDArray[np.float32]]) -> NDArray[np.float32]:
        encoded = self._encoder.encode([self._text_of(document) for document in fresh]).vectors
        return np.concatenate([encoded, np.stack(kept)]) if kept else encoded

    def _check(self, record: Record, document: Document) -> None:
        """Encode the first document that is kept once more: the fingerprint does not say which text was encoded."""
        if self._trusted:
            return
        again = self._encoder.encode([self._text_of(document)]).vectors[0]
        if float(again @ record.vector) < _SAME_VECTOR:
            raise ArtifactError(
                f"The stored vector of {document.id!r} is not that of its text: the store was filled from other "
                "fields; import into a new store."
            )
        self._trusted = True


def _stored(record: Record) -> Document:
    return Document.from_payload(record.id, record.payload)


def _canonical(payload: Mapping[str, Any]) -> str:
    return json.dumps(payload, sort_keys=True, ensure_ascii=False)
