"""What a chat message asks for: the vocabulary that the coach, its rules and the message heads share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Protocol

from mtl_core.errors import InputError

__all__ = [
    "CATEGORIES",
    "MAX_MESSAGE",
    "SENTIMENTS",
    "SLOTS",
    "UNSURE_BELOW",
    "Intent",
    "MessageReader",
    "Understood",
    "checked_message",
]

MAX_MESSAGE = 5_000
"""Characters that a message may have; a plan is opened as a plan."""

UNSURE_BELOW = 0.6
"""Below this confidence the coach asks one short question instead of acting."""

SLOTS = ("subject", "topic", "grade", "minutes", "measure", "group_size")
CATEGORIES = ("question", "request", "decision", "opinion", "report", "other")
SENTIMENTS = ("negative", "neutral", "positive")


class Intent(StrEnum):
    """What the writer of a message wants."""

    READ_PLAN = "read_plan"
    IDEA = "idea"
    SEARCH = "search"
    EXPLAIN_MEASURE = "explain_measure"
    WHY = "why"
    ACCEPT = "accept"
    EDIT = "edit"
    NOT_NOW = "not_now"
    NOT_RELEVANT = "not_relevant"
    ALREADY_THERE = "already_there"
    UNDO = "undo"
    PAUSE = "pause"
    RESUME = "resume"
    STOP = "stop"
    MUTE = "mute"
    FORGET = "forget"
    EXPORT = "export"
    SHOW_PLAN = "show_plan"
    STATE_FACT = "state_fact"
    THANKS = "thanks"
    SMALL_TALK = "small_talk"
    HELP = "help"
    OUT_OF_SCOPE = "out_of_scope"


@dataclass(frozen=True, slots=True)
class Understood:
    """How a message was understood.

    Args:
        intent: A value of ``Intent``.
        confidence: Calibrated probability of the intent, 0 to 1; below ``UNSURE_BELOW`` it is a guess.
        slots: Passages of the message by slot name (a key of ``SLOTS``), each as it was typed.
        category: One of ``CATEGORIES``.
        sentiment: One of ``SENTIMENTS``.
        argument: What the intent works on: the new text of an edit, the quote of ``already_there``, the reason of
            ``not_relevant``, the query of a search; elsewhere the message without the blanks around it.
    """

    intent: str
    confidence: float
    slots: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    category: str = "other"
    sentiment: str = "neutral"
    argument: str = ""


class MessageReader(Protocol):
    """Whatever understands messages: the phrase rules or the message heads."""

    def __call__(self, message: str, /) -> Understood:
        """Understand one message.

        Args:
            message: What was typed.

        Returns:
            How it was understood; the same message always gives the same.

        Raises:
            InputError: If the message is empty, too long or no plain text.
        """
        ...


def checked_message(message: str) -> str:
    """The message, once it is known to be usable.

    Args:
        message: What was typed.

    Returns:
        The same text.

    Raises:
        InputError: If it is empty, longer than ``MAX_MESSAGE``, or holds a null character or half of a surrogate pair.
    """
    if not message.strip():
        raise InputError("The message is empty; type help for what I understand.")
    if len(message) > MAX_MESSAGE:
        raise InputError(f"A message is plain text of at most {MAX_MESSAGE:,} characters; open a plan as a file.")
    if "\0" in message or any("\ud800" <= character <= "\udfff" for character in message):
        raise InputError("The message holds characters that are no text; type it again.")
    return message
