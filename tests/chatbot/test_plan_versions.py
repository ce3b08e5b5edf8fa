"""Versions of a plan and the place of the last addition, read from kept events."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from chatbot.plan_versions import last_addition, plan_versions
from chatbot.store.base import StoredEvent

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def kept(*events: dict[str, Any]) -> list[StoredEvent]:
    return [StoredEvent(number, NOW, event) for number, event in enumerate(events, 1)]


OPENED = {"kind": "plan_read", "text": "One."}
USED = (
    {"kind": "decided", "decision": "use", "start": 4, "end": 9},
    {"kind": "plan_read", "text": "One. Two.", "revised": False},
)
UNDONE = {"kind": "undone", "text": "One."}
REDONE = {"kind": "redone", "text": "One. Two."}
MINE = {"kind": "plan_read", "text": "Mine.", "revised": True}


def test_each_change_is_a_version_with_its_cause() -> None:
    versions = plan_versions(kept(OPENED, *USED, UNDONE, REDONE, MINE))
    assert [(one.text, one.cause) for one in versions] == [
        ("One.", "opened"),
        ("One. Two.", "use"),
        ("One.", "undone"),
        ("One. Two.", "redone"),
        ("Mine.", "revised"),
    ]


def test_the_place_of_an_addition_goes_and_comes_with_the_change() -> None:
    assert last_addition(kept(OPENED)) is None
    assert last_addition(kept(OPENED, *USED)) == (4, 9)
    assert last_addition(kept(OPENED, *USED, UNDONE)) is None
    assert last_addition(kept(OPENED, *USED, UNDONE, REDONE)) == (4, 9)
    assert last_addition(kept(OPENED, *USED, UNDONE, REDONE, MINE)) is None
    assert last_addition(kept(OPENED, *USED, MINE, UNDONE)) is None
    assert last_addition(kept(OPENED, *USED, MINE, UNDONE, {**REDONE, "text": "Mine."})) is None
