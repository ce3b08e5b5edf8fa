"""A service over the stand-in model, with a clock and ids that tests set."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import count
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
