"""What LangChain users give as ``filter``, as the filter tree of the stores."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias, get_args

from mtl_core.errors import InputError
from retrieval.filters import And, Eq, Filter, In

__all__ = ["FilterLike", "as_filter"]

FilterLike: TypeAlias = Filter | Mapping[str, Any] | None
"""A filter tree, or equalities by metadata key."""

_HOW = (
    'give metadata values, such as {"subject": "science"}, or a filter tree, '
    'such as Range("metadata.minutes", highest=20)'
)


def as_filter(given: FilterLike) -> Filter | None:
    """Read a filter.

    Args:
        given: A filter tree, whose fields are paths into the payload (``metadata.subject``); or a
            mapping of metadata key to the value that it must equal, all of which must hold. A list
            of values means any of them.

    Returns:
        The filter tree, ``None`` where nothing is asked.

    Raises:
        InputError: If it is neither, such as a text or a function.
    """
    if given is None or isinstance(given, get_args(Filter)):
        return given
    if not isinstance(given, Mapping):
        raise InputError(f"A filter cannot be of the type {type(given).__name__}; {_HOW}.")
    parts = tuple(_condition(name, value) for name, value in given.items())
    if not parts:
        return None
    return parts[0] if len(parts) == 1 else And(parts)


def _condition(name: object, value: Any) -> Filter:
    if not isinstance(name, str) or not name or name.startswith("$"):
        raise InputError(f"The filter key {name!r} is no metadata key; {_HOW}.")
    field = f"metadata.{name}"
    if isinstance(value, list | tuple | set | frozenset):
        return In(field, tuple(_scalar(name, one) for one in value))
    return Eq(field, _scalar(name, value))


def _scalar(name: str, value: Any) -> str | int | float | bool:
    if not isinstance(value, str | int | float | bool):
        raise InputError(f"The filter value of {name!r} is of the type {type(value).__name__}; {_HOW}.")
    return value
