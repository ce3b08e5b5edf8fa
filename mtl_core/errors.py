"""Errors that a user can act on. Every message says what is wrong and what to do."""

from __future__ import annotations

__all__ = ["ArtifactError", "InputError", "LessonNudgeError", "one_line"]


class LessonNudgeError(Exception):
    """Base of every error that this project raises on purpose."""


class InputError(LessonNudgeError, ValueError):
    """The text, file or option given by the user cannot be used."""


class ArtifactError(LessonNudgeError):
    """Something saved (a model, an index, a library) is missing, damaged or does not fit."""


def one_line(error: Exception, *, most: int = 160) -> str:
    """The message of another library's error on one line, cut to a readable length."""
    message = " ".join(str(error).split())
    return message if len(message) <= most else f"{message[: most - 1]}…"
