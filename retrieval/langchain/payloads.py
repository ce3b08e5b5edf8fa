"""LangChain documents as the payloads of a store, and back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from langchain_core.documents import Document as LangChainDocument

from mtl_core.errors import InputError, one_line
from retrieval.documents import JSON, Document
from retrieval.templates import LessonTemplate

__all__ = ["from_document", "from_payload", "from_template", "to_payload"]

_TEXT = "text"


def to_payload(document: LangChainDocument) -> dict[str, JSON]:
    """The payload under which a store keeps a LangChain document.

    Args:
        document: The document; it is copied, never kept.

    Returns:
        ``{"fields": {"text": page_content}, "metadata": metadata}``.

    Raises:
        InputError: If the metadata would not come back from JSON as it went in.
    """
    return {"fields": {_TEXT: document.page_content}, "metadata": _copied(document.metadata)}


def _copied(metadata: Mapping[str, Any]) -> dict[str, JSON]:
    copied: dict[str, JSON] = {}
    for name, value in metadata.items():
        try:
            back = json.loads(json.dumps(value, allow_nan=False))
        except (TypeError, ValueError, RecursionError) as error:
            raise _not_json(name, one_line(error)) from error
        if not isinstance(name, str) or back != value:
            raise _not_json(name, "it would come back changed")
        copied[name] = back
    return copied


def _not_json(name: object, why: str) -> InputError:
    return InputError(
        f"The metadata value {name!r} cannot be kept as JSON ({why}); give text, numbers, true, false, null, "
        "lists or objects with text keys, such as a date in ISO form."
    )


def from_payload(document_id: str, payload: Mapping[str, Any]) -> LangChainDocument:
    """The LangChain document of a store's record.

    Args:
        document_id: The record's id.
        payload: The record's payload.

    Returns:
        A document with its id; it shares nothing with the store.

    Raises:
        ArtifactError: If the record was not written by this project.
    """
    return from_document(Document.from_payload(document_id, payload))


def from_document(document: Document) -> LangChainDocument:
    """A document of this project as a LangChain document.

    Args:
        document: The document.

    Returns:
        Its ``text`` field as the content where that is its only one; else every field that is not empty,
        a line each, in order. The metadata is copied.
    """
    fields = document.fields
    content = fields[_TEXT] if fields.keys() == {_TEXT} else "\n".join(text for text in fields.values() if text)
    metadata = json.loads(json.dumps(document.metadata))
    return LangChainDocument(id=document.id, page_content=content, metadata=metadata)


def from_template(template: LessonTemplate) -> LangChainDocument:
    """A lesson template as a LangChain document.

    Args:
        template: The template.

    Returns:
        Title, text and steps as the content; every other field as metadata.
    """
    steps = "\n".join(f"{number}. {step}" for number, step in enumerate(template.steps, start=1))
    metadata = template.model_dump(mode="json", by_alias=True, exclude={"id", "text", "steps"})
    return LangChainDocument(
        id=template.id, page_content=f"{template.title}\n{template.text}\n{steps}", metadata=metadata
    )
