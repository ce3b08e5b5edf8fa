"""The embedded store with its HNSW graph beside raw FAISS HNSW, at sizes where a scan is felt.

python -m benchmarks.store_scale --count 1000000

Single queries on one thread, in time of that thread. Both sides are asked in turn, round by round, and the least
disturbed round of each counts, so that a busy machine tilts nothing. Ours is shown at several widths; raw FAISS is
HNSW32 with efConstruction 40 over float32, and gives row numbers where ours gives ids and payloads.
"""

from __future__ import annotations

import gc
import tempfile
import time
from pathlib import Path
from typing import Annotated, Any, cast

import faiss
import numpy as np
import typer

from benchmarks.store_timing import once, print_results, recall
from benchmarks.store_vectors import queries_and_corpus
from retrieval.stores.base import StoreSpec
from retrieval.stores.faiss_index import IndexRule
from retrieval.stores.faiss_store import FaissStore

DIMENSION = 384
BLOCK = 50_000
ROUNDS = 9


def exact_rows(corpus: np.ndarray, queries: np.ndarray) -> list[list[int]]:
    """The right answers, a block at a time."""
    best = np.full((len(queries), 10), -np.inf, np.float32)
    rows = np.zeros((len(queries), 10), np.int64)
    for start in range(0, len(corpus), BLOCK):
        scores = np.concatenate([best, queries @ corpus[start : start + BLOCK].T], axis=1)
        numbers = np.concatenate(
            [rows, np.tile(np.arange(start, start + scores.shape[1] - 10), (len(queries), 1))], axis=1
        )
        order = np.argpartition(-scores, 9, axis=1)[:, :10]
        best, rows = np.take_along_axis(scores, order, axis=1), np.take_along_axis(numbers, order, axis=1)
    found: list[list[int]] = rows.tolist()
    return found


def built(place: Path, corpus: np.ndarray, construction: int) -> dict[str, float]:
    """Write the corpus into a store, block by block, then let it build its graph."""
    spec = StoreSpec(dimension=DIMENSION, fingerprint="benchmark")
    start = time.perf_counter()
    with FaissStore.open(place, spec=spec, rule=IndexRule(kind="flat")) as store:
        for first in range(0, len(corpus), BLOCK):
            block = corpus[first : first + BLOCK]
            store.upsert([str(first + row) for row in range(len(block))], block, [{}] * len(block))
            # what is flushed lies in files, and no longer in memory
            store.flush()
    filled = time.perf_counter()
    with FaissStore.open(place, spec=spec, rule=IndexRule(construction=construction)) as store:
        store.delete(["a first change makes the graph due"])
    return {"fill and save s": filled - start, "build s": time.perf_counter() - filled}


def raw_links(saved: Path, corpus: np.ndarray) -> float:
    """Build raw FAISS's graph and keep it; gives the seconds that its building took."""
    package: Any = faiss
    raw = package.IndexHNSWFlat(DIMENSION, 32, faiss.METRIC_INNER_PRODUCT)
    raw.hnsw.efConstruction = 40
    start = time.perf_counter()
    raw.add(corpus)
    seconds = time.perf_counter() - start
    faiss.write_index(raw, str(saved))
    return seconds


def prepared(
    folder: Path, place: Path, *, count: int, construction: int
) -> tuple[np.ndarray, list[list[int]], dict[str, float]]:
    """Queries, the right answers, and how long what was not in the folder yet took to build."""
    saved, asked = folder / f"hnsw-{count}.faiss", folder / f"asked-{count}.npz"
    figures: dict[str, float] = {}
    if not (place.exists() and saved.exists() and asked.exists()):
        queries, corpus = queries_and_corpus(count, DIMENSION, queries=500)
        if not asked.exists():
            np.savez(asked, queries=queries, exact=np.asarray(exact_rows(corpus, queries)))
        if not place.exists():
            figures |= built(place, corpus, construction)
        if not saved.exists():
            figures["raw FAISS build s"] = raw_links(saved, corpus)
    with np.load(asked, allow_pickle=False) as held:
        return held["queries"], held["exact"].tolist(), figures


def compared(systems: dict[str, Any], queries: np.ndarray, exact: list[list[int]]) -> dict[str, dict[str, float]]:
    """Mean time of a query on the core that works on it, in the least disturbed round, and recall."""
    times: dict[str, list[float]] = {name: [] for name in systems}
    found: dict[str, list[list[int]]] = {}
    for _ in range(ROUNDS):
        for name, ask in systems.items():
            start = time.thread_time()
            found[name] = [ask(query[None]) for query in queries]
            times[name].append((time.thread_time() - start) / len(queries) * 1000)
    return {name: {"single ms": min(times[name]), "recall@10": recall(found[name], exact)} for name in systems}


def main(
    count: Annotated[int, typer.Option(help="Number of vectors.")] = 300_000,
    widths: Annotated[str, typer.Option(help="Widths of ours.")] = "96,112,128,144,160",
    construction: Annotated[int, typer.Option(help="Width of ours while it is built.")] = IndexRule().construction,
    folder: Annotated[Path | None, typer.Option(help="Keeps what was built, for another run.")] = None,
) -> None:
    """Print times and recall."""
    spec, package = StoreSpec(dimension=DIMENSION, fingerprint="benchmark"), cast("Any", faiss)
    with tempfile.TemporaryDirectory() as scratch:
        kept = folder or Path(scratch)
        place = kept / f"store-{count}-{construction}"
        queries, exact, figures = prepared(kept, place, count=count, construction=construction)
        gc.collect()
        raw = faiss.read_index(str(kept / f"hnsw-{count}.faiss"))
        figures["open ms"] = once(lambda: FaissStore.open(place, spec=spec))
        store = FaissStore.open(place, spec=spec)
        figures["first search ms"] = once(lambda: store.search(queries[:1], k=10))
        faiss.omp_set_num_threads(1)

        def of_raw(width: int) -> Any:
            parameters = package.SearchParametersHNSW(efSearch=width)
            return lambda query: raw.search(query, 10, params=parameters)[1][0].tolist()

        def of_ours(width: int) -> Any:
            at = FaissStore.open(place, spec=spec, rule=IndexRule(width=width), read_only=True)
            return lambda query: [int(hit.id) for hit in at.search(query, k=10)[0]]

        systems = {f"raw FAISS HNSW32, ef {width}": of_raw(width) for width in (64, 128)}
        systems |= {f"ours, width {width}": of_ours(int(width)) for width in widths.split(",")}
        results = {"building": figures, **compared(systems, queries, exact)}
    print_results(f"{count} vectors of {DIMENSION} numbers, single queries", results)


if __name__ == "__main__":
    typer.run(main)
