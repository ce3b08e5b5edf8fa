"""What Milvus filters by: hashed terms and sortable numbers, made from a payload.

Milvus' own conditions on JSON differ between versions (a missing key, true beside 1, whole numbers
above 2**53). So each row carries a list of terms, one a fact such as "metadata.subject is the text
maths", hashed, and its numbers as texts that sort as the numbers do. Conditions on those mean the same
in every version, and no text of a user ever enters an expression.
"""

from __future__ import annotations

import hashlib
import json
import math
import struct
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from mtl_core.errors import InputError
from retrieval.filters import Scalar, typed_value
from retrieval.stores.base import Payload

if TYPE_CHECKING:
    from pydantic import JsonValue

__all__ = ["MOST_TERMS", "facts_of", "field_key", "list_term", "number_term", "present_term", "sortable", "value_term"]

MOST_TERMS = 4096
"""Elements that an array of Milvus holds at most."""


def facts_of(payload: Payload, name: str) -> tuple[list[str], dict[str, str]]:
    """Terms and sortable numbers of a payload.

    Args:
        payload: The payload.
        name: Id of the item, for the error.

    Returns:
        Terms, each once, and the sortable text of every number by the key of its field.

    Raises:
        InputError: If there are more terms than Milvus holds.
    """
    terms: dict[str, None] = {}
    numbers: dict[str, str] = {}
    for field, value in _leaves(payload, ""):
        terms[present_term(field)] = None
        if isinstance(value, list):
            terms.update((list_term(field, held), None) for held in value if isinstance(held, str | int | float))
        elif isinstance(value, str | int | float):
            terms[value_term(field, value)] = None
            if not isinstance(value, bool | str):
                terms[number_term(field)] = None
                numbers[field_key(field)] = sortable(value)
    if len(terms) > MOST_TERMS:
        raise InputError(
            f"The payload of {name!r} has {len(terms)} values to filter by; Milvus holds {MOST_TERMS}. "
            "Shorten its lists."
        )
    return list(terms), numbers


def present_term(field: str) -> str:
    """The term of a payload that has a value, null and lists included, at a path."""
    return _hashed("present", field)


def number_term(field: str) -> str:
    """The term of a payload that has a number at a path."""
    return _hashed("number", field)


def value_term(field: str, value: Scalar) -> str:
    """The term of a payload that has this value at a path."""
    return _hashed("value", field, *_canonical(value))


def list_term(field: str, value: Scalar) -> str:
    """The term of a payload that has a list with this value at a path."""
    return _hashed("holds", field, *_canonical(value))


def field_key(field: str) -> str:
    """The key of a field among the sortable numbers."""
    return f"f{_hashed('field', field)}"


def sortable(number: float) -> str:
    """A number as text, such that texts compare as the numbers do, exactly.

    The bits of the double below or at the number, in an order of unsigned integers, then what a
    large whole number has above that double.

    Args:
        number: Finite.

    Returns:
        Hexadecimal digits.

    Raises:
        InputError: If it is beyond the range of doubles.
    """
    try:
        double = float(number)
    except OverflowError as error:
        raise InputError("A number of more than 308 digits cannot be kept in Milvus to filter by.") from error
    rest = 0
    if isinstance(number, int):
        if double > number:
            double = math.nextafter(double, -math.inf)
        rest = number - int(double)
    # adding 0.0 turns -0.0 into 0.0
    bits = int.from_bytes(struct.pack(">d", double + 0.0), "big")
    ordered = bits ^ (2**64 - 1) if bits >> 63 else bits | 2**63
    tail = f"{rest:x}"
    return f"{ordered:016x}{len(tail):04x}{tail}"


def _leaves(payload: Payload, before: str) -> Iterator[tuple[str, JsonValue]]:
    """Paths as ``paths_of`` names them, with their values."""
    for key, value in payload.items():
        if key and "." not in key:
            if isinstance(value, Mapping):
                yield from _leaves(value, f"{before}{key}.")
            else:
                yield f"{before}{key}", value


def _canonical(value: Scalar) -> tuple[str, str]:
    """Kind and text of a value; equal values of a kind have one text (1 and 1.0)."""
    typed = typed_value(value)
    if typed is None:
        raise InputError(f"{value!r} is no text, number or boolean.")
    kind, held = typed
    if kind == "number":
        return kind, str(int(held)) if isinstance(held, int) or float(held).is_integer() else repr(float(held))
    return kind, str(held)


def _hashed(*parts: str) -> str:
    # a lone surrogate in a filter is no stored text, so its replacement need only be harmless
    text = json.dumps(parts, ensure_ascii=True)
    return hashlib.blake2b(text.encode(), digest_size=12).hexdigest()
