"""YAML files that people write by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from mtl_core.errors import InputError

__all__ = ["UNREADABLE", "fitted", "read_yaml"]

UNREADABLE = (UnicodeDecodeError, yaml.YAMLError, ValueError, RecursionError)
"""What reading YAML may raise: a date such as 2026-13-45 is a ``ValueError``, deep nesting a ``RecursionError``."""

_MAX_BYTES = 1_000_000

_Model = TypeVar("_Model", bound=BaseModel)


def read_yaml(path: str | Path, *, hint: str) -> Any:
    """Read a YAML file.

    Args:
        path: The file, at most a megabyte.
        hint: What to write instead, for the message.

    Returns:
        What it holds: dictionaries, lists, and plain values.

    Raises:
        InputError: If it cannot be read, is too large, or is no YAML in UTF-8.
    """
    try:
        raw = Path(path).read_bytes()
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror}).") from error
    if len(raw) > _MAX_BYTES:
        raise InputError(f"{path} has {len(raw):,} bytes; such a file has at most {_MAX_BYTES:,}.")
    try:
        return yaml.safe_load(raw.decode("utf-8"))
    except UNREADABLE as error:
        mark = getattr(error, "problem_mark", None)
        place = f", line {mark.line + 1}," if mark else ""
        raise InputError(f"{path}{place} is no YAML in UTF-8; {hint}") from error


def fitted(content: Any, model: type[_Model], *, path: str | Path, hint: str = "") -> _Model:
    """Check what a file holds.

    Args:
        content: From ``read_yaml``.
        model: What it should be.
        path: The file, for the message.
        hint: A sentence that is added to the message.

    Returns:
        The content as the model.

    Raises:
        InputError: If something does not fit; the first such place is named.
    """
    try:
        return model.model_validate(content)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(map(str, first["loc"])) or "the file"
        raise InputError(f"{path}: {where}: {first['msg']}.{hint and ' '}{hint}") from error
