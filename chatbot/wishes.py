"""What a teacher may ask of the conversation itself: pause, go on, end it, hear less, be told less about a measure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chatbot import asking, replies
from chatbot.conversation import said
from chatbot.events import GradeStated, MinutesStated, Muted, Paused, Resumed, Stopped
from mtl_core.errors import InputError

if TYPE_CHECKING:
    from chatbot.conversation import Conversation
    from chatbot.session import Turn

__all__ = ["mute", "pause", "resume", "state_facts", "stop"]


def pause(talk: Conversation) -> Turn:
    """Offer nothing unasked until the teacher resumes; a nudge that waits is kept."""
    _ = talk.analysis
    talk.session.record(Paused())
    return talk.turn(said("Paused: I suggest nothing until you ask for an idea or resume.", "notice"))


def resume(talk: Conversation) -> Turn:
    """Show the nudge that waits, or offer the next one."""
    _ = talk.analysis
    talk.session.record(Resumed())
    if talk.session.nudge is not None:
        return talk.turn(said(replies.remind(talk.session.nudge), "reminder"))
    return talk.offer(None, asked=True)


def stop(talk: Conversation) -> Turn:
    """End with one line and an offer to export."""
    _ = talk.analysis
    talk.session.record(Stopped())
    return talk.turn(talk.goodbye())


def mute(talk: Conversation, measure: str) -> Turn:
    """Raise a measure no more for this plan.

    Raises:
        InputError: If there is no such measure.
    """
    rubric = talk.analysis.rubric
    if measure not in rubric:
        raise InputError(f"There is no measure {measure!r}; use one of {', '.join(rubric)}.")
    talk.session.record(Muted(measure))
    return talk.turn(said(replies.muted(rubric[measure].title), "notice"))


def state_facts(talk: Conversation, *, grade: int | None, phrase: str, minutes: int | None) -> Turn:
    """Take grade and minutes into account from now on; without either, ask for the grade.

    A pending nudge that takes longer makes room for a shorter one, where there is one.
    """
    if grade is None and minutes is None:
        return talk.answer(said(replies.ASK_GRADE, "question"), digression=False)
    if grade is not None:
        talk.session.record(GradeStated(grade, phrase))
    if minutes is not None:
        talk.session.record(MinutesStated(minutes))
    nudge = talk.session.nudge
    known = (phrase or f"grade {grade}") if grade is not None else ""
    thanks = said(replies.thanks_for_facts(phrase=known, minutes=minutes), "message")
    if nudge is not None and minutes is not None and nudge.template.minutes > minutes:
        return asking.shorter(talk, minutes=minutes, before=thanks)
    return talk.answer(thanks, digression=True)
