"""Stores on a server beside the embedded one: writing, searching, filtering and changing.

python -m benchmarks.store_servers --store postgresql://USER@HOST/NAME --store milvus://HOST:PORT/NAME

Each store must be empty; what is written is removed at the end. FAISS in a temporary folder is always measured first.
Vectors are synthetic (``store_vectors``), times are of one process and one run.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from time import perf_counter
from typing import TYPE_CHECKING, Annotated

import numpy as np
import typer

from benchmarks.store_vectors import queries_and_corpus
from mtl_core.errors import InputError
from retrieval.documents import JSON
from retrieval.filters import Range
from retrieval.stores.urls import open_store

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from retrieval.stores.base import Store

DIMENSION = 384
BATCH = 1000
CHANGED = 1000


def _seconds(call: Callable[[], object]) -> float:
    start = perf_counter()
    call()
    return perf_counter() - start


def _payload(number: int) -> dict[str, JSON]:
    return {"fields": {"title": f"Lesson {number}"}, "metadata": {"band": number % 1000}}


def _recall(found: list[list[str]], right: list[list[int]]) -> float:
    shares = [len(set(one) & {f"d{row}" for row in rows}) / len(rows) for one, rows in zip(found, right, strict=True)]
    return float(np.mean(shares))


def _best(vectors: NDArray[np.float32], queries: NDArray[np.float32], rows: NDArray[np.int64]) -> list[list[int]]:
    order = np.argsort(-(queries @ vectors[rows].T), axis=1)[:, :10]
    return [rows[one].tolist() for one in order]


def measure(store: Store, corpus: NDArray[np.float32], queries: NDArray[np.float32]) -> dict[str, float]:
    """Fill, ask and change a store.

    Args:
        store: An empty store.
        corpus: ``[n, d]`` unit vectors.
        queries: ``[q, d]`` unit vectors.

    Returns:
        Seconds and recall by name.
    """
    count = len(corpus)
    if store.count():
        raise InputError("The store is not empty; name an empty one.")

    def write(first: int, last: int) -> None:
        for start in range(first, last, BATCH):
            rows = range(start, min(start + BATCH, last))
            store.upsert([f"d{row}" for row in rows], corpus[rows.start : rows.stop], [_payload(row) for row in rows])
        store.flush()

    def ask(where: Range | None) -> tuple[float, list[list[str]]]:
        store.search(queries[:1], k=10, where=where)
        times, found = [], []
        for query in queries:
            start = perf_counter()
            hits = store.search(query[None], k=10, where=where)[0]
            times.append(perf_counter() - start)
            found.append([hit.id for hit in hits])
        return float(np.median(times)) * 1000, found

    result = {"write s": _seconds(lambda: write(0, count))}
    one_percent = Range("metadata.band", 0, 9)
    every, few = np.arange(count), np.flatnonzero(np.arange(count) % 1000 <= 9)
    for name, where, rows in (("", None, every), (" at 1 %", one_percent, few)):
        result[f"query{name} ms"], found = ask(where)
        result[f"recall@10{name}"] = _recall(found, _best(corpus, queries, rows))
    result["batch of 64 ms"] = _seconds(lambda: store.search(np.resize(queries, (64, DIMENSION)), k=10)) * 1000

    def remove(last: int) -> None:
        store.delete([f"d{row}" for row in range(last)])
        store.flush()

    result[f"update {CHANGED} s"] = _seconds(lambda: write(0, CHANGED))
    result[f"delete {CHANGED} s"] = _seconds(lambda: remove(CHANGED))
    remove(count)
    return result


def main(
    store: Annotated[list[str], typer.Option(help="Address of an empty store.")],
    rows: Annotated[int, typer.Option(help="How many vectors.")] = 20_000,
) -> None:
    """Print one table, a row for each store."""
    queries, corpus = queries_and_corpus(rows, DIMENSION, queries=50)
    table: dict[str, dict[str, float]] = {}
    with tempfile.TemporaryDirectory() as folder:
        for url in (f"faiss:{folder}/store", *store):
            name = url.partition(":")[0]
            with open_store(url, dimension=DIMENSION, fingerprint="benchmark") as opened:
                table[name] = measure(opened, corpus, queries)
            print(name, {key: round(value, 3) for key, value in table[name].items()}, flush=True)
    names = list(next(iter(table.values())))
    print(f"\n| store | {' | '.join(names)} |\n|---|{'---|' * len(names)}")
    for name, values in table.items():
        print(f"| {name} | {' | '.join(f'{values[one]:.3g}' for one in names)} |")


if __name__ == "__main__":
    typer.run(main)
