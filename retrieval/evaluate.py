"""Search quality on a judged collection: nDCG, reciprocal rank and recall of every mode, by category."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING

import numpy as np

from mtl_core.saved import write_atomic
from retrieval.evaluate_beir import Benchmark, BenchmarkQuery
from retrieval.evaluate_metrics import mrr, ndcg, recall
from retrieval.search_config import SearchConfig
from retrieval.search_dense import QueryEncoder, dense_text, document_vectors
from retrieval.search_results import SearchMode

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from retrieval.documents import Document
    from retrieval.search import LessonSearch

__all__ = ["MEASURES_OF_SEARCH", "Figures", "cached_vectors", "evaluate_rankings", "evaluate_search", "rankings_of"]

MEASURES_OF_SEARCH: Mapping[str, Callable[[Sequence[str], Mapping[str, int]], float]] = {
    "ndcg@10": ndcg,
    "mrr@10": mrr,
    "recall@100": recall,
}
"""Measure by name."""

Figures = dict[str, dict[str, float] | dict[str, dict[str, float]]]
"""``{"overall": {measure: mean}, "by_category": {category: {measure: mean}}}``."""

_DEEPEST = 100
_BATCH = 512


def evaluate_search(search: LessonSearch, benchmark: Benchmark) -> dict[SearchMode, Figures]:
    """Measure every mode of a search.

    Args:
        search: Holds the benchmark's documents.
        benchmark: Queries and judgements.

    Returns:
        Figures by mode.
    """
    return {
        mode: evaluate_rankings(rankings_of(search, benchmark.queries, mode=mode), benchmark.queries)
        for mode in ("bm25", "dense", "hybrid")
    }


def rankings_of(search: LessonSearch, queries: Sequence[BenchmarkQuery], *, mode: SearchMode) -> dict[str, list[str]]:
    """Search every query.

    Args:
        search: The search.
        queries: The queries.
        mode: Which legs are used.

    Returns:
        Ids of the 100 best documents by query id.
    """
    return {
        query.id: [result.document.id for result in search.search(query.text, k=_DEEPEST, mode=mode).results]
        for query in queries
    }


def evaluate_rankings(rankings: Mapping[str, Sequence[str]], queries: Sequence[BenchmarkQuery]) -> Figures:
    """Mean of every measure over queries.

    Args:
        rankings: Ids, best first, by query id.
        queries: Queries with their judgements, at least one.

    Returns:
        Figures, rounded to four places; queries without a category count in ``overall`` alone.
    """
    values = {
        query.id: {name: measure(rankings[query.id], query.judged) for name, measure in MEASURES_OF_SEARCH.items()}
        for query in queries
    }

    def mean(chosen: Sequence[BenchmarkQuery]) -> dict[str, float]:
        return {name: round(fmean(values[query.id][name] for query in chosen), 4) for name in MEASURES_OF_SEARCH}

    categories = sorted({query.category for query in queries} - {""})
    return {
        "overall": mean(queries),
        "by_category": {name: mean([query for query in queries if query.category == name]) for name in categories},
    }


def cached_vectors(
    documents: Sequence[Document],
    *,
    encoder: QueryEncoder,
    config: SearchConfig,
    folder: Path,
    progress: Callable[[int], None] | None = None,
) -> NDArray[np.float32]:
    """Vectors of documents, encoded once for each encoder and text.

    Args:
        documents: The n documents.
        encoder: The encoder.
        config: Says what is encoded.
        folder: Where vectors are kept, as ``.npy`` files named by a hash of encoder and texts; made if missing.
        progress: Called with the number of documents encoded so far.

    Returns:
        ``[n, dimension]`` float32 unit vectors.
    """
    key = hashlib.sha256(encoder.fingerprint.encode())
    for document in documents:
        key.update(b"\0" + dense_text(document, config).encode("utf-8", "surrogatepass"))
    path = folder / f"vectors-{key.hexdigest()}.npy"
    kept = _read(path, shape=(len(documents), encoder.dimension))
    if kept is not None:
        return kept
    vectors = np.zeros((len(documents), encoder.dimension), np.float32)
    for start in range(0, len(documents), _BATCH):
        chunk = documents[start : start + _BATCH]
        vectors[start : start + len(chunk)] = document_vectors(chunk, encoder=encoder, config=config)
        if progress is not None:
            progress(start + len(chunk))
    folder.mkdir(parents=True, exist_ok=True)
    stream = io.BytesIO()
    np.save(stream, vectors, allow_pickle=False)
    write_atomic(path, stream.getvalue())
    return vectors


def _read(path: Path, *, shape: tuple[int, int]) -> NDArray[np.float32] | None:
    """A kept file; ``None`` where there is none or it is damaged, so that it is made again."""
    try:
        vectors = np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError):
        return None
    fits = vectors.shape == shape and vectors.dtype == np.float32 and bool(np.isfinite(vectors).all())
    return vectors if fits else None
