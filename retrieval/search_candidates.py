"""What each leg finds for a query, with the scores that both legs give it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from retrieval.documents import Document
from retrieval.filters import Filter, matches
from retrieval.query import Facts, Understanding, facts_of
from retrieval.search_config import SearchConfig
from retrieval.search_dense import nearest
from retrieval.search_lexical import LexicalCollection
from retrieval.search_ranking import Candidates
from retrieval.stores.base import Hit, Record, Store

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["find_candidates"]


def find_candidates(
    store: Store,
    collection: LexicalCollection | None,
    *,
    vector: NDArray[np.float32] | None,
    word_scores: NDArray[np.float32] | None,
    understanding: Understanding,
    where: Filter | None,
    most: int,
    config: SearchConfig,
) -> Candidates:
    """Ask the legs and complete their scores: a document found by words gets its cosine, and the other way.

    Args:
        store: Vectors and documents.
        collection: Words of the same documents.
        vector: ``[dimension]`` of the query; ``None`` leaves the dense leg out.
        word_scores: BM25 of every document of the collection; ``None`` leaves the word leg out.
        understanding: What the query names; a condition where the settings say ``filter``.
        where: The caller's filter.
        most: The most documents of each leg.
        config: Settings.

    Returns:
        Candidates, by id.
    """
    admits = understanding.admits if config.understanding == "filter" and understanding else None
    dense: set[str] = set()
    if vector is not None:
        hits = nearest(store, vector, most=most, where=where, admits=_of_hits(admits))
        dense = {hit.id for hit in hits}
    words: set[str] = set()
    if collection is not None and word_scores is not None:
        passes = _of_rows(collection, where, admits)
        words = {collection.ids[row] for row in collection.best_rows(word_scores, most=most, passes=passes)}
    ids = sorted(dense | words)
    # a document that was removed since is not there any more
    records = [record for record in store.get(ids) if record is not None]
    return _completed(records, collection, vector=vector, word_scores=word_scores, dense=dense, words=words)


def _completed(
    records: Sequence[Record],
    collection: LexicalCollection | None,
    *,
    vector: NDArray[np.float32] | None,
    word_scores: NDArray[np.float32] | None,
    dense: set[str],
    words: set[str],
) -> Candidates:
    dimension = len(records[0].vector) if records else 0
    vectors = np.asarray([record.vector for record in records], np.float32).reshape(len(records), dimension)
    documents = [Document.from_payload(record.id, record.payload) for record in records]
    scores: dict[str, NDArray[np.float32]] = {}
    found: dict[str, NDArray[np.bool_]] = {}
    if vector is not None:
        scores["dense"] = vectors @ vector if records else np.zeros(0, np.float32)
        found["dense"] = np.asarray([record.id in dense for record in records], np.bool_)
    if collection is not None and word_scores is not None:
        rows = [collection.rows.get(record.id) for record in records]
        scores["bm25"] = np.asarray([0.0 if row is None else word_scores[row] for row in rows], np.float32)
        found["bm25"] = np.asarray([record.id in words for record in records], np.bool_)
    facts = [facts_of(document.metadata) for document in documents]
    return Candidates(documents, facts, vectors, scores, found)


def _of_hits(admits: Callable[[Facts], bool] | None) -> Callable[[Hit], bool] | None:
    if admits is None:
        return None
    return lambda hit: admits(facts_of(Document.from_payload(hit.id, hit.payload).metadata))


def _of_rows(
    collection: LexicalCollection, where: Filter | None, admits: Callable[[Facts], bool] | None
) -> Callable[[int], bool] | None:
    if where is None and admits is None:
        return None
    return lambda row: (
        (where is None or matches(where, collection.documents[row].payload()))
        and (admits is None or admits(collection.facts[row]))
    )
