"""Expected errors of the command as lines on standard error."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

import typer

from chatbot.terminal import printable
from mtl_core.errors import LessonNudgeError

__all__ = ["errors_are_lines"]

Result = TypeVar("Result")


def errors_are_lines(command: Callable[..., Result]) -> Callable[..., Result]:
    """Turn an expected error into one line on standard error and exit code 1.

    An error that lists several rows of a file keeps one line for each.

    Args:
        command: A command of the program.

    Returns:
        The command, which prints the error instead of raising it.
    """

    @wraps(command)
    def wrapped(*args: Any, **kwargs: Any) -> Result:
        try:
            return command(*args, **kwargs)
        except LessonNudgeError as error:
            typer.echo(f"error: {printable(_lines_of(str(error)))}", err=True)
            raise typer.Exit(1) from error

    return wrapped


def _lines_of(message: str) -> str:
    first, *rest = message.splitlines() or [""]
    return " ".join([first, *map(str.strip, rest)]) if len(rest) == 1 else "\n".join([first, *rest])
