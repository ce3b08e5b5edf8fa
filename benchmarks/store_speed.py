"""Speed and recall of the embedded store beside raw FAISS, numpy and other stores, in one run.

python -m benchmarks.store_speed --peers ENVIRONMENT/bin/python

Vectors are synthetic (``store_vectors``). Times are medians of one process; "raw FAISS, tuned" sets what its two traps
need: one thread for a single query, and BLAS for every batch. A search of ours includes ids, payloads and the check of
its input; raw FAISS and numpy give row numbers alone. Changes of ours are flushed to disk, with fsync.
"""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import faiss
import numpy as np
import typer

from benchmarks.store_timing import milliseconds, once, print_results, recall
from benchmarks.store_vectors import queries_and_corpus
from retrieval.filters import Range
from retrieval.stores.base import Payload, StoreSpec
from retrieval.stores.faiss_index import IndexKind, IndexRule
from retrieval.stores.faiss_store import FaissStore

DIMENSION = 384
BANDS = 10_000
SHARES = {"50 %": 5000, "10 %": 1000, "1 %": 100, "0.1 %": 10}
CHANGED = 1000
BATCH = 64


@dataclass(frozen=True, slots=True, eq=False)
class Task:
    """What every system is asked.

    Args:
        corpus: ``[n, d]``.
        queries: ``[q, d]``.
        bands: ``[n]`` a number of each row, for filters.
        exact: The right rows of each query, without a filter and with each.
    """

    corpus: np.ndarray
    queries: np.ndarray
    bands: np.ndarray
    exact: dict[str, list[list[int]]]


def ours(place: Path, kind: IndexKind, task: Task) -> dict[str, float]:
    """The store of this project, written, opened again, asked and changed."""
    corpus, queries, bands, exact = task.corpus, task.queries, task.bands, task.exact
    spec, rule = StoreSpec(dimension=DIMENSION, fingerprint="benchmark"), IndexRule(kind=kind)
    payloads: list[Payload] = [{"metadata": {"band": int(band)}} for band in bands]
    names = [str(row) for row in range(len(corpus))]
    writer = FaissStore.open(place, spec=spec, rule=rule)
    writer.upsert(names, corpus, payloads)
    saved = once(writer.close)

    def opened() -> FaissStore:
        return FaissStore.open(place, spec=spec, rule=rule)

    figures = {"open ms": milliseconds(lambda _: opened(), times=9)}
    figures["open and first search ms"] = milliseconds(lambda _: opened().search(queries[:1], k=10), times=5)
    store = opened()

    def ask(first: int, count: int = 1, **options: Any) -> list[list[int]]:
        chosen = queries[np.arange(first, first + count) % len(queries)]
        return [[int(hit.id) for hit in hits] for hits in store.search(chosen, k=10, **options)]

    figures["single ms"] = milliseconds(ask, times=60)
    figures["batch of 64, ms a query"] = milliseconds(lambda _: ask(0, BATCH), times=7) / BATCH
    figures["recall@10"] = recall(ask(0, len(queries)), exact["all"])
    for name, limit in SHARES.items():
        where = Range("metadata.band", None, limit - 1)
        figures[f"{name} ms"] = milliseconds(partial(ask, where=where), times=15)
        figures[f"{name} recall"] = recall(ask(0, len(queries), where=where), exact[name])
    change = ([f"new-{n}" for n in range(CHANGED)], corpus[:CHANGED], payloads[:CHANGED])

    def flushed(work: Callable[..., Any], *arguments: Any) -> float:
        def change_and_flush() -> None:
            work(*arguments)
            store.flush()

        return once(change_and_flush)

    figures["add 1,000 ms"] = flushed(store.upsert, *change)
    figures["update 1,000 ms"] = flushed(store.upsert, *change)
    figures["delete 1,000 ms"] = flushed(store.delete, change[0])
    store.close()
    return {**figures, "save ms": saved}


