"""Conditions on payloads as a small syntax tree: built from values, never parsed from a user's text.

Every store evaluates a filter before its search. ``matches`` is the reference: a store that pushes a
filter into its engine must admit exactly the payloads that ``matches`` admits.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mtl_core.errors import InputError

if TYPE_CHECKING:
    from pydantic import JsonValue

__all__ = [
    "And",
    "Contains",
    "Eq",
    "Filter",
    "In",
    "Leaf",
    "Not",
    "Or",
    "Range",
    "Scalar",
    "TypedValue",
    "fields_of",
    "matches",
    "typed_value",
    "value_at",
]

Scalar = str | int | float | bool
TypedValue = tuple[str, Scalar]
_DEEPEST = 50


@dataclass(frozen=True, slots=True)
class Eq:
    """The field holds this value. A boolean never equals a number; 1 equals 1.0.

    Args:
        field: Dotted path into the payload, such as ``metadata.subject``.
        value: Text, a finite number or a boolean.

    Raises:
        InputError: If the path or the value cannot be used.
    """

    field: str
    value: Scalar

    def __post_init__(self) -> None:
        _check_field(self.field)
        _check_value(self.value, self.field)


@dataclass(frozen=True, slots=True)
class In:
    """The field holds one of these values; of no values, nothing does.

    Args:
        field: Dotted path into the payload.
        values: Texts, finite numbers or booleans.

    Raises:
        InputError: If the path or a value cannot be used.
    """

    field: str
    values: tuple[Scalar, ...]

    def __post_init__(self) -> None:
        _check_field(self.field)
        if isinstance(self.values, str):
            raise InputError(f"The filter on {self.field} has one text where several values belong; give a tuple.")
        object.__setattr__(self, "values", tuple(self.values))
        for value in self.values:
            _check_value(value, self.field)


@dataclass(frozen=True, slots=True)
class Range:
    """The field holds a number from lowest to highest, both included.

    Args:
        field: Dotted path into the payload.
        lowest: The least number, ``None`` for no lower end.
        highest: The greatest number, ``None`` for no upper end.

    Raises:
        InputError: If the path or an end cannot be used, or no end is given.
    """

    field: str
    lowest: float | None = None
    highest: float | None = None

    def __post_init__(self) -> None:
        _check_field(self.field)
        ends = [end for end in (self.lowest, self.highest) if end is not None]
        if not ends:
            raise InputError(f"The range on {self.field} has no end; give the lowest or the highest number.")
        for end in ends:
            _check_value(end, self.field)
            if isinstance(end, bool | str):
                raise InputError(f"The range on {self.field} has the end {end!r}; give a number.")


@dataclass(frozen=True, slots=True)
class Contains:
    """The field is a list that holds this value.

    Args:
        field: Dotted path into the payload.
        value: Text, a finite number or a boolean.

    Raises:
        InputError: If the path or the value cannot be used.
    """

    field: str
    value: Scalar

    def __post_init__(self) -> None:
        _check_field(self.field)
        _check_value(self.value, self.field)


@dataclass(frozen=True, slots=True)
class And:
    """Every part holds; of no parts, always.

    Args:
        parts: Filters.
    """

    parts: tuple[Filter, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "parts", _checked_parts(self.parts))


@dataclass(frozen=True, slots=True)
class Or:
    """At least one part holds; of no parts, never.

    Args:
        parts: Filters.
    """

    parts: tuple[Filter, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "parts", _checked_parts(self.parts))


@dataclass(frozen=True, slots=True)
class Not:
    """The part does not hold. A leaf on a missing field does not hold, so its ``Not`` does.

    Args:
        part: A filter.
    """

    part: Filter

    def __post_init__(self) -> None:
        _checked_parts((self.part,))


Leaf = Eq | In | Range | Contains
Filter = Leaf | And | Or | Not


def matches(where: Filter, payload: Mapping[str, JsonValue]) -> bool:
    """Whether a payload meets a filter: the reference that every store follows.

    Args:
        where: The filter.
        payload: The payload.

    Returns:
        Whether it does.
    """
    match where:
        case And(parts):
            return all(matches(part, payload) for part in parts)
        case Or(parts):
            return any(matches(part, payload) for part in parts)
        case Not(part):
            return not matches(part, payload)
        case Contains(field, value):
            held = value_at(payload, field)
            return isinstance(held, list) and typed_value(value) in map(typed_value, held)
        case Range(field, lowest, highest):
            held = value_at(payload, field)
            if isinstance(held, bool) or not isinstance(held, int | float):
                return False
            return (lowest is None or held >= lowest) and (highest is None or held <= highest)
        case Eq(field, value):
            return typed_value(value_at(payload, field)) == typed_value(value)
        case In(field, values):
            held_typed = typed_value(value_at(payload, field))
            return any(held_typed == typed_value(value) for value in values)


def fields_of(where: Filter | None) -> frozenset[str]:
    """Paths that a filter looks at.

    Args:
        where: The filter, or ``None``.

    Returns:
        Dotted paths.
    """
    match where:
        case None:
            return frozenset()
        case And(parts) | Or(parts):
            return frozenset().union(*(fields_of(part) for part in parts))
        case Not(part):
            return fields_of(part)
        case leaf:
            return frozenset((leaf.field,))


def typed_value(value: object) -> TypedValue | None:
    """A value with its kind, so that equal means equal in kind too (True is not 1).

    Args:
        value: Any JSON value.

    Returns:
        Kind and value, hashable; ``None`` for null, lists and objects, which no value equals.
    """
    if isinstance(value, str):
        return ("text", value)
    if isinstance(value, bool):
        return ("boolean", value)
    if isinstance(value, int | float):
        return ("number", value)
    return None


def value_at(payload: Mapping[str, JsonValue], field: str) -> JsonValue:
    """The value at a dotted path.

    Args:
        payload: The payload.
        field: Dotted path; a key that itself holds a dot cannot be reached.

    Returns:
        The value, ``None`` where the path leads nowhere.
    """
    held: JsonValue | Mapping[str, JsonValue] = payload
    for key in field.split("."):
        if not isinstance(held, Mapping) or key not in held:
            return None
        held = held[key]
    return held  # type: ignore[return-value]  # the loop ran at least once, so this came out of a JSON value


def _check_field(field: str) -> None:
    if not isinstance(field, str) or not all(field.split(".")):
        raise InputError(f"{field!r} is no path into a payload; give one such as metadata.subject.")


def _check_value(value: object, field: str) -> None:
    if not isinstance(value, str | int | float | bool):
        raise InputError(
            f"The filter on {field} has a value of type {type(value).__name__}; give text, a number or a boolean."
        )
    if isinstance(value, float) and not math.isfinite(value):
        raise InputError(f"The filter on {field} has the value {value}; give a finite number.")


def _checked_parts(parts: tuple[Filter, ...]) -> tuple[Filter, ...]:
    parts = tuple(parts)
    for part in parts:
        if not isinstance(part, Filter):
            raise InputError(f"A filter is made of filters; {type(part).__name__} is none.")
    if any(_depth(part) >= _DEEPEST for part in parts):
        raise InputError(f"The filter is nested more than {_DEEPEST} deep; write it flatter.")
    return parts


def _depth(where: Filter) -> int:
    match where:
        case And(parts) | Or(parts):
            return 1 + max(map(_depth, parts), default=0)
        case Not(part):
            return 1 + _depth(part)
        case _:
            return 1
