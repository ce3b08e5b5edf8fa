"""Hybrid search: vectors in a store and words in memory, joined, explained and without repeats."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from threading import Lock
from typing import TYPE_CHECKING, get_args

from mtl_core.errors import ArtifactError, InputError
from retrieval.documents import Document
from retrieval.filters import Filter
from retrieval.result_building import build_result
from retrieval.search_candidates import find_candidates
from retrieval.search_config import SearchConfig
from retrieval.search_dense import QueryEncoder, document_vectors
from retrieval.search_lexical import LexicalCollection
from retrieval.search_query import checked_query, read_query
from retrieval.search_ranking import rank
from retrieval.search_results import SearchMode, SearchResponse
from retrieval.spelling import words_of_encoder
from retrieval.stores.base import Store
from retrieval.stores.checks import check_fields
from retrieval.words import Analyser

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["LessonSearch"]

_BATCH = 256
_TOO_MANY = (
    "The collection has more than {} documents, so it was searched by vectors alone. "
    "Raise most_lexical_documents to search its words too."
)


class LessonSearch:
    """Search over documents whose vectors are in a store.

    Words are searched in memory: they are read from the store at the first search and again after a
    change through this object. A change that another program made is seen after ``refresh``.
    It may be used from several threads at once, as far as its store and its encoder may.

    Args:
        store: Holds vectors and documents; it stays the caller's to close.
        encoder: The encoder of the store's vectors.
        config: Settings; ``None`` takes the defaults.

    Raises:
        ArtifactError: If the store holds vectors of another encoder.
    """

    def __init__(self, store: Store, encoder: QueryEncoder, config: SearchConfig | None = None) -> None:
        if store.spec.fingerprint != encoder.fingerprint or store.spec.dimension != encoder.dimension:
            raise ArtifactError(
                "The store holds vectors of another encoder than the one given; "
                "index the documents again or load the encoder that made them."
            )
        self.config = config or SearchConfig()
        self.store = store
        self._encoder = encoder
        self._analyser = Analyser(self.config.language)
        self._collection: LexicalCollection | None = None
        self._change = 0
        self._changing, self._reading = Lock(), Lock()

    def add(self, documents: Iterable[Document]) -> int:
        """Encode documents and put them into the store, replacing those whose id is there.

        Args:
            documents: Documents, encoded and stored in batches.

        Returns:
            How many were put in.

        Raises:
            InputError: If two documents of one batch share an id.
        """
        count = 0
        for batch in _batches(documents, _BATCH):
            vectors = document_vectors(batch, encoder=self._encoder, config=self.config)
            self._put(batch, vectors)
            count += len(batch)
        return count

    def add_encoded(self, documents: Sequence[Document], vectors: NDArray[np.float32]) -> None:
        """Put documents into the store whose vectors are known already.

        Args:
            documents: The n documents.
            vectors: ``[n, dimension]`` unit vectors of the same encoder.
        """
        self._put(documents, vectors)

    def _put(self, documents: Sequence[Document], vectors: NDArray[np.float32]) -> None:
        self.store.upsert(
            [document.id for document in documents], vectors, [document.payload() for document in documents]
        )
        self._forget_words()

    def delete(self, ids: Sequence[str]) -> int:
        """Remove documents.

        Args:
            ids: Ids; one that is not there is no error.

        Returns:
            How many were there.
        """
        removed = self.store.delete(ids)
        self._forget_words()
        return removed

    def refresh(self) -> None:
        """Read the words from the store again at the next search."""
        self._forget_words()

    def search(
        self, query: str, *, k: int = 10, where: Filter | None = None, mode: SearchMode = "hybrid"
    ) -> SearchResponse:
        """Find documents.

        Args:
            query: A few words, such as "yr 4 sci rivers"; at most 10,000 characters.
            k: The most results, 1 or more.
            where: Conditions on the documents.
            mode: ``hybrid`` joins both legs, ``dense`` takes the vectors alone, ``bm25`` the words
                alone, which finds only documents that share a word with the query.

        Returns:
            Results with reasons, and what was done to the query.

        Raises:
            InputError: If the query is empty or too long, ``k`` is below 1, or the filter names an
                unknown field.
        """
        _check_question(query, k, mode)
        collection = self._words()
        if collection is not None:
            check_fields(where, collection.paths)
        read = read_query(query, collection=collection, config=self.config)
        notes = read.notes
        if collection is None and mode != "dense":
            mode, notes = "dense", (*notes, _TOO_MANY.format(self.config.most_lexical_documents))
        stems = self._analyser.stems(read.searched)
        by_field = collection.index.by_field(stems) if collection is not None else {}
        candidates = find_candidates(
            self.store,
            collection,
            vector=None if mode == "bm25" else self._encoder.encode([read.searched]).vectors[0],
            word_scores=None if collection is None or mode == "dense" else collection.index.total(by_field),
            understanding=read.understanding,
            where=where,
            most=max(k, self.config.candidates),
            config=self.config,
        )
        places = rank(candidates, understanding=read.understanding, mode=mode, config=self.config, k=k)
        results = tuple(
            build_result(
                place,
                candidates,
                collection=collection,
                by_field=by_field,
                stems=frozenset(stems),
                analyser=self._analyser,
                config=self.config,
            )
            for place in places
        )
        return SearchResponse(query, read.searched, mode, results, read.corrections, read.understanding, notes)

    def _words(self) -> LexicalCollection | None:
        """The words of the collection; ``None`` where it is too large to hold them in memory."""
        if self.config.most_lexical_documents < self.store.count():
            return None
        with self._reading:
            change, collection = self._change, self._collection
            if collection is None:
                documents = (Document.from_payload(record.id, record.payload) for record in self.store.scan())
                collection = LexicalCollection(
                    documents, config=self.config, analyser=self._analyser, known=words_of_encoder(self._encoder)
                )
                # what changed while the store was read may be missing here, and is read at the next search
                with self._changing:
                    if change == self._change:
                        self._collection = collection
            return collection

    def _forget_words(self) -> None:
        with self._changing:
            self._change += 1
            self._collection = None


def _check_question(query: str, k: int, mode: str) -> None:
    checked_query(query)
    if isinstance(k, bool) or not isinstance(k, int) or k < 1:
        raise InputError(f"k is {k!r}; ask for 1 result or more.")
    if mode not in get_args(SearchMode):
        raise InputError(f"There is no search mode {mode!r}; use one of {', '.join(get_args(SearchMode))}.")


def _batches(documents: Iterable[Document], size: int) -> Iterator[list[Document]]:
    remaining = iter(documents)
    while batch := list(islice(remaining, size)):
        yield batch
