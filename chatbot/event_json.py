"""Events as JSON: what a log keeps, validated when it is read again."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, fields
from typing import Any, get_args

from pydantic import TypeAdapter, ValidationError

from chatbot.events import Event, Judgement, Said
from mtl_core.errors import ArtifactError, one_line

__all__ = ["SCHEMA", "dump_event", "load_event"]

SCHEMA = 1
"""Version of the form in which events are kept."""

_KINDS: dict[str, type] = {re.sub(r"(?<!^)(?=[A-Z])", "_", event.__name__).lower(): event for event in get_args(Event)}
_NAMES = {event: kind for kind, event in _KINDS.items()}
_READERS: dict[str, TypeAdapter[Event]] = {kind: TypeAdapter(event) for kind, event in _KINDS.items()}


def dump_event(event: Event) -> dict[str, Any]:
    """An event as JSON-serialisable values.

    Args:
        event: What happened.

    Returns:
        ``{"schema": 1, "kind": ..., ...}`` with the fields of the event; what ``Said`` calls its kind is
        ``purpose`` here, as ``kind`` names the event.
    """
    content = asdict(event)
    if isinstance(event, Said):
        content["purpose"] = content.pop("kind")
    return {"schema": SCHEMA, "kind": _NAMES[type(event)], **content}


def load_event(data: Mapping[str, Any]) -> Event:
    """Read an event again.

    Args:
        data: What ``dump_event`` gave, as it comes back from JSON.

    Returns:
        The same event.

    Raises:
        ArtifactError: If the schema or kind is unknown, or a field is missing, unknown or of another type.
    """
    if data.get("schema") != SCHEMA:
        raise ArtifactError(
            f"An event has the schema {data.get('schema')!r}, and this version reads {SCHEMA}; "
            "use the version of lesson-nudge that wrote it."
        )
    kind = data.get("kind")
    if not isinstance(kind, str) or kind not in _KINDS:
        raise ArtifactError(f"An event has the unknown kind {kind!r}; the log is damaged or newer than this version.")
    content = {name: value for name, value in data.items() if name not in ("schema", "kind")}
    if kind == _NAMES[Said] and "purpose" in content:
        content["kind"] = content.pop("purpose")
    _refuse_unknown(kind, content)
    try:
        # JSON mode: a list is a tuple and a string a decision, yet no text is taken for a number
        return _READERS[kind].validate_json(json.dumps(content), strict=True)
    except (ValidationError, TypeError, ValueError) as error:
        raise ArtifactError(f"An event of the kind {kind} cannot be read ({one_line(error)}).") from error


def _refuse_unknown(kind: str, content: Mapping[str, Any]) -> None:
    found: list[tuple[Mapping[str, Any], type]] = [(content, _KINDS[kind])]
    judgements = content.get("judgements")
    if isinstance(judgements, Mapping):
        found += [(value, Judgement) for value in judgements.values() if isinstance(value, Mapping)]
    for values, expected in found:
        if unknown := sorted(set(values) - {field.name for field in fields(expected)}):
            raise ArtifactError(f"An event of the kind {kind} has the unknown field {unknown[0]!r}.")
