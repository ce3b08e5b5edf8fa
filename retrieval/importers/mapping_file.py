"""A mapping of columns that a file gives, for those who import without a line of code."""

from __future__ import annotations

from pathlib import Path

import yaml
from pydantic import ValidationError

from mtl_core.errors import InputError
from retrieval.importers.mapping import DocumentMapping

__all__ = ["read_mapping"]

_MAX_BYTES = 1_000_000


def read_mapping(path: str | Path) -> DocumentMapping:
    """Read how the columns of a source become documents from a YAML file.

    Args:
        path: The file; its keys are the fields of ``DocumentMapping``.

    Returns:
        The mapping.

    Raises:
        InputError: If the file cannot be read, is no YAML in UTF-8, or holds something else.
    """
    try:
        raw = Path(path).read_bytes()
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror}).") from error
    if len(raw) > _MAX_BYTES:
        raise InputError(f"{path} has {len(raw):,} bytes; a mapping has at most {_MAX_BYTES:,}.")
    try:
        content = yaml.safe_load(raw.decode("utf-8"))
    except (UnicodeDecodeError, yaml.YAMLError, ValueError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        place = f", line {mark.line + 1}," if mark else ""
        raise InputError(f"{path}{place} is no YAML in UTF-8; write keys such as: id: code") from error
    try:
        return DocumentMapping.model_validate(content)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(map(str, first["loc"])) or "the file"
        known = ", ".join(DocumentMapping.model_fields)
        raise InputError(f"{path}: {where}: {first['msg']}. A mapping has the keys {known}.") from error
