"""Small steps of a conversation that stand alone: a nudge made again, a passage found, words compared."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from chatbot.errors import StateError
from chatbot.nudges import Nudge
from mtl_core.errors import InputError
from retrieval.templates import GradeBand, LessonTemplate

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chatbot.events import NudgeOffered

__all__ = ["MAX_REASON", "checked_edit", "checked_reason", "locate", "offered_again", "same_words"]

MAX_REASON = 1_000
"""Characters that a reason may have."""

_MAX_EDIT = 5_000
_GONE = "no longer in the library"


def offered_again(event: NudgeOffered, library: Mapping[str, LessonTemplate]) -> Nudge:
    """The nudge of an event, with the very words that were said.

    Args:
        event: What was offered.
        library: Holds the template; where it is gone, a stand-in says so.

    Returns:
        The nudge.
    """
    template = library.get(event.template_id) or LessonTemplate.model_construct(
        id=event.template_id,
        title=_GONE,
        summary=_GONE,
        text=event.suggestion,
        steps=(),
        minutes=0,
        subjects=("any",),
        grades=GradeBand(lowest=0, highest=13),
        measures=(event.measure,),
        placement="during",
        kind="repair",
        materials=(),
        keywords=(),
        licence=_GONE,
    )
    return Nudge(event.nudge_id, event.measure, template, event.message, event.suggestion)


def locate(quote: str, text: str) -> str:
    """The passage of a plan that a teacher points to, byte for byte.

    Args:
        quote: As it was given; quotation marks around it and other blanks than the plan's do not matter.
        text: The plan.

    Returns:
        The passage as the plan has it.

    Raises:
        InputError: If the plan has no such passage.
    """
    words = quote.strip().strip("“”\"'‘’").split()
    found = re.search(r"\s+".join(map(re.escape, words)), text) if words else None
    if found is None:
        raise StateError("That sentence is not in the plan word for word; copy it from the plan, or leave it out.")
    return found.group()


def same_words(one: str, other: str) -> bool:
    """Whether two texts differ in blanks, marks and capital letters at most."""
    return re.findall(r"\w+", one.lower()) == re.findall(r"\w+", other.lower())


def checked_edit(text: str | None) -> str:
    """The teacher's version of a suggestion, once it is known to be usable.

    Raises:
        InputError: If it is missing, empty, too long or no plain text.
    """
    if text is None or not text.strip():
        raise InputError("An edit needs your version of the suggestion; send it as text.")
    if len(text) > _MAX_EDIT or "\0" in text:
        raise InputError(f"An edit is plain text of at most {_MAX_EDIT:,} characters.")
    return text


def checked_reason(reason: str | None) -> str:
    """The teacher's reason, once it is known to be usable; empty where none was given.

    Raises:
        InputError: If it is too long or no plain text.
    """
    if reason is not None and (len(reason) > MAX_REASON or "\0" in reason):
        raise InputError(f"A reason is plain text of at most {MAX_REASON:,} characters.")
    return (reason or "").strip()
