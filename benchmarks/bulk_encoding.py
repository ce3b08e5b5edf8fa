"""Bulk encoding beside a plain call of the encoder: documents a second.

python -m benchmarks.bulk_encoding --rows 2000 [--processes 2]

The documents are the shipped templates, numbered so that no two are alike. Each figure is one run on a fresh folder;
"again" is the same run over the finished folder, which encodes nothing.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from itertools import cycle, islice
from pathlib import Path

from mtl_core.encoder import SharedEncoder
from retrieval import TemplateLibrary
from retrieval.bulk import Workers, encode_documents
from retrieval.documents import Document
from retrieval.search_config import SearchConfig
from retrieval.search_dense import dense_text
from retrieval.template_documents import document_of_template

__all__ = ["numbered"]


def numbered(rows: int) -> list[Document]:
    """As many documents as asked for, all different."""
    templates = islice(cycle(map(document_of_template, TemplateLibrary.shipped().values())), rows)
    return [
        document.model_copy(
            update={
                "id": f"{number:07}",
                "fields": {**document.fields, "title": f"{document.fields['title']} {number}"},
            }
        )
        for number, document in enumerate(templates)
    ]


def _clocked(call: Callable[[], object]) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def main() -> None:
    """Print a line for each way."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=2000)
    parser.add_argument("--processes", type=int, default=2)
    options = parser.parse_args()
    documents, encoder = numbered(options.rows), SharedEncoder.load()
    config = SearchConfig()
    encoder.encode([dense_text(document, config) for document in documents[:64]])
    plain = _clocked(lambda: encoder.encode([dense_text(document, config) for document in documents]))
    print(f"SharedEncoder.encode: {plain:.1f} s, {options.rows / plain:.0f} documents/s", flush=True)
    with tempfile.TemporaryDirectory() as root:
        workers: tuple[Workers, ...] = ("one", "ray")
        for name in workers:
            folder = Path(root) / name
            size = max(1, min(2048, options.rows // (2 * options.processes)))

            def run(folder: Path = folder, name: Workers = name, size: int = size) -> object:
                return encode_documents(
                    documents,
                    folder,
                    encoder,
                    workers=name,
                    processes=options.processes if name == "ray" else None,
                    rows_per_part=size,
                )

            seconds, again = _clocked(run), _clocked(run)
            print(
                f"workers {name}: {seconds:.1f} s, {options.rows / seconds:.0f} documents/s; again {again:.1f} s",
                flush=True,
            )


if __name__ == "__main__":
    main()
