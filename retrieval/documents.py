"""The one shape that everything searchable has: an id, named texts, and metadata to filter by."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError, field_validator

from mtl_core.errors import ArtifactError

__all__ = ["JSON", "Document"]

JSON: TypeAlias = JsonValue
"""A value that JSON can hold: text, number, truth value, null, list or object."""


class Document(BaseModel):
    """One searchable thing: a lesson, a template, a page.

    Args:
        id: Its identity, not empty; a second document with the id replaces the first.
        fields: Texts by field name, such as ``title``, ``outcome``, ``keywords``; all are searched.
        metadata: Values to filter by, such as ``subjects`` or ``minutes``; never searched as text.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: Annotated[str, Field(min_length=1, max_length=1000)]
    fields: dict[str, str]
    metadata: dict[str, JSON] = Field(default_factory=dict)

    @field_validator("fields")
    @classmethod
    def _names_hold_no_dot(cls, fields: dict[str, str]) -> dict[str, str]:
        # a filter names a value by its dotted path, so a dot in a name could not be told from a step
        for name in fields:
            if not name or "." in name:
                raise ValueError(f"the field name {name!r} is empty or holds a dot; rename it")
        return fields

    def payload(self) -> dict[str, JSON]:
        """What a store keeps beside the vector: ``{"fields": {...}, "metadata": {...}}``."""
        return {"fields": {**self.fields}, "metadata": {**self.metadata}}

    @classmethod
    def from_payload(cls, id: str, payload: Mapping[str, Any]) -> Document:  # noqa: A002 - the field's name
        """Read a document back from a store's record.

        Args:
            id: The record's id.
            payload: The record's payload, as ``payload()`` gave it.

        Returns:
            The document.

        Raises:
            ArtifactError: If the payload has another shape.
        """
        try:
            return cls.model_validate({"id": id, **payload})
        except (ValidationError, TypeError) as error:
            raise ArtifactError(
                f'The record {id!r} is no document: its payload must be {{"fields": texts, "metadata": values}}; '
                "index it again."
            ) from error
