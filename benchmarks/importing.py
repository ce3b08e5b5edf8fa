"""How long it takes to read a source, to import it, to import it again, and to go on after a stop.

python -m benchmarks.importing --data FOLDER_OR_FILE --rows 2000 --store faiss:/tmp/imported
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from itertools import islice
from typing import TypeVar

from mtl_core.encoder import SharedEncoder
from retrieval.importers import import_documents, read_documents
from retrieval.stores.urls import open_store

_Result = TypeVar("_Result")


def _clocked(call: Callable[[], _Result]) -> tuple[_Result, float]:
    start = time.perf_counter()
    result = call()
    return result, round(time.perf_counter() - start, 2)


def main() -> None:
    """Print seconds as JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--data", required=True, help="what read_documents reads")
    parser.add_argument("--rows", type=int, default=2000, help="the most documents")
    parser.add_argument("--store", default="memory:", help="address of an empty store")
    options = parser.parse_args()
    documents, reading = _clocked(lambda: list(islice(read_documents(options.data), options.rows)))
    encoder = SharedEncoder.load()
    encoder.encode(["warm up"])
    seconds: dict[str, float] = {"read": reading}
    half = documents[: len(documents) // 2]
    with open_store(options.store, dimension=encoder.dimension, fingerprint=encoder.fingerprint) as store:
        _, seconds["first half"] = _clocked(lambda: import_documents(half, store, encoder))
        done, seconds["the whole, half of it held"] = _clocked(lambda: import_documents(documents, store, encoder))
        again, seconds["again, nothing changed"] = _clocked(lambda: import_documents(documents, store, encoder))
    if done.encoded != len(documents) - len(half) or again.unchanged != len(documents):
        raise SystemExit("the store held documents before: name an empty one")
    print(json.dumps({"documents": len(documents), "seconds": seconds}, indent=1))


if __name__ == "__main__":
    main()
