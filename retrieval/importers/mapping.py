"""Which cells of a row become the id, the texts and the metadata of a document."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from typing import Annotated, Any, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from mtl_core.data.hints import did_you_mean, listed
from mtl_core.errors import InputError
from retrieval.documents import JSON, Document
from retrieval.stores.base import checked_ids, encoded_payload

__all__ = ["KNOWN_FIELDS", "KNOWN_IDS", "DocumentMapping", "document_of"]

KNOWN_IDS = ("_id", "id", "slug")
"""Columns that are the id where a mapping names none, the first that is there."""

KNOWN_FIELDS = {
    "title": ("title",),
    "outcome": ("outcome",),
    "summary": ("summary",),
    "text": ("text", "page_content", "body"),
    "key_points": ("key_points",),
    "keywords": ("keywords",),
    "misconceptions": ("misconceptions",),
}
"""Columns that are texts where a mapping names none, the first that is there, by field."""

_METADATA = "metadata"
_Column: TypeAlias = Annotated[str, Field(min_length=1)]


class DocumentMapping(BaseModel):
    """How the columns of a source become documents.

    A column of a JSON row may be a dotted path, such as ``lesson.title``.

    Args:
        id: Column of the id; ``None`` takes the first of ``KNOWN_IDS`` that is there.
        fields: Column by name of a text that is searched; empty takes those of ``KNOWN_FIELDS``.
        metadata: Column by name of a value to filter by; ``None`` takes the object in a column
            ``metadata`` where there is one, else every column that is neither id nor text.
        lists: Separator by metadata name whose cell holds a list in one text, such as ``a; b``.
        numbers: Metadata names whose cells are numbers written as text, as they are in CSV.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: _Column | None = None
    fields: dict[_Column, _Column] = Field(default_factory=dict)
    metadata: dict[_Column, _Column] | None = None
    lists: dict[_Column, _Column] = Field(default_factory=dict)
    numbers: tuple[_Column, ...] = ()


def document_of(row: Mapping[str, Any], *, where: str, mapping: DocumentMapping, table: bool = False) -> Document:
    """Make a document of a row.

    Args:
        row: Cells by column.
        where: ``file:line``, for the error.
        mapping: Which cells become what.
        table: Whether every row has the same columns, so that one that is missing is an error.

    Returns:
        The document. Empty cells are left out of the metadata.

    Raises:
        InputError: If the row is no document, naming ``where``.
    """
    try:
        document = _made(row, mapping, table=table)
        checked_ids([document.id])
        encoded_payload(document.payload(), document.id)
    except ValidationError as error:
        raise InputError(f"{where}: {error.errors(include_url=False)[0]['msg']}.") from error
    except InputError as error:
        text = str(error)
        raise InputError(f"{where}: {text}" + ("" if text.endswith((".", "?")) else ".")) from error
    return document


def _made(row: Mapping[str, Any], mapping: DocumentMapping, *, table: bool) -> Document:
    if table:
        _check_columns(row, mapping)
    id_column = _id_column(row, mapping)
    columns = _text_columns(row, mapping)
    fields = {name: _text(_cell(row, column), column) for name, column in columns.items()}
    if not any(text.strip() for text in fields.values()):
        raise InputError(f"there is no text in {listed(columns.values())}; fill one of them")
    metadata = _metadata(row, mapping, {id_column, *columns.values()})
    return Document(id=_identity(_cell(row, id_column), id_column), fields=fields, metadata=metadata)


def _cell(row: Mapping[str, Any], column: str) -> Any:
    if column in row:
        return row[column]
    held: Any = row
    for key in column.split("."):
        if not isinstance(held, Mapping) or key not in held:
            return None
        held = held[key]
    return held


def _check_columns(row: Mapping[str, Any], mapping: DocumentMapping) -> None:
    named = [column for column in (mapping.id, *mapping.fields.values(), *(mapping.metadata or {}).values()) if column]
    for column in named:
        if column not in row:
            raise InputError(
                f"there is no column {column!r}; the columns are {listed(row)}.{did_you_mean(column, row)}"
            )


def _id_column(row: Mapping[str, Any], mapping: DocumentMapping) -> str:
    if mapping.id is not None:
        return mapping.id
    found = next((name for name in KNOWN_IDS if name in row), None)
    if found is None:
        raise InputError(
            f"there is no id in a column {' or '.join(KNOWN_IDS)}; name its column in the mapping. "
            f"The columns are {listed(row)}"
        )
    return found


def _identity(value: Any, column: str) -> str:
    # numbers are common ids of tables; a boolean is a number to Python
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if not isinstance(value, str) or not value.strip():
        raise InputError(f"the id in {column!r} is {value!r}; give a text that is not empty")
    return value.strip()


def _text_columns(row: Mapping[str, Any], mapping: DocumentMapping) -> dict[str, str]:
    if mapping.fields:
        return mapping.fields
    found = {
        name: column
        for name, names in KNOWN_FIELDS.items()
        if (column := next((candidate for candidate in names if candidate in row), None))
    }
    if not found:
        raise InputError(
            f"there is no text in a column {listed(KNOWN_FIELDS)}; name the columns in the mapping. "
            f"The columns are {listed(row)}"
        )
    return found


def _text(value: Any, column: str) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    if isinstance(value, list) and all(isinstance(one, str) for one in value):
        return "\n".join(one.strip() for one in value if one.strip())
    raise InputError(f"{column!r} holds {type(value).__name__}, not text; give text or a list of texts")


def _metadata(row: Mapping[str, Any], mapping: DocumentMapping, taken: Collection[str]) -> dict[str, JSON]:
    if mapping.metadata is not None:
        cells = {name: _cell(row, column) for name, column in mapping.metadata.items()}
    elif _METADATA in row and _METADATA not in taken:
        if not isinstance(row[_METADATA], Mapping):
            raise InputError("'metadata' is no JSON object; write one, or name the metadata columns in the mapping")
        cells = dict(row[_METADATA])
    else:
        cells = {name: value for name, value in row.items() if name not in taken}
    return {name: _value(name, value, mapping) for name, value in cells.items() if value is not None and value != ""}


def _value(name: str, value: Any, mapping: DocumentMapping) -> Any:
    if name in mapping.lists and isinstance(value, str):
        parts = [part.strip() for part in value.split(mapping.lists[name])]
        return [_number(name, part) if name in mapping.numbers else part for part in parts if part]
    return _number(name, value) if name in mapping.numbers and isinstance(value, str) else value


def _number(name: str, value: str) -> int | float:
    try:
        number = float(value)
    except ValueError as error:
        raise InputError(f"{name!r} is {value!r}, which is no number; correct it") from error
    if not math.isfinite(number):
        raise InputError(f"{name!r} is {value!r}, which is no finite number; correct it")
    return int(number) if number.is_integer() and "." not in value and "e" not in value.lower() else number
