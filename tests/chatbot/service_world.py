"""A service over the stand-in model, with a clock and ids that tests set."""

from __future__ import annotations

import importlib.util
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

from chatbot.service import CoachService
from chatbot.store.base import EventLog

START = datetime(2026, 3, 4, 8, 0, tzinfo=UTC)


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now

    def passes(self, **span: int) -> None:
        self.now += timedelta(**span)


def service_over(
    model: Any, index: Any, log: EventLog, *, clock: Clock | None = None, prefix: str = "id", **options: Any
) -> CoachService:
    numbers = count(1)
    return CoachService(model, index, log, clock=clock or Clock(), ids=lambda: f"{prefix}-{next(numbers)}", **options)


def stand_in_model(library: Any) -> Any:
    """The model of this folder's conftest; the name ``conftest`` alone may mean another folder's."""
    spec = importlib.util.spec_from_file_location("chatbot_stand_ins", Path(__file__).with_name("conftest.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.KeywordModel(library)
