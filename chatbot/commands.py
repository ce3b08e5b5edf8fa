"""What a typed message asks for, by a short list of plain phrases."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from chatbot.events import Decision
from mtl_core.errors import InputError

__all__ = ["Command", "Request", "understand"]

_MAX_MESSAGE = 5_000


class Command(StrEnum):
    """What a message asks for when it is no decision."""

    EDIT_TEXT = "edit_text"
    UNDO = "undo"
    WHY = "why"
    IDEA = "idea"
    HELP = "help"
    STOP = "stop"
    SEARCH = "search"


@dataclass(frozen=True, slots=True)
class Request:
    """A command with the rest of the message."""

    name: Command
    argument: str = ""


_DECISIONS: tuple[tuple[Decision, str], ...] = (
    (Decision.NOT_RELEVANT, r"not relevant|irrelevant|does(?:n'?t| not) apply|never"),
    (Decision.NOT_NOW, r"not now|later|no(?: thanks?| thank you)?|skip|maybe later|dismiss|pass"),
    (Decision.EDIT, r"edit(?: first| it)?"),
    (Decision.USE, r"use(?: it| this)?|yes(?: please)?|y|ok(?:ay)?|accept|add it|do it|please do|sure"),
)
_COMMANDS: tuple[tuple[Command, str], ...] = (
    (Command.UNDO, r"undo(?: it| that| this)?|take (?:it|that) back|revert"),
    (Command.WHY, r"why(?: this| that| is that| am i seeing this)?|explain(?: this| that)?"),
    (
        Command.IDEA,
        r"(?:another |next |more |an? |give me an? |any )*(?:idea|suggestion|nudge)s?|next|go on|continue|more",
    ),
    (Command.HELP, r"help|what can (?:you|i) do|commands"),
    (Command.STOP, r"stop|quit|exit|bye|goodbye|done|enough"),
)
_EDIT_TEXT = re.compile(r"\s*edit\s*:\s*(?P<text>\S.*)", re.IGNORECASE | re.DOTALL)


def understand(message: str) -> Decision | Request:
    """Map a message to a decision or a request; what is no known phrase is a search.

    Args:
        message: What was typed.

    Returns:
        The decision or the request.

    Raises:
        InputError: If the message is empty or too long.
    """
    if not message.strip():
        raise InputError("The message is empty; type help for what I understand.")
    if len(message) > _MAX_MESSAGE or "\0" in message:
        raise InputError(f"A message is plain text of at most {_MAX_MESSAGE:,} characters; open a plan as a file.")
    if edited := _EDIT_TEXT.match(message):
        return Request(Command.EDIT_TEXT, edited["text"])
    plain = " ".join(re.sub(r"[^\w' ]", " ", message.lower().replace("’", "'")).split())
    for decision, phrases in _DECISIONS:
        if re.fullmatch(phrases, plain):
            return decision
    for command, phrases in _COMMANDS:
        if re.fullmatch(phrases, plain):
            return Request(command)
    return Request(Command.SEARCH, message.strip())
