"""The side of a search that is in a store: one vector a document."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Protocol

from mtl_core.encoder import EncodedTexts
from retrieval.documents import Document
from retrieval.filters import Filter
from retrieval.search_config import SearchConfig
from retrieval.stores.base import Hit, Store

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["QueryEncoder", "dense_text", "document_vectors", "nearest"]


class QueryEncoder(Protocol):
    """What a search needs of an encoder; ``SharedEncoder`` is one."""

    @property
    def dimension(self) -> int:
        """Length of a vector."""

    @property
    def fingerprint(self) -> str:
        """Changes whenever the vectors would."""

    def encode(self, texts: Sequence[str]) -> EncodedTexts:
        """Unit vectors of texts."""


def dense_text(document: Document, config: SearchConfig) -> str:
    """What is encoded of a document: its title, then its other fields.

    Args:
        document: The document.
        config: Names the title field.

    Returns:
        One text.
    """
    title = document.fields.get(config.title_field, "").strip()
    rest = [text.strip() for name, text in document.fields.items() if name != config.title_field and text.strip()]
    head = f"{title}." if title and rest and title[-1] not in ".!?" else title
    return " ".join([head, *rest]).strip()


def document_vectors(
    documents: Sequence[Document], *, encoder: QueryEncoder, config: SearchConfig
) -> NDArray[np.float32]:
    """Encode documents.

    Args:
        documents: The n documents.
        encoder: The encoder.
        config: Settings.

    Returns:
        ``[n, dimension]`` float32 unit vectors.
    """
    return encoder.encode([dense_text(document, config) for document in documents]).vectors


def nearest(
    store: Store,
    vector: NDArray[np.float32],
    *,
    most: int,
    where: Filter | None,
    admits: Callable[[Hit], bool] | None = None,
) -> list[Hit]:
    """The nearest documents that pass a filter and a further condition.

    Args:
        store: The store.
        vector: ``[dimension]`` unit vector.
        most: The most hits.
        where: Evaluated by the store before its search.
        admits: A condition that a store cannot evaluate; the search widens until enough hits meet it.

    Returns:
        Hits, best first.
    """
    asked = most
    while True:
        hits = store.search(vector[None], k=asked, where=where)[0]
        kept = [hit for hit in hits if admits is None or admits(hit)]
        if len(kept) >= most or len(hits) < asked:
            return kept[:most]
        asked *= 4
