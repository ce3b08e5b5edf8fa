"""The teacher answers the pending nudge: the same for a button and for a typed sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chatbot import replies
from chatbot.accepting import accept
from chatbot.conversation import said
from chatbot.errors import StateError
from chatbot.events import Decided, Decision
from chatbot.resuming import checked_edit, checked_reason, locate
from mtl_core.errors import InputError

if TYPE_CHECKING:
    from chatbot.conversation import Conversation
    from chatbot.session import Turn

__all__ = ["decide"]


def decide(
    talk: Conversation,
    nudge_id: str,
    decision: Decision | str,
    *,
    text: str | None,
    quote: str | None,
    reason: str | None,
) -> Turn:
    """Take an answer, and offer the next nudge where one may come.

    Args:
        talk: The conversation.
        nudge_id: Of the pending nudge.
        decision: ``use``, ``edit``, ``not_now``, ``not_relevant`` or ``already_there``.
        text: With ``edit``, the teacher's version of the suggestion.
        quote: With ``already_there``, the passage of the plan that shows the measure.
        reason: Why, in the teacher's words.

    Returns:
        The next turn. The plan has changed only after ``use`` or ``edit``.

    Raises:
        StateError: If this nudge does not wait for an answer.
        InputError: If the decision is unknown, or the quote is not in the plan.
    """
    nudge = talk.session.nudge
    if nudge is None or nudge.id != nudge_id:
        raise StateError(f"The nudge {nudge_id!r} does not wait for an answer; ask for a new idea.")
    try:
        choice = Decision(decision)
    except ValueError as error:
        raise InputError(f"{decision!r} is no decision; use {', '.join(Decision)}.") from error
    why = checked_reason(reason)
    if choice in (Decision.USE, Decision.EDIT):
        addition = nudge.suggestion if choice is Decision.USE else checked_edit(text)
        return accept(talk, nudge, choice, addition, reason=why)
    passage = locate(quote, talk.state.text) if quote and choice is Decision.ALREADY_THERE else ""
    talk.session.record(Decided(nudge_id, choice, quote=passage, reason=why))
    words = said(replies.answered(choice, nudge.measure, seed=nudge_id), "message")
    return talk.offer(words, asked=False)
