"""Kill a writer at random moments of its saving: the folder must hold the old state or the new one, and nothing less.

python -m benchmarks.store_crash --times 100

A child writes batches into one folder and says each batch that was flushed; it is killed with SIGKILL after a random
time. Then the folder is opened: every batch must be there whole or not at all, and every batch that was said must be
there, with its vectors.
"""

from __future__ import annotations

import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from benchmarks.store_timing import print_results
from benchmarks.store_vectors import clustered
from retrieval.stores.base import StoreSpec
from retrieval.stores.faiss_index import IndexRule
from retrieval.stores.faiss_store import FaissStore

DIMENSION = 64
BATCH = 200
SPEC = StoreSpec(dimension=DIMENSION, fingerprint="benchmark")
# with a graph, so that its file is also caught half written
RULE = IndexRule(flat_up_to=2_000)


def write(folder: Path, first: int) -> None:
    """Write batch after batch, and say each when it is safe."""
    vectors = clustered(BATCH, DIMENSION, seed=1)
    store = FaissStore.open(folder, spec=SPEC, rule=RULE)
    print("ready", flush=True)
    for number in range(first, first + 100_000):
        names = [f"{number}:{row}" for row in range(BATCH)]
        store.upsert(names, vectors, [{"batch": number}] * BATCH)
        store.delete([f"{number - 20}:{row}" for row in range(BATCH)])
        store.flush()
        print(number, flush=True)


def killed(folder: Path, first: int, after: float) -> set[int]:
    """Let a child write and kill it; the batches that it said."""
    command = [sys.executable, "-m", "benchmarks.store_crash", "--folder", str(folder), "--first", str(first)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        if child.stdout is None or child.stdout.readline() != "ready\n":
            raise SystemExit("The writer did not begin.")
        time.sleep(after)
        child.send_signal(signal.SIGKILL)
        return {int(line) for line in child.stdout.read().split()}


def main(
    times: Annotated[int, typer.Option(help="How often.")] = 100,
    seed: Annotated[int, typer.Option(help="Of the moments.")] = 0,
    folder: Annotated[Path | None, typer.Option(help="Used by the child.")] = None,
    first: Annotated[int, typer.Option(help="Used by the child.")] = 0,
) -> None:
    """Print how many moments left something else than the old or the new state."""
    if folder is not None:
        write(folder, first)
    vectors = clustered(BATCH, DIMENSION, seed=1)
    generator = np.random.default_rng(seed)
    broken = lost = unfinished = 0
    following = 0
    with tempfile.TemporaryDirectory() as scratch:
        place = Path(scratch) / "store"
        FaissStore.open(place, spec=SPEC, rule=RULE).close()
        for _ in range(times):
            said = killed(place, following, float(generator.uniform(0, 0.6)))
            unfinished += bool(place.exists() and [name for name in place.iterdir() if name.name.endswith(".tmp")])
            with (
                FaissStore.open(place, spec=SPEC, rule=RULE, read_only=True) if said or following else _none() as store
            ):
                held: dict[int, int] = {}
                for record in store.scan():
                    batch, row = map(int, record.id.split(":"))
                    held[batch] = held.get(batch, 0) + 1
                    broken += not np.array_equal(record.vector, vectors[row])
                broken += sum(count != BATCH for count in held.values())
                following = max([following, *(number + 1 for number in held)])
                # what was said and not deleted since must be there
                lost += sum(number not in held for number in said if number >= following - 20)
    figures = {"moments": times, "killed while a file was half written": unfinished, "broken": broken, "lost": lost}
    print_results("kill -9 while saving", {"ours": {name: float(value) for name, value in figures.items()}})
    if broken or lost:
        raise SystemExit(1)


def _none() -> FaissStore:
    return FaissStore.open(None, spec=SPEC)


if __name__ == "__main__":
    typer.run(main)