def raw_faiss(task: Task, *, tuned: bool) -> dict[str, float]:
    """IndexFlatIP with the settings of the package, or with those that its two traps need."""
    corpus, queries, bands = task.corpus, task.queries, task.bands
    threads, blas = os.cpu_count() or 1, faiss.cvar.distance_compute_blas_threshold
    # its types do not know what is made at run time
    package: Any = faiss
    index = package.IndexFlatIP(DIMENSION)
    index.add(corpus)
    figures: dict[str, float] = {}
    faiss.omp_set_num_threads(1 if tuned else threads)

    def ask(number: int, **options: Any) -> None:
        index.search(queries[number % len(queries)][None], 10, **options)

    figures["single ms"] = milliseconds(ask, times=60)
    for name, limit in SHARES.items():
        bits = np.packbits(bands < limit, bitorder="little")
        chosen = package.SearchParameters(sel=package.IDSelectorBitmap(bits))
        figures[f"{name} ms"] = milliseconds(partial(ask, params=chosen), times=15)
    faiss.cvar.distance_compute_blas_threshold = 1 if tuned else blas
    batches = []
    for number in {1, threads} if tuned else {threads}:
        faiss.omp_set_num_threads(number)
        batches.append(milliseconds(lambda _: index.search(queries[:BATCH], 10), times=5) / BATCH)
    # on a busy machine one thread is faster
    figures["batch of 64, ms a query"] = min(batches)
    faiss.cvar.distance_compute_blas_threshold = blas
    return {**figures, "recall@10": 1.0}


def plain_numpy(task: Task) -> dict[str, float]:
    """A matrix product and a partition."""
    corpus, queries, bands = task.corpus, task.queries, task.bands

    def best(chosen: np.ndarray, rows: np.ndarray) -> np.ndarray:
        return np.argpartition(-(chosen @ rows.T), 9, axis=1)[:, :10]

    def filtered(chosen: np.ndarray, number: int) -> None:
        best(queries[number % len(queries)][None], corpus[chosen])

    figures = {"single ms": milliseconds(lambda n: best(queries[n % len(queries)][None], corpus), times=30)}
    figures["batch of 64, ms a query"] = milliseconds(lambda _: best(queries[:BATCH], corpus), times=5) / BATCH
    for name, limit in SHARES.items():
        figures[f"{name} ms"] = milliseconds(partial(filtered, bands < limit), times=7)
    return {**figures, "recall@10": 1.0}


def exact_rows(corpus: np.ndarray, queries: np.ndarray, bands: np.ndarray) -> dict[str, list[list[int]]]:
    """The right answers, by one matrix product."""
    scores = queries @ corpus.T
    exact = {"all": np.argsort(-scores, axis=1)[:, :10].tolist()}
    for name, limit in SHARES.items():
        passing = np.flatnonzero(bands < limit)
        exact[name] = passing[np.argsort(-scores[:, passing], axis=1)[:, :10]].tolist()
    return exact


def of_peers(python: Path, task: Task) -> dict[str, dict[str, float]]:
    """Figures of other stores, measured by their own interpreter on the same vectors."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for stem, array in (("corpus", task.corpus), ("queries", task.queries), ("bands", task.bands)):
            np.save(folder / f"{stem}.npy", array, allow_pickle=False)
        (folder / "task.json").write_text(json.dumps({"limits": SHARES, "exact": task.exact}), encoding="utf-8")
        command = [str(python), "-m", "benchmarks.store_peers", str(folder)]
        done = subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True)
    figures: dict[str, dict[str, float]] = json.loads(done.stdout.splitlines()[-1])
    return figures


def main(
    count: Annotated[int, typer.Option(help="Number of vectors.")] = 100_000,
    peers: Annotated[Path | None, typer.Option(help="Python of an environment with other stores.")] = None,
) -> None:
    """Print times and recall of every system."""
    queries, corpus = queries_and_corpus(count, DIMENSION, queries=128)
    bands = np.random.default_rng(5).integers(0, BANDS, count)
    task = Task(corpus, queries, bands, exact_rows(corpus, queries, bands))
    results: dict[str, dict[str, float]] = {}
    kinds: tuple[IndexKind, ...] = ("flat", "hnsw")
    for kind in kinds:
        with tempfile.TemporaryDirectory() as folder:
            results[f"ours, {kind}"] = ours(Path(folder) / "store", kind, task)
    results["raw FAISS flat, tuned"] = raw_faiss(task, tuned=True)
    results["raw FAISS flat, defaults"] = raw_faiss(task, tuned=False)
    results["numpy"] = plain_numpy(task)
    if peers is not None:
        results |= of_peers(peers, task)
    print_results(f"{count} vectors of {DIMENSION} numbers", results)


if __name__ == "__main__":
    typer.run(main)
