"""Checks and conversions between what is asked of a log and what its tables hold."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from chatbot.store.base import MAX_NAME, MAX_TITLE, StoredEvent, ThreadRow
from mtl_core.errors import InputError

__all__ = [
    "checked_events",
    "checked_name",
    "checked_title",
    "is_storable",
    "microseconds",
    "sequence_of",
    "stored",
    "thread_row",
]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_MOST_SEQUENCE = 2**31 - 1


def is_storable(name: str) -> bool:
    """Whether every database can hold a text: no NUL, no half of a character."""
    return "\0" not in name and not any("\ud800" <= character <= "\udfff" for character in name)


def checked_name(name: str, *, of: str) -> str:
    """An identifier that can be kept.

    Args:
        name: The identifier.
        of: What it identifies, for the message.

    Returns:
        The same.

    Raises:
        InputError: If it is empty, too long or cannot be kept.
    """
    if not name or len(name) > MAX_NAME or not is_storable(name):
        raise InputError(f"The id of {of} is not 1 to {MAX_NAME} characters of plain text; give another one.")
    return name


def checked_title(title: str) -> str:
    """A title that can be kept; see ``checked_name``."""
    if len(title) > MAX_TITLE or not is_storable(title):
        raise InputError(f"A title is plain text of at most {MAX_TITLE} characters; shorten it.")
    return title


def checked_events(events: Sequence[Mapping[str, Any]]) -> list[str]:
    """Events as JSON text in ASCII, which every database gives back byte for byte.

    Args:
        events: JSON objects.

    Returns:
        One text an event.

    Raises:
        InputError: If one is no JSON object.
    """
    texts = []
    for number, event in enumerate(events, start=1):
        try:
            if not isinstance(event, Mapping):
                raise TypeError("not an object")  # noqa: TRY301 - the one message below serves all
            texts.append(json.dumps(dict(event), ensure_ascii=True, allow_nan=False, separators=(",", ":")))
        except (TypeError, ValueError, RecursionError) as error:
            raise InputError(f"Event {number} is no JSON object ({error}); give text and finite numbers.") from error
    return texts


def microseconds(at: datetime) -> int:
    """A time as microseconds since 1970 in UTC.

    Args:
        at: With a time zone.

    Returns:
        The number.

    Raises:
        InputError: If the time has no zone.
    """
    if at.tzinfo is None:
        raise InputError("The time has no time zone; use one in UTC, such as datetime.now(UTC).")
    return (at - _EPOCH) // _MICROSECOND


def sequence_of(number: int) -> int:
    """A sequence within what a column holds, so that a number out of range matches nothing instead of failing."""
    return max(-1, min(number, _MOST_SEQUENCE))


def stored(row: Any) -> StoredEvent:
    """An event from its row: sequence, at, event, consented."""
    return StoredEvent(row.sequence, _EPOCH + row.at * _MICROSECOND, json.loads(row.event), bool(row.consented))


def thread_row(row: Any) -> ThreadRow:
    """A thread from its row."""
    created, changed = (_EPOCH + number * _MICROSECOND for number in (row.created, row.changed))
    return ThreadRow(row.id, row.owner, row.title, created, changed, row.last_sequence)
