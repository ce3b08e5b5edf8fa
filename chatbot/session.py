"""One plan under discussion: the log of events, and what follows from it."""

from __future__ import annotations

from dataclasses import dataclass, field

from chatbot.events import Event, Judgement, PlanRead
from chatbot.nudges import Nudge
from chatbot.state import CoachState, step
from mtl_core.errors import InputError
from mtl_core.reading import Analysis

__all__ = ["Session", "Turn"]


@dataclass(frozen=True, slots=True)
class Turn:
    """What the coach says and shows after one event.

    Args:
        text: The plan now.
        analysis: The reading of it.
        messages: What the coach says, in order.
        nudge: The suggestion that waits for an answer, if any.
        added: Start and end of what the last change added, if it added anything.
    """

    text: str
    analysis: Analysis
    messages: tuple[str, ...]
    nudge: Nudge | None = None
    added: tuple[int, int] | None = None


@dataclass
class Session:
    """The events are the truth; state, readings and pending nudge follow from them.

    Args:
        events: Oldest first.
        state: What is true now.
        analyses: The reading of each version that undo can reach, the last one of the text now.
        nudge: The pending nudge with its words.
    """

    events: list[Event] = field(default_factory=list)
    state: CoachState = field(default_factory=CoachState)
    analyses: list[Analysis] = field(default_factory=list)
    nudge: Nudge | None = None

    @property
    def analysis(self) -> Analysis:
        """The reading of the plan now.

        Raises:
            InputError: If no plan is open.
        """
        if not self.analyses:
            raise InputError("No plan is open; call open(text) first.")
        return self.analyses[-1]

    def record(self, event: Event) -> None:
        """Append an event."""
        self.events.append(event)
        self.state = step(self.state, event)

    def read(self, text: str, analysis: Analysis, *, revised: bool = True) -> None:
        """Record the reading of a version.

        Args:
            text: The version.
            analysis: Its reading.
            revised: Whether the teacher gave this version.
        """
        judgements = {
            key: Judgement(reading.probability, reading.verdict, tuple((e.quote, e.start) for e in reading.evidence))
            for key, reading in analysis.measures.items()
        }
        self.record(PlanRead(text, judgements, revised))
        self.analyses = [*self.analyses[: len(self.state.history)], analysis]
