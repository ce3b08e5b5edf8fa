"""One plan under discussion: the log of events, and what follows from it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Literal

from chatbot.events import Event, Judgement, PlanRead, Said
from chatbot.nudges import Nudge
from chatbot.state import CoachState, step
from mtl_core.errors import InputError
from mtl_core.reading import Analysis, Evidence

__all__ = ["Session", "Turn", "Wish"]

Wish = Literal["export", "forget"]


@dataclass(frozen=True, slots=True)
class Turn:
    """What the coach says and shows after one event.

    Args:
        text: The plan now.
        analysis: The reading of it, with the teacher's own word applied.
        messages: What the coach says, in order.
        nudge: The suggestion that waits for an answer, if any.
        added: Start and end of what the last change added, if it added anything.
        praise: The sentence of praise, if this turn has one.
        said: The coach's words with what each is for, in order; the same words as ``messages``.
        stopped: Whether the teacher ended the conversation.
        state: What is true now.
        wish: What the teacher asked of the door: to write the plan to a file, or to forget everything kept.
    """

    text: str
    analysis: Analysis
    messages: tuple[str, ...]
    nudge: Nudge | None = None
    added: tuple[int, int] | None = None
    praise: str | None = None
    said: tuple[Said, ...] = ()
    stopped: bool = False
    state: CoachState = field(default_factory=CoachState)
    wish: Wish | None = None


@dataclass
class Session:
    """The events are the truth; state, readings and pending nudge follow from them.

    Args:
        events: Oldest first.
        state: What is true now.
        analyses: The reading of each version that undo can reach, the last one of the text now; ``None``
            where a version of a resumed conversation was not read again yet.
        nudge: The pending nudge with its words.
    """

    events: list[Event] = field(default_factory=list)
    state: CoachState = field(default_factory=CoachState)
    analyses: list[Analysis | None] = field(default_factory=list)
    nudge: Nudge | None = None

    @property
    def analysis(self) -> Analysis:
        """The reading of the plan now, with the teacher's own word applied.

        Raises:
            InputError: If no plan is open.
        """
        reading = self.analyses[-1] if self.analyses else None
        if reading is None:
            raise InputError("No plan is open; call open(text) first.")
        return _with_word(reading, self.state)

    def copy(self) -> Session:
        """A session that goes its own way; what it holds is never changed in place."""
        return Session(list(self.events), self.state, list(self.analyses), self.nudge)

    def record(self, event: Event) -> None:
        """Append an event."""
        self.state = step(self.state, event)
        self.events.append(event)
        if self.state.pending is None:
            self.nudge = None

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


def _with_word(analysis: Analysis, state: CoachState) -> Analysis:
    quoted = {key: quote for key, quote in state.stated.items() if quote and quote in state.text}
    if not quoted:
        return analysis
    measures = dict(analysis.measures)
    for key, quote in quoted.items():
        start = state.text.index(quote)
        evidence = (Evidence(quote, start, start + len(quote)), *measures[key].evidence)
        measures[key] = replace(measures[key], verdict="present", evidence=evidence)
    return replace(analysis, measures=measures)
