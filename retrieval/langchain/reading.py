# ruff: noqa: A002 - filter is the name that LangChain gives this argument
"""The reading half of the LangChain vector store: search by text or vector, maximal marginal relevance, ids."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from langchain_core.runnables.config import run_in_executor
from langchain_core.vectorstores import VectorStore

from mtl_core.errors import InputError
from retrieval.diversity import rank_by_mmr
from retrieval.langchain.filtering import FilterLike, as_filter
from retrieval.langchain.payloads import from_payload
from retrieval.langchain.vectors import unit_vectors

if TYPE_CHECKING:
    from langchain_core.documents import Document
    from langchain_core.embeddings import Embeddings
    from numpy.typing import NDArray

    from retrieval.stores.base import Hit, Store

__all__ = ["MAX_QUERY_CHARACTERS", "StoreReader", "refuse_unknown", "relevance"]

MAX_QUERY_CHARACTERS = 10_000
"""The longest query; no encoder reads as much."""


def relevance(cosine: float) -> float:
    """A cosine as a relevance: ``(1 + cosine) / 2``, which keeps the order.

    Args:
        cosine: -1 to 1, or a rounding error outside.

    Returns:
        0 (opposite) to 1 (same direction); 0.5 is unrelated.
    """
    return min(max((1.0 + cosine) / 2.0, 0.0), 1.0)


class StoreReader(VectorStore):
    """What reads from a store; ``retrieval.langchain.vectorstore`` adds what writes.

    Args:
        store: The open store.
        embedding: What encodes queries.

    Raises:
        InputError: If the embedding has a fingerprint and the store was filled with another.
    """

    def __init__(self, store: Store, embedding: Embeddings) -> None:
        own = getattr(embedding, "fingerprint", None)
        if own is not None and own != store.spec.fingerprint:
            raise InputError(
                "The store was filled with another embedding (its fingerprint differs); "
                "open it with that one, or index the documents again."
            )
        self._store = store
        self._embedding = embedding

    @property
    def embeddings(self) -> Embeddings:
        """What encodes texts."""
        return self._embedding

    @property
    def store(self) -> Store:
        """The store itself, for counting, scanning and searching by many vectors at once."""
        return self._store

    def get_by_ids(self, ids: Sequence[str], /) -> list[Document]:
        """Documents by id.

        Args:
            ids: The ids; one that is not there is left out.

        Returns:
            The documents, in the order of ``ids``.
        """
        records = self._store.get(list(dict.fromkeys(ids)))
        return [from_payload(record.id, record.payload) for record in records if record is not None]

    def similarity_search(
        self,
        query: str,
        k: int = 4,
        *,
        filter: FilterLike = None,
        **kwargs: Any,
    ) -> list[Document]:
        """The nearest documents.

        Args:
            query: A text, not empty.
            k: The most documents, 1 or more.
            filter: Conditions, applied before the search; see ``filtering.as_filter``.
            **kwargs: None are known.

        Returns:
            Documents, best first; ties by id.

        Raises:
            InputError: If an argument cannot be used.
        """
        return [document for document, _ in self.similarity_search_with_score(query, k, filter=filter, **kwargs)]

    async def asimilarity_search(
        self,
        query: str,
        k: int = 4,
        *,
        filter: FilterLike = None,
        **kwargs: Any,
    ) -> list[Document]:
        """The same as ``similarity_search`` without blocking the event loop."""
        found = await self.asimilarity_search_with_score(query, k, filter=filter, **kwargs)
        return [document for document, _ in found]

    def similarity_search_with_score(
        self,
        query: str,
        k: int = 4,
        *,
        filter: FilterLike = None,
        **kwargs: Any,
    ) -> list[tuple[Document, float]]:
        """The nearest documents with their cosine: 1 is the same direction, higher is nearer.

        Args:
            query: See ``similarity_search``.
            k: See there.
            filter: See there.
            **kwargs: None are known.

        Returns:
            Documents and cosines, best first.
        """
        refuse_unknown(kwargs)
        return _scored(self._nearest(self._query_vector(query), k, filter))

    async def asimilarity_search_with_score(
        self,
        query: str,
        k: int = 4,
        *,
        filter: FilterLike = None,
        **kwargs: Any,
    ) -> list[tuple[Document, float]]:
        """The same as ``similarity_search_with_score`` without blocking the event loop."""
        refuse_unknown(kwargs)
        vector = await self._aquery_vector(query)
        return _scored(await run_in_executor(None, self._nearest, vector, k, filter))

    def similarity_search_by_vector(
        self,
        embedding: list[float],
        k: int = 4,
        *,
        filter: FilterLike = None,
        **kwargs: Any,
    ) -> list[Document]:
        """The documents nearest to a vector.

        Args:
            embedding: A vector of the store's dimension; it is scaled to length 1.
            k: See ``similarity_search``.
            filter: See there.
            **kwargs: None are known.

        Returns:
            Documents, best first.
        """
        refuse_unknown(kwargs)
        return [document for document, _ in _scored(self._nearest(self._unit(embedding), k, filter))]

    def max_marginal_relevance_search(
        self,
        query: str,
        k: int = 4,
        fetch_k: int = 20,
        lambda_mult: float = 0.5,
        *,
        filter: FilterLike = None,
        **kwargs: Any,
    ) -> list[Document]:
        """Near documents that differ from each other (maximal marginal relevance).

        Args:
            query: See ``similarity_search``.
            k: The most documents.
            fetch_k: How many of the nearest are chosen from; at least k are taken.
            lambda_mult: 1 looks at nearness alone, 0 at difference alone.
            filter: See ``similarity_search``.
            **kwargs: None are known.

        Returns:
            Documents in the order in which they were chosen.
        """
        refuse_unknown(kwargs)
        return self._diverse(self._query_vector(query), k, fetch_k, lambda_mult, filter)

    async def amax_marginal_relevance_search(
        self,
        query: str,
        k: int = 4,
        fetch_k: int = 20,
        lambda_mult: float = 0.5,
        *,
        filter: FilterLike = None,
        **kwargs: Any,
    ) -> list[Document]:
        """The same as ``max_marginal_relevance_search`` without blocking the event loop."""
        refuse_unknown(kwargs)
        vector = await self._aquery_vector(query)
        return await run_in_executor(None, self._diverse, vector, k, fetch_k, lambda_mult, filter)

    def max_marginal_relevance_search_by_vector(
        self,
        embedding: list[float],
        k: int = 4,
        fetch_k: int = 20,
        lambda_mult: float = 0.5,
        *,
        filter: FilterLike = None,
        **kwargs: Any,
    ) -> list[Document]:
        """The same as ``max_marginal_relevance_search`` for a vector."""
        refuse_unknown(kwargs)
        return self._diverse(self._unit(embedding), k, fetch_k, lambda_mult, filter)

    def _select_relevance_score_fn(self) -> Callable[[float], float]:
        return relevance

    def _nearest(self, vector: NDArray[np.float32], k: int, where: FilterLike) -> list[Hit]:
        return self._store.search(vector[None], k=k, where=as_filter(where))[0]

    def _diverse(
        self, vector: NDArray[np.float32], k: int, fetch_k: int, lambda_mult: float, where: FilterLike
    ) -> list[Document]:
        hits = self._nearest(vector, max(k, fetch_k) if k > 0 else k, where)
        records = self._store.get([hit.id for hit in hits])
        # a record may have been deleted between the two calls
        kept = [(hit, record.vector) for hit, record in zip(hits, records, strict=True) if record is not None]
        if not kept:
            return []
        rows = np.stack([row for _, row in kept]).astype(np.float64)
        nearness = np.asarray([hit.score for hit, _ in kept], np.float64)
        order = rank_by_mmr(nearness, rows @ rows.T, k=k, trade_off=lambda_mult)
        return [from_payload(kept[row][0].id, kept[row][0].payload) for row in order]

    def _query_vector(self, query: str) -> NDArray[np.float32]:
        _check_query(query)
        return self._unit(self._embedding.embed_query(query))

    async def _aquery_vector(self, query: str) -> NDArray[np.float32]:
        _check_query(query)
        return self._unit(await self._embedding.aembed_query(query))

    def _unit(self, vector: Sequence[float]) -> NDArray[np.float32]:
        unit: NDArray[np.float32] = unit_vectors([vector], dimension=self._store.spec.dimension)[0]
        return unit


def _scored(hits: list[Hit]) -> list[tuple[Document, float]]:
    return [(from_payload(hit.id, hit.payload), float(hit.score)) for hit in hits]


def _check_query(query: str) -> None:
    if not query.strip():
        raise InputError("The query is empty; give a few words, such as: exit ticket fractions.")
    if len(query) > MAX_QUERY_CHARACTERS:
        raise InputError(f"The query has {len(query):,} characters; give at most {MAX_QUERY_CHARACTERS:,}.")


def refuse_unknown(options: dict[str, Any]) -> None:
    """Refuse options that would be ignored, such as a mistyped ``filters``.

    Args:
        options: Keyword arguments that no parameter took.

    Raises:
        InputError: If there is one.
    """
    if options:
        raise InputError(f"There is no option {min(options)!r} here; leave it out or correct its name.")
