"""Turns of the coach as the API shows them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chatbot.api.models import (
    Conversation,
    MeasureView,
    NudgeView,
    QuoteView,
    ReadingView,
    SaidView,
    Span,
    TurnView,
)
from chatbot.event_json import load_event
from chatbot.events import Said

if TYPE_CHECKING:
    from collections.abc import Iterable

    from chatbot.nudges import Nudge
    from chatbot.service import ThreadTurn
    from chatbot.store.base import StoredEvent
    from mtl_core.reading import Analysis

__all__ = ["conversation_view", "nudge_view", "reading_view", "turn_view"]


def reading_view(analysis: Analysis) -> ReadingView:
    """A reading.

    Args:
        analysis: Of the plan now.

    Returns:
        Every measure with its quotes.
    """
    measures = {
        key: MeasureView(
            title=analysis.rubric[key].title,
            probability=round(reading.probability, 4),
            verdict=reading.verdict,
            evidence=[QuoteView(quote=e.quote, start=e.start, end=e.end) for e in reading.evidence],
        )
        for key, reading in analysis.measures.items()
    }
    return ReadingView(
        is_lesson_plan=analysis.is_lesson_plan, language=analysis.language, words=analysis.words, measures=measures
    )


def nudge_view(nudge: Nudge, analysis: Analysis) -> NudgeView:
    """A suggestion.

    Args:
        nudge: The pending one.
        analysis: Of the plan now, whose rubric names the measure.

    Returns:
        Its words and its source.
    """
    return NudgeView(
        id=nudge.id,
        measure=nudge.measure,
        title=analysis.rubric[nudge.measure].title,
        message=nudge.message,
        suggestion=nudge.suggestion,
        template=nudge.template,
    )


def turn_view(turned: ThreadTurn) -> TurnView:
    """A turn.

    Args:
        turned: What the service gave.

    Returns:
        The turn as it is sent.
    """
    return TurnView(**_turn_fields(turned))


def conversation_view(turned: ThreadTurn, events: Iterable[StoredEvent]) -> Conversation:
    """A thread with everything that was said.

    Args:
        turned: Where it stands.
        events: Its log.

    Returns:
        The thread as it is sent.
    """
    kept = (load_event(stored.event) for stored in events)
    said = [SaidView(role=e.role, kind=e.kind, text=e.text) for e in kept if isinstance(e, Said)]
    return Conversation(**_turn_fields(turned), conversation=said)


def _turn_fields(turned: ThreadTurn) -> dict[str, Any]:
    turn = turned.turn
    return {
        "id": turned.id,
        "title": turned.title,
        "sequence": turned.sequence,
        "reading": reading_view(turn.analysis),
        "praise": turn.praise,
        "said": [SaidView(role="coach", kind=said.kind, text=said.text) for said in turn.said],
        "nudge": nudge_view(turn.nudge, turn.analysis) if turn.nudge is not None else None,
        "added": Span(start=turn.added[0], end=turn.added[1]) if turn.added is not None else None,
        "stopped": turn.stopped,
        "wish": turn.wish,
        "masked": turned.masked,
    }
