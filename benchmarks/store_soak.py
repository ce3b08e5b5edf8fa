"""Two writers and eight readers on one folder, then kill -9 of both writers: no error, nothing lost, no wrong result.

python -m benchmarks.store_soak --operations 4000

Each writer owns half of the ids. It adds, updates and deletes, flushes, and says each change that was flushed. Readers
search, filter, count and fetch all the while and check each answer: scores are those of the vectors, hits pass the
filter, the order is right, and a batch is there whole or not at all. At the end the writers are killed in the middle of
their work, and the folder must hold all that they said.
"""

from __future__ import annotations

import json
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
from retrieval.filters import Eq
from retrieval.stores.base import StoreSpec
from retrieval.stores.faiss_index import IndexRule
from retrieval.stores.faiss_store import FaissStore

DIMENSION = 64
SPEC = StoreSpec(dimension=DIMENSION, fingerprint="benchmark")
RULE = IndexRule(flat_up_to=3_000, exact_up_to=500)
BATCH = 20
GROUPS = 400
VERSIONS = 7
WRITERS, READERS = 2, 8
PATIENCE = 900.0
SHOWN = 60
COMMAND = (sys.executable, "-m", "benchmarks.store_soak")


def vectors_of(group: int, version: int) -> np.ndarray:
    """``[BATCH, DIMENSION]`` vectors of one version of a group of items."""
    generator = np.random.default_rng(group * VERSIONS + version % VERSIONS)
    drawn = generator.standard_normal((BATCH, DIMENSION), dtype=np.float32)
    drawn /= np.linalg.norm(drawn, axis=1, keepdims=True)
    return drawn


def names_of(group: int) -> list[str]:
    """Ids of a group."""
    return [f"{group:05d}:{row:02d}" for row in range(BATCH)]


def write(folder: Path, number: int) -> None:
    """Change random groups of this writer's half; a line says group and version, -1 for none, once it is flushed."""
    generator = np.random.default_rng(number)
    # how long a busy machine lets the other writer hold the lock is not what is asked here
    store = FaissStore.open(folder, spec=SPEC, rule=RULE, wait=PATIENCE)
    version = 0
    while True:
        version += 1
        group = int(generator.integers(GROUPS)) * WRITERS + number
        if generator.random() < 0.3:
            store.delete(names_of(group))
            done = -1
        else:
            payloads = [{"group": group, "version": version, "row": row} for row in range(BATCH)]
            store.upsert(names_of(group), vectors_of(group, version), payloads)
            done = version
        print(json.dumps(["begun", group, done]), flush=True)
        store.flush()
        print(json.dumps(["done", group, done]), flush=True)


def read(folder: Path, number: int) -> None:
    """Ask and check until stdin closes; a line says each wrong answer, the last one how many were right."""
    generator = np.random.default_rng(100 + number)
    store = FaissStore.open(folder, spec=SPEC, rule=RULE, read_only=True)
    right, until = 0, folder.parent / "stop"
    while not until.exists():
        group = int(generator.integers(GROUPS * WRITERS))
        query = vectors_of(group, int(generator.integers(VERSIONS)))[:1]
        try:
            for wrong in wrongs(store, group, query, filtered=bool(generator.random() < 0.5)):
                print(f"wrong: {wrong}", flush=True)
        except Exception as error:  # noqa: BLE001 - any error at all is a finding
            print(f"error: {type(error).__name__}: {error}", flush=True)
        right += 1
    print(json.dumps(right), flush=True)


def wrongs(store: FaissStore, group: int, query: np.ndarray, *, filtered: bool) -> list[str]:
    """What is wrong with the answers to one question."""
    said = []
    hits = store.search(query, k=10, where=Eq("group", group) if filtered and store.count() else None)[0]
    scores = [hit.score for hit in hits]
    if scores != sorted(scores, reverse=True):
        said.append("order")
    for hit in hits:
        held = hit.payload
        if hit.id != names_of(int(str(held["group"])))[int(str(held["row"]))] or (filtered and held["group"] != group):
            said.append(f"hit {hit.id} with {held}")
        vector = vectors_of(int(str(held["group"])), int(str(held["version"])))[int(str(held["row"]))]
        if abs(float(vector @ query[0]) - hit.score) > 1e-4:
            said.append(f"score of {hit.id}")
    versions = {None if record is None else record.payload["version"] for record in store.get(names_of(group))}
    if len(versions) != 1:
        said.append(f"group {group} is there in part: {versions}")
    return said


