"""Any store of this project as a LangChain vector store."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from typing import TYPE_CHECKING, Any, Self

from langchain_core.runnables.config import run_in_executor

from mtl_core.errors import InputError
from retrieval.langchain.additions import Addition, additions, as_documents, batched
from retrieval.langchain.embeddings import fingerprint_of
from retrieval.langchain.reading import StoreReader, refuse_unknown
from retrieval.langchain.vectors import unit_vectors
from retrieval.stores.urls import open_store

if TYPE_CHECKING:
    from types import TracebackType

    from langchain_core.documents import Document
    from langchain_core.embeddings import Embeddings

    from retrieval.stores.base import Store

__all__ = ["LessonVectorStore"]

_BATCH = 1000


def _uuid() -> str:
    return str(uuid.uuid4())


@contextmanager
def _closed_on_error(opened: Store | LessonVectorStore) -> Iterator[None]:
    """Let go of a store that its caller will never see, and of the lock that it may hold."""
    try:
        yield
    except BaseException:
        opened.close()
        raise


class LessonVectorStore(StoreReader):
    """LangChain documents in FAISS, PostgreSQL or Milvus, with filters that are applied before the search.

    Every vector, of any embedding, is scaled to length 1 before it is kept or searched, so scores are
    cosines: 1 is nearest. Adding a document whose id is there replaces it. The asynchronous methods
    await the embedding's own asynchronous methods and run the store in an executor.

    Args:
        store: The open store. Its vectors must come from ``embedding``.
        embedding: What encodes texts.
        new_id: Makes the id of a document that has none.

    Raises:
        InputError: If the embedding has a fingerprint and the store was filled with another.
    """

    def __init__(self, store: Store, embedding: Embeddings, *, new_id: Callable[[], str] = _uuid) -> None:
        super().__init__(store, embedding)
        self._new_id = new_id

    @classmethod
    def open(
        cls, url: str, embedding: Embeddings, *, dimension: int | None = None, fingerprint: str | None = None
    ) -> Self:
        """Open a store, or make it where there is none.

        Args:
            url: ``faiss:FOLDER``, ``postgresql://...``, ``milvus://host:port/collection`` or ``memory:``.
            embedding: What encodes texts.
            dimension: Length of its vectors; by default it is asked by encoding one word.
            fingerprint: What tells its vectors from others; by default ``fingerprint_of(embedding)``.

        Returns:
            The vector store; ``close`` it, or use it in a ``with`` block.

        Raises:
            InputError: If the URL is none of these.
            ArtifactError: If the store is damaged or was filled with another embedding.
        """
        size = dimension or getattr(embedding, "dimension", None) or len(embedding.embed_query("lesson"))
        store = open_store(url, dimension=size, fingerprint=fingerprint or fingerprint_of(embedding))
        with _closed_on_error(store):
            return cls(store, embedding)

    @classmethod
    def from_texts(
        cls,
        texts: list[str],
        embedding: Embeddings,
        metadatas: list[dict[str, Any]] | None = None,
        *,
        ids: list[str] | None = None,
        url: str = "memory:",
        **kwargs: Any,
    ) -> Self:
        """Open a store and add texts.

        Args:
            texts: The texts.
            embedding: What encodes them.
            metadatas: Metadata by text.
            ids: Id by text.
            url: Where; see ``open``. ``memory:`` keeps nothing after the process.
            **kwargs: ``dimension`` and ``fingerprint``; see ``open``.

        Returns:
            The vector store.

        Raises:
            InputError: If lengths differ or the store refuses a document.
        """
        opened = cls.open(url, embedding, **kwargs)
        with _closed_on_error(opened):
            opened.add_texts(texts, metadatas, ids=ids)
        return opened

    def flush(self) -> None:
        """Make everything added so far durable."""
        self._store.flush()

    def close(self) -> None:
        """Flush and close the store."""
        self._store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def add_documents(
        self, documents: list[Document], *, ids: list[str] | None = None, batch_size: int = _BATCH, **kwargs: Any
    ) -> list[str]:
        """Add documents, replacing those whose id is there.

        Args:
            documents: The documents; they are left as they are.
            ids: Ids that go before those of the documents.
            batch_size: Documents encoded and written at a time. All are checked before the first is
                written; where a later batch fails, the earlier ones stay, and adding again is harmless.
            **kwargs: None are known.

        Returns:
            Ids in order; a document without one gets a new one.

        Raises:
            InputError: If an id comes twice, metadata is no JSON, or a vector cannot be kept.
        """
        items = self._additions(documents, ids, kwargs)
        for batch in batched(items, batch_size):
            self._write(batch, self._embedding.embed_documents([item.text for item in batch]))
        self._store.flush()
        return [item.id for item in items]

    async def aadd_documents(
        self, documents: list[Document], *, ids: list[str] | None = None, batch_size: int = _BATCH, **kwargs: Any
    ) -> list[str]:
        """The same as ``add_documents`` without blocking the event loop."""
        items = self._additions(documents, ids, kwargs)
        for batch in batched(items, batch_size):
            vectors = await self._embedding.aembed_documents([item.text for item in batch])
            await run_in_executor(None, self._write, batch, vectors)
        await run_in_executor(None, self._store.flush)
        return [item.id for item in items]

    def add_texts(
        self,
        texts: Iterable[str],
        metadatas: list[dict[str, Any]] | None = None,
        *,
        ids: list[str] | None = None,
        **kwargs: Any,
    ) -> list[str]:
        """Add texts; see ``add_documents``.

        Args:
            texts: The texts.
            metadatas: Metadata by text.
            ids: Id by text.
            **kwargs: ``batch_size``.

        Returns:
            Ids in order.

        Raises:
            InputError: If there are not as many metadata or ids as texts.
        """
        return self.add_documents(as_documents(texts, metadatas, ids), **kwargs)

    async def aadd_texts(
        self,
        texts: Iterable[str],
        metadatas: list[dict[str, Any]] | None = None,
        *,
        ids: list[str] | None = None,
        **kwargs: Any,
    ) -> list[str]:
        """The same as ``add_texts`` without blocking the event loop."""
        return await self.aadd_documents(as_documents(texts, metadatas, ids), **kwargs)

    def add_embeddings(
        self,
        text_embeddings: Iterable[tuple[str, Sequence[float]]],
        metadatas: list[dict[str, Any]] | None = None,
        *,
        ids: list[str] | None = None,
        batch_size: int = _BATCH,
    ) -> list[str]:
        """Add texts whose vectors are known already, such as those of another store.

        Args:
            text_embeddings: Text and vector, one pair a document; the vectors must come from ``embeddings``.
            metadatas: Metadata by text.
            ids: Id by text.
            batch_size: Documents written at a time.

        Returns:
            Ids in order.

        Raises:
            InputError: As ``add_documents``.
        """
        pairs = list(text_embeddings)
        items = self._additions(as_documents([text for text, _ in pairs], metadatas, ids), None, {})
        vectors = iter([vector for _, vector in pairs])
        for batch in batched(items, batch_size):
            self._write(batch, list(islice(vectors, len(batch))))
        self._store.flush()
        return [item.id for item in items]

    def delete(self, ids: list[str] | None = None, *, delete_all: bool = False, **kwargs: Any) -> bool:
        """Delete documents; an id that is not there is no error.

        Args:
            ids: Their ids.
            delete_all: With ``ids=None``: empty the store.
            **kwargs: None are known.

        Returns:
            True.

        Raises:
            InputError: If neither ids nor ``delete_all`` is given, so that a forgotten argument empties nothing.
        """
        refuse_unknown(kwargs)
        if (ids is None) != delete_all:
            raise InputError("Give ids to delete, or delete_all=True without ids to empty the store.")
        doomed = [record.id for record in self._store.scan()] if ids is None else list(dict.fromkeys(ids))
        if doomed:
            self._store.delete(doomed)
            self._store.flush()
        return True

    def _additions(self, documents: list[Document], ids: list[str] | None, unknown: dict[str, Any]) -> list[Addition]:
        refuse_unknown(unknown)
        return additions(documents, ids, new_id=self._new_id)

    def _write(self, batch: Sequence[Addition], vectors: Sequence[Sequence[float]]) -> None:
        units = unit_vectors(vectors, dimension=self._store.spec.dimension)
        self._store.upsert([item.id for item in batch], units, [item.payload for item in batch])
