"""Lesson templates as documents, so that a store and a search can hold them beside anything else."""

from __future__ import annotations

import re

from pydantic import ValidationError

from mtl_core.errors import ArtifactError
from retrieval.documents import Document
from retrieval.templates import LessonTemplate

__all__ = ["document_of_template", "template_of_document"]

_SLOT = re.compile(r"\{[^{}]*\}")


def document_of_template(template: LessonTemplate) -> Document:
    """A template as a document.

    Args:
        template: The template.

    Returns:
        A document whose fields are the texts that are searched, without slots, and whose metadata
        is the whole template as it stands in a library file.
    """
    fields = {
        "title": template.title,
        "summary": template.summary,
        "text": template.text,
        "keywords": ", ".join(template.keywords),
    }
    texts = {name: " ".join(_SLOT.sub("", text).split()) for name, text in fields.items()}
    metadata = template.model_dump(mode="json", by_alias=True)
    return Document(id=template.id, fields=texts, metadata=metadata)


def template_of_document(document: Document) -> LessonTemplate:
    """Read a template back.

    Args:
        document: What ``document_of_template`` gave.

    Returns:
        The template.

    Raises:
        ArtifactError: If the document holds no template.
    """
    try:
        return LessonTemplate.model_validate(dict(document.metadata))
    except ValidationError as error:
        raise ArtifactError(
            f"The document {document.id!r} holds no lesson template; index the template library again."
        ) from error