def lost_changes(folder: Path, said: list[list[list[object]]]) -> tuple[int, int]:
    """How many groups are not as their writer said last, and how many groups there are."""
    wrong = held = 0
    with FaissStore.open(folder, spec=SPEC, rule=RULE, read_only=True) as store:
        for lines in said:
            last: dict[int, int] = {}
            # a change that was begun and not said may have come through or not
            begun: dict[int, int] = {}
            for kind, group, version in lines:
                (last if kind == "done" else begun)[int(str(group))] = int(str(version))
            for group, version in last.items():
                found = {-1 if one is None else int(str(one.payload["version"])) for one in store.get(names_of(group))}
                wrong += len(found) != 1 or not found <= {version, begun[group]}
                held += found != {-1}
        wrong += store.count() != len(list(store.scan()))
    return wrong, held


def main(
    operations: Annotated[int, typer.Option(help="Flushed changes before the writers are killed.")] = 4000,
    most_seconds: Annotated[float, typer.Option(help="Stop earlier after this time.")] = 600.0,
    role: Annotated[str, typer.Option(help="Used by the children.")] = "",
    folder: Annotated[Path | None, typer.Option(help="Used by the children.")] = None,
    number: Annotated[int, typer.Option(help="Used by the children.")] = 0,
) -> None:
    """Print what went wrong, of how much."""
    if folder is not None:
        (write if role == "write" else read)(folder, number)
        return
    with tempfile.TemporaryDirectory() as scratch:
        figures = soaked(Path(scratch), operations, most_seconds)
    print_results(f"{WRITERS} writers and {READERS} readers, then kill -9", {"ours": figures})
    if figures["wrong answers or errors"] or figures["lost"]:
        raise SystemExit(1)


def soaked(scratch: Path, operations: int, most_seconds: float) -> dict[str, float]:
    """Run the children, kill the writers, and count."""
    place = scratch / "store"
    with FaissStore.open(place, spec=SPEC, rule=RULE) as store:
        first = [{"group": 0, "version": 0, "row": row} for row in range(BATCH)]
        store.upsert(names_of(0), vectors_of(0, 0), first)
    logs = {(role, n): scratch / f"{role}-{n}.log" for role, count in (("write", 2), ("read", 8)) for n in range(count)}
    children = {}
    for (role, n), log in logs.items():
        command = [*COMMAND, "--role", role, "--folder", str(place), "--number", str(n)]
        with log.open("w", encoding="utf-8") as stream:
            children[role, n] = subprocess.Popen(command, stdout=stream, stderr=subprocess.STDOUT)

    def lines(role: str) -> list[list[str]]:
        return [log.read_text(encoding="utf-8").splitlines() for (of, _), log in logs.items() if of == role]

    start = time.monotonic()
    while sum(line.startswith('["done"') for log in lines("write") for line in log) < operations:
        if time.monotonic() - start > most_seconds or any(child.poll() is not None for child in children.values()):
            break
        time.sleep(0.5)
    for (role, _), child in children.items():
        if role == "write":
            child.send_signal(signal.SIGKILL)
    seconds = time.monotonic() - start
    time.sleep(1)
    (scratch / "stop").touch()
    for child in children.values():
        child.wait(60)
    # the last line of a killed writer may be cut off
    whole = [[line for line in log if line.endswith("]")] for log in lines("write")]
    others = [line for log in lines("write") for line in log if not line.startswith('["')]
    said = [[json.loads(line) for line in log] for log in whole]
    lost, held = lost_changes(place, said)
    answers = [log[-1] if log else "" for log in lines("read")]
    complaints = [line for log in lines("read") for line in log[:-1]] + [one for one in answers if not one.isdigit()]
    print(*(others + complaints)[:SHOWN], sep="\n")
    return {
        "seconds": seconds,
        "changes": float(sum(kind == "done" for log in said for kind, *_ in log)),
        "questions": float(sum(int(one) for one in answers if one.isdigit())),
        "wrong answers or errors": float(len(others) + len(complaints)),
        "groups at the end": float(held),
        "lost": float(lost),
    }


if __name__ == "__main__":
    typer.run(main)
