"""Other vector stores on the vectors of ``store_speed``; runs in an environment of its own, where they are installed.

python -m benchmarks.store_speed --peers ENVIRONMENT/bin/python
"""

from __future__ import annotations

import json
import sys
import tempfile
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.store_timing import milliseconds, once, recall

CHANGED = 1000


def below(limit: int, metadata: dict[str, Any]) -> bool:
    """Whether a document is in one of the first bands."""
    return bool(metadata["band"] < limit)


def langchain_faiss(folder: Path, limits: dict[str, int], exact: dict[str, Any]) -> dict[str, float]:
    """LangChain community FAISS with its defaults: flat L2 index, filter after the search, pickled documents."""
    from langchain_community.vectorstores import FAISS  # noqa: PLC0415 - may be missing
    from langchain_core.embeddings import DeterministicFakeEmbedding  # noqa: PLC0415 - may be missing

    vectors, queries, bands = (np.load(folder / f"{name}.npy") for name in ("corpus", "queries", "bands"))
    embedding = DeterministicFakeEmbedding(size=vectors.shape[1])
    pairs = [(f"text {n}", vector) for n, vector in enumerate(vectors)]
    metadatas = [{"band": int(band)} for band in bands]
    store = FAISS.from_embeddings(pairs, embedding, metadatas=metadatas, ids=[str(n) for n in range(len(vectors))])

    def ask(number: int, **options: Any) -> list[int]:
        query = queries[number % len(queries)].tolist()
        return [int(found.id) for found in store.similarity_search_by_vector(query, k=10, **options)]

    figures = {"single ms": milliseconds(ask, times=30)}
    figures["batch of 64, ms a query"] = milliseconds(lambda _: [ask(n) for n in range(64)], times=2) / 64
    figures["recall@10"] = recall([ask(n) for n in range(len(queries))], exact["all"])
    for name, limit in limits.items():
        filtered = partial(ask, filter=partial(below, limit))
        figures[f"{name} ms"] = milliseconds(filtered, times=10)
        figures[f"{name} recall"] = recall([filtered(n) for n in range(len(queries))], exact[name])
    fresh = pairs[:CHANGED]
    names = [f"new-{n}" for n in range(CHANGED)]
    figures["add 1,000 ms"] = once(lambda: store.add_embeddings(fresh, metadatas[:CHANGED], ids=names))

    def update() -> None:
        # it refuses an id that is there, so an update is a deletion and an addition
        store.delete(names)
        store.add_embeddings(fresh, metadatas[:CHANGED], ids=names)

    figures["update 1,000 ms"] = once(update)
    figures["delete 1,000 ms"] = once(lambda: store.delete(names))
    with tempfile.TemporaryDirectory() as place:
        figures["save ms"] = once(lambda: store.save_local(place))
        figures["open and first search ms"] = once(
            lambda: FAISS.load_local(
                place, embedding, allow_dangerous_deserialization=True
            ).similarity_search_by_vector(queries[0].tolist(), k=10)
        )
    return figures


def chroma(folder: Path, limits: dict[str, int], exact: dict[str, Any]) -> dict[str, float]:
    """Chroma in a folder with its defaults (HNSW), cosine distance."""
    import chromadb  # type: ignore[import-not-found]  # noqa: PLC0415 - may be missing

    vectors, queries, bands = (np.load(folder / f"{name}.npy") for name in ("corpus", "queries", "bands"))
    with tempfile.TemporaryDirectory() as place:
        client = chromadb.PersistentClient(place, settings=chromadb.Settings(anonymized_telemetry=False))
        held = client.create_collection("all", configuration={"hnsw": {"space": "cosine"}}, embedding_function=None)
        metadatas = [{"band": int(band)} for band in bands]

        def load() -> None:
            for start in range(0, len(vectors), 5000):
                rows = range(start, min(start + 5000, len(vectors)))
                held.add(
                    ids=[str(n) for n in rows],
                    embeddings=vectors[rows.start : rows.stop],
                    metadatas=metadatas[rows.start : rows.stop],
                )

        figures = {"save ms": once(load)}

        def ask(first: int, count: int = 1, **options: Any) -> list[list[int]]:
            chosen = queries[np.arange(first, first + count) % len(queries)]
            found = held.query(query_embeddings=chosen, n_results=10, include=["metadatas", "distances"], **options)
            return [[int(name) for name in names] for names in found["ids"]]

        figures["single ms"] = milliseconds(ask, times=30)
        figures["batch of 64, ms a query"] = milliseconds(lambda _: ask(0, 64), times=5) / 64
        figures["recall@10"] = recall(ask(0, len(queries)), exact["all"])
        for name, limit in limits.items():
            filtered = partial(ask, where={"band": {"$lt": limit}})
            figures[f"{name} ms"] = milliseconds(filtered, times=10)
            figures[f"{name} recall"] = recall(filtered(0, len(queries)), exact[name])
        change = {
            "ids": [f"new-{n}" for n in range(CHANGED)],
            "embeddings": vectors[:CHANGED],
            "metadatas": metadatas[:CHANGED],
        }
        figures["add 1,000 ms"] = once(lambda: held.add(**change))
        figures["update 1,000 ms"] = once(lambda: held.upsert(**change))
        figures["delete 1,000 ms"] = once(lambda: held.delete(ids=change["ids"]))
    return figures


def main() -> None:
    """Read the task from the folder named on the command line, and print figures by system as one line of JSON."""
    folder = Path(sys.argv[1])
    task = json.loads((folder / "task.json").read_text(encoding="utf-8"))
    results: dict[str, dict[str, float]] = {}
    for name, measure in (("LangChain community FAISS", langchain_faiss), ("chroma", chroma)):
        try:
            results[name] = measure(folder, task["limits"], task["exact"])
        except ImportError as error:
            print(f"{name} is left out: {error}", file=sys.stderr)
    print(json.dumps(results))


if __name__ == "__main__":
    main()
