"""JSON on its way into jsonb so that the same values come back out."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from mtl_core.errors import InputError

__all__ = ["is_storable", "json_text", "jsonb_text"]

_LARGE_FLOAT = re.compile(rb"[0-9][eE]\+")
_NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")


def jsonb_text(encoded: bytes, name: str) -> str:
    """A checked payload as text for a jsonb column.

    PostgreSQL keeps numbers as decimals without exponent, so that a float such as 1e23 would come back
    as another whole number. Such floats are written with all digits and a ``.0``.

    Args:
        encoded: The payload as UTF-8 JSON.
        name: Id of the item, for the error.

    Returns:
        JSON text.

    Raises:
        InputError: If a text holds the character U+0000, which PostgreSQL cannot keep.
    """
    if _NUL.search(encoded):
        raise InputError(
            f"The payload of {name!r} holds the character U+0000, which PostgreSQL cannot keep; remove it."
        )
    if not _LARGE_FLOAT.search(encoded):
        return encoded.decode()
    return json_text(json.loads(encoded))


def json_text(value: Any) -> str:
    """A JSON value as text in which every number is exact.

    Args:
        value: Any JSON value.

    Returns:
        JSON text.
    """
    if isinstance(value, Mapping):
        inner = ",".join(f"{json.dumps(key, ensure_ascii=False)}:{json_text(held)}" for key, held in value.items())
        return f"{{{inner}}}"
    if isinstance(value, list | tuple):
        return f"[{','.join(map(json_text, value))}]"
    if isinstance(value, float) and value.is_integer():
        return f"{Decimal(value):f}.0"
    return json.dumps(value, ensure_ascii=False)


def is_storable(text: str) -> bool:
    """Whether PostgreSQL can hold a text; what it cannot hold, no stored payload equals.

    Args:
        text: Any text.

    Returns:
        Whether it has neither U+0000 nor half a character.
    """
    try:
        return b"\0" not in text.encode("utf-8")
    except UnicodeEncodeError:
        return False
