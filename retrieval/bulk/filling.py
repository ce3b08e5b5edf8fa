"""A store filled from encoded documents, without an encoder."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from mtl_core.errors import ArtifactError
from retrieval.bulk.folder import EncodedFolder
from retrieval.importers.bulk_import import ImportProgress

if TYPE_CHECKING:
    from retrieval.stores.base import Store

__all__ = ["fill_store"]


def fill_store(
    folder: EncodedFolder, store: Store, *, on_progress: Callable[[ImportProgress], None] | None = None
) -> ImportProgress:
    """Write documents with their vectors into a store; rows that it holds just so are left alone.

    Every part is durable before the next is read, so a run that was killed goes on where it stopped.

    Args:
        folder: What ``encode_documents`` wrote.
        store: A store for the same encoder.
        on_progress: Told after each part.

    Returns:
        What was done; ``described`` counts what was written, nothing is encoded.

    Raises:
        ArtifactError: If the store is for another encoder, or a part is damaged.
    """
    if store.spec.fingerprint != folder.fingerprint:
        raise ArtifactError(
            f"{folder.path} was encoded with another encoder than the store's; encode again, or take a new store."
        )
    done = ImportProgress()
    for part in folder.parts():
        documents = part.documents()
        held = store.get(part.ids)
        rows = [
            row
            for row, (document, record) in enumerate(zip(documents, held, strict=True))
            if record is None
            or dict(record.payload) != document.payload()
            or float(np.dot(record.vector, part.vectors[row])) < _SAME_VECTOR
        ]
        if rows:
            store.upsert(
                [part.ids[row] for row in rows], part.vectors[rows], [documents[row].payload() for row in rows]
            )
            store.flush()
        done = ImportProgress(
            read=done.read + len(documents),
            described=done.described + len(rows),
            unchanged=done.unchanged + len(documents) - len(rows),
        )
        if on_progress is not None:
            on_progress(done)
    return done


_SAME_VECTOR = 0.999
"""Half-precision stores give vectors back a little changed."""
