"""A suggestion goes into the plan, by a decision or pasted by hand, and is taken out again."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from chatbot import replies
from chatbot.conversation import said
from chatbot.errors import StateError
from chatbot.events import Decided, Decision, Redone, Undone
from chatbot.insertion import insert, place_for
from chatbot.resuming import same_words

if TYPE_CHECKING:
    from chatbot.conversation import Conversation
    from chatbot.nudges import Nudge
    from chatbot.session import Turn

__all__ = ["accept", "put_back", "take_back", "take_pasted"]


def accept(talk: Conversation, nudge: Nudge, choice: Decision, addition: str, *, reason: str) -> Turn:
    """Put text into the plan, read it again and say what was found.

    Args:
        talk: The conversation.
        nudge: The pending nudge.
        choice: ``use`` or ``edit``.
        addition: The text.
        reason: Why, in the teacher's words.

    Returns:
        The turn; where a measure dropped, no further nudge comes before the teacher says so.
    """
    before = talk.analysis
    at = place_for(nudge.template.placement, talk.state.text, before.segments)
    change = insert(talk.state.text, addition, at=at)
    analysis = talk.model.analyse(change.text, previous=before)
    adapted = not same_words(addition, nudge.suggestion)
    inserted = change.text[change.start : change.end]
    talk.session.record(
        Decided(nudge.id, choice, change.start, change.end, text=inserted, reason=reason, adapted=adapted)
    )
    talk.session.read(change.text, analysis, revised=False)
    added = (change.start, change.end)
    if not analysis.is_lesson_plan:
        return talk.turn(said(replies.not_a_plan(analysis.language), "notice"), added=added)
    after = talk.analysis
    report, short = (
        said(replies.verified(nudge.measure, before, after, added=added, adapted=adapted, words=words), "report")
        for words in (14, 5)
    )
    if replies.lost(before, after):
        return talk.turn(report, added=added)
    return talk.offer(report, shorter=short, asked=False, added=added)


def take_back(talk: Conversation) -> Turn:
    """Undo the last change of the text, byte for byte.

    Args:
        talk: The conversation.

    Returns:
        The turn with the earlier text.

    Raises:
        StateError: If nothing was changed.
    """
    if not talk.state.history:
        raise StateError("There is nothing to undo: the plan is as you gave it.")
    last = talk.state.history[-1]
    earlier = talk.session.analyses[-2] or talk.model.analyse(last.text)
    talk.session.record(Undone(last.text, last.judgements))
    talk.session.analyses[-2:] = [earlier]
    return talk.turn(said("Undone: the plan is exactly as it was before; “redo” puts it back.", "report"))


def put_back(talk: Conversation) -> Turn:
    """Make the change again that was undone last, byte for byte.

    Args:
        talk: The conversation.

    Returns:
        The turn with the later text.

    Raises:
        StateError: If nothing was undone since the last change.
    """
    before = talk.analysis
    if not talk.state.undone:
        raise StateError("There is nothing to put back: nothing was undone since the last change.")
    taken = talk.state.undone[-1]
    analysis = talk.model.analyse(taken.text, previous=before)
    talk.session.record(Redone(taken.text, taken.judgements))
    talk.session.analyses.append(analysis)
    return talk.turn(said("Put back: the plan is exactly as it was before you undid the change.", "report"))


def take_pasted(talk: Conversation, text: str) -> None:
    """Record that the pending suggestion was pasted into a new version by hand, as it is.

    Args:
        talk: The conversation.
        text: The new version.
    """
    nudge = talk.session.nudge
    if nudge is None:
        return
    for wording in (nudge.suggestion, nudge.suggestion.replace("**", "")):
        pattern = r"\s+".join(map(re.escape, wording.split()))
        found = re.search(pattern, text)
        if found and not re.search(pattern, talk.state.text):
            start, end = found.span()
            talk.session.record(Decided(nudge.id, Decision.USE, start, end, text=found.group()))
            return
