# ruff: noqa: S101 - half of this file is run by pytest
"""LangChain's own suite on the FAISS store of langchain-community, and a move from it to ours.

    pip install langchain-community
    python -m pytest benchmarks/langchain_suite.py -W ignore      # the suite: how many of 25 pass; the move
    python -m benchmarks.langchain_suite --rows 20000             # recall under filters, changes, both stores

The suites on our own stores are in ``tests/retrieval/langchain/test_langchain_suites.py``.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import faiss
import numpy as np
import pytest
from langchain_core.embeddings import DeterministicFakeEmbedding
from langchain_tests.integration_tests import VectorStoreIntegrationTests

from retrieval.langchain import LessonVectorStore

if TYPE_CHECKING:
    from langchain_core.vectorstores import VectorStore

_DIMENSION = 64
_QUERIES = 50


def community_faiss(embedding: Any, dimension: int) -> Any:
    """An empty FAISS store of langchain-community, as its documentation makes one."""
    community = pytest.importorskip("langchain_community.vectorstores", reason="needs langchain-community")
    docstore = pytest.importorskip("langchain_community.docstore.in_memory")
    return community.FAISS(
        embedding_function=embedding,
        index=faiss.IndexFlatL2(dimension),
        docstore=docstore.InMemoryDocstore(),
        index_to_docstore_id={},
    )


class TestCommunityFaiss(VectorStoreIntegrationTests):
    """The suite on the peer."""

    @pytest.fixture
    def vectorstore(self) -> VectorStore:
        """An empty store."""
        store: VectorStore = community_faiss(self.get_embeddings(), 6)
        return store


def moved(old: Any, url: str) -> LessonVectorStore:
    """Move a FAISS store of langchain-community without encoding anything again."""
    rows = sorted(old.index_to_docstore_id.items())
    found = [old.docstore.search(name) for _, name in rows]
    pairs = [
        (document.page_content, old.index.reconstruct(row)) for (row, _), document in zip(rows, found, strict=True)
    ]
    new = LessonVectorStore.open(url, old.embeddings)
    new.add_embeddings(pairs, [document.metadata for document in found], ids=[name for _, name in rows])
    return new


def test_a_move_keeps_documents_and_order(tmp_path: Path) -> None:
    """The moved store gives the same documents in the same order."""
    old = community_faiss(DeterministicFakeEmbedding(size=6), 6)
    old.add_texts([f"text {n}" for n in range(20)], [{"n": n} for n in range(20)], ids=[f"d{n}" for n in range(20)])
    with moved(old, f"faiss:{tmp_path / 'moved'}") as new:
        wanted = [document.id for document in new.similarity_search("query", k=20)]
        cosines = [score for _, score in new.similarity_search_with_score("query", k=20)]
        assert set(wanted) == {f"d{n}" for n in range(20)}
        assert cosines == sorted(cosines, reverse=True)
        assert new.get_by_ids(["d3"])[0].metadata == {"n": 3}


class _Known(DeterministicFakeEmbedding):
    size: int = _DIMENSION


def _recall(search: Callable[..., Any], wanted: list[set[str]], queries: list[str], where: dict[str, int]) -> float:
    shares = []
    for query, right in zip(queries, wanted, strict=True):
        got = {document.id for document in search(query, k=10, filter=where)}
        shares.append(len(got & right) / len(right))
    return statistics.mean(shares)


def _clocked(call: Callable[[], Any]) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def main() -> None:
    """Print recall@10 under filters and the time of changes, for the peer and for ours."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--rows", type=int, default=20_000)
    rows: int = parser.parse_args().rows
    generator = np.random.default_rng(0)
    vectors = generator.standard_normal((rows, _DIMENSION)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    names = [f"d{n:07}" for n in range(rows)]
    metadatas = [{"of2": n % 2, "of10": n % 10, "of100": n % 100, "of1000": n % 1000} for n in range(rows)]
    pairs = [(name, vector.tolist()) for name, vector in zip(names, vectors, strict=True)]
    embedding = _Known()
    queries = [f"query {n}" for n in range(_QUERIES)]
    asked = np.asarray(embedding.embed_documents(queries), np.float32)
    with tempfile.TemporaryDirectory() as folder:
        stores = {
            "langchain-community FAISS": community_faiss(embedding, _DIMENSION),
            "LessonVectorStore faiss:": LessonVectorStore.open(f"faiss:{folder}/store", embedding),
        }
        for name, store in stores.items():
            added = _clocked(lambda store=store: store.add_embeddings(pairs, metadatas, ids=names))  # type: ignore[misc]
            line = [f"{name}: add {rows:,} {added:.2f} s"]
            for key in ("of2", "of10", "of100", "of1000"):
                passing = np.flatnonzero(np.arange(rows) % int(key[2:]) == 1)
                best = np.argsort(-(asked @ vectors[passing].T), axis=1)[:, :10]
                wanted = [{names[passing[row]] for row in row_best} for row_best in best]
                line.append(f"1/{key[2:]} {_recall(store.similarity_search, wanted, queries, {key: 1}):.3f}")
            deleted = _clocked(lambda store=store: store.delete(names[:1000]))  # type: ignore[misc]
            print("; ".join(line), f"; delete 1,000 {deleted:.3f} s")


if __name__ == "__main__":
    main()
