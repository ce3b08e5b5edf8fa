"""Structured logs: one JSON object a line, without a word of a plan, a message or a key."""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime
from typing import TextIO

__all__ = ["JsonLines", "log_to"]

_FIELDS = (
    "request",
    "method",
    "route",
    "status",
    "ms",
    "bytes_in",
    "owner",
    "client",
    "error",
    "places",
    "host",
    "port",
    "keys",
)
_LOGGERS = ("lesson_nudge", "uvicorn", "uvicorn.error")


class JsonLines(logging.Formatter):
    """Writes a record as JSON: time, level, logger, message, and the fields that the service gives."""

    def format(self, record: logging.LogRecord) -> str:
        """Format one record.

        Args:
            record: What is logged.

        Returns:
            One line.
        """
        line: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": record.getMessage(),
        }
        line |= {name: getattr(record, name) for name in _FIELDS if hasattr(record, name)}
        if record.exc_info and record.exc_info[0] is not None:
            # the text of an error that nobody foresaw may repeat a plan
            line["error"] = record.exc_info[0].__name__
        return json.dumps(line, ensure_ascii=True, default=str)


def log_to(stream: TextIO) -> None:
    """Send the service's logs and uvicorn's to a stream.

    Args:
        stream: Where, such as standard error.
    """
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonLines())
    for name in _LOGGERS:
        logger = logging.getLogger(name)
        logger.handlers[:] = [handler] if "." not in name else []
        logger.propagate = "." in name
        logger.setLevel(logging.INFO)
