"""What is about to be added to a vector store, checked before anything is written."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from langchain_core.documents import Document

from mtl_core.errors import InputError
from retrieval.documents import JSON
from retrieval.langchain.payloads import to_payload

__all__ = ["Addition", "additions", "as_documents", "batched"]


@dataclass(frozen=True, slots=True)
class Addition:
    """One document to write.

    Args:
        id: Its id.
        text: What is encoded.
        payload: What is kept beside the vector.
    """

    id: str
    text: str
    payload: dict[str, JSON]


def as_documents(
    texts: Iterable[str], metadatas: Sequence[dict[str, Any]] | None, ids: Sequence[str] | None
) -> list[Document]:
    """Texts as documents.

    Args:
        texts: The texts.
        metadatas: Metadata by text.
        ids: Id by text.

    Returns:
        One document a text.

    Raises:
        InputError: If there are not as many metadata or ids as texts.
    """
    known = list(texts)
    for what, given in (("metadata", metadatas), ("ids", ids)):
        if given is not None and len(given) != len(known):
            raise InputError(f"{len(known)} texts were given with {len(given)} {what}; give one for each text.")
    named = ids if ids is not None else [None] * len(known)
    described = metadatas if metadatas is not None else [{} for _ in known]
    return [
        Document(id=one, page_content=text, metadata=metadata)
        for one, text, metadata in zip(named, known, described, strict=True)
    ]


def additions(documents: Sequence[Document], ids: Sequence[str] | None, *, new_id: Callable[[], str]) -> list[Addition]:
    """Check documents and give each an id.

    Args:
        documents: The documents; they are left as they are.
        ids: Ids that go before those of the documents.
        new_id: Makes an id.

    Returns:
        One addition a document, in order.

    Raises:
        InputError: If there are not as many ids as documents, an id comes twice, or metadata is no JSON.
    """
    if ids is not None and len(ids) != len(documents):
        raise InputError(f"{len(documents)} documents were given with {len(ids)} ids; give one for each document.")
    named = ids if ids is not None else [document.id for document in documents]
    items = [
        Addition(one or new_id(), document.page_content, to_payload(document))
        for one, document in zip(named, documents, strict=True)
    ]
    seen: set[str] = set()
    for item in items:
        if item.id in seen:
            raise InputError(f"The id {item.id!r} comes twice in one call; give each document its own.")
        seen.add(item.id)
    return items


def batched(items: Sequence[Addition], size: int) -> Iterator[Sequence[Addition]]:
    """Cut additions into batches.

    Args:
        items: The additions.
        size: The most in one, 1 or more.

    Yields:
        Batches in order.

    Raises:
        InputError: If ``size`` is below 1.
    """
    if size < 1:
        raise InputError(f"The batch size is {size}; give 1 or more.")
    for start in range(0, len(items), size):
        yield items[start : start + size]
