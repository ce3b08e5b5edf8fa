"""A plan, readings made by hand, and a coach that plays a script."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import SimpleNamespace

import numpy as np

from chatbot.coach import Turn
from chatbot.nudges import Nudge
from mtl_core.errors import InputError
from mtl_core.reading import Analysis, Evidence, MeasureReading
from mtl_core.rubric import MEASURES
from mtl_core.segments import segment_document

PLAN = """# Halves & <quarters>

- Pupils explain why 1/2 is larger than 1/4.
- The teacher shows the first example.

Tidy up. Next time: thirds.
"""


def analyse(
    text: str, *, present: dict[str, list[str]], unsure: dict[str, list[str]], is_plan: bool = True
) -> Analysis:
    """A reading in which the measures named are quoted and all others are absent."""

    def reading(key: str) -> MeasureReading:
        verdict = "present" if key in present else "unsure" if key in unsure else "absent"
        quotes = present.get(key) or unsure.get(key) or []
        places = [(quote, text.index(quote)) for quote in quotes]
        return MeasureReading(0.5, verdict, tuple(Evidence(q, at, at + len(q)) for q, at in places))

    segments = tuple(segment_document(text))
    vector = np.zeros(3, np.float32)
    vectors = np.zeros((len(segments), 3), np.float32)
    measures = {key: reading(key) for key in MEASURES}
    return Analysis(len(text.split()), "en", is_plan, measures, vector, segments, vectors, len(segments))


@dataclass
class ScriptedCoach:
    """Adds a line for an accepted suggestion, and remembers every call."""

    calls: list[tuple[str, ...]] = field(default_factory=list)
    text: str = ""
    history: list[str] = field(default_factory=list)
    nudge: Nudge | None = None
    offered: int = 0

    @property
    def state(self) -> SimpleNamespace:
        return SimpleNamespace(text=self.text, history=tuple(self.history))

    def open(self, text: str) -> Turn:
        self.calls.append(("open", text))
        if not text.strip():
            raise InputError("The text is empty; give a lesson plan as plain text or markdown.")
        self.text, self.history = text, []
        return self._offer("Praise.")

    def revise(self, text: str) -> Turn:
        self.calls.append(("revise", text))
        if not text.strip():
            raise InputError("The text is empty; give a lesson plan as plain text or markdown.")
        self._change(text)
        return self._offer("I have read your version.")

    def decide(self, nudge_id: str, decision: str, *, text: str | None = None) -> Turn:
        self.calls.append(("decide", nudge_id, str(decision), text or ""))
        assert self.nudge is not None
        assert self.nudge.id == nudge_id
        if decision in ("not_now", "not_relevant"):
            return self._offer("Fine.")
        addition = text or self.nudge.suggestion
        start = len(self.text)
        self._change(self.text + addition)
        return self._offer("Verified.", added=(start, len(self.text)))

    def undo(self) -> Turn:
        self.calls.append(("undo",))
        if not self.history:
            raise InputError("There is nothing to undo: the plan is as you gave it.")
        self.text, self.nudge = self.history.pop(), None
        return self._turn("Undone.")

    def idea(self) -> Turn:
        self.calls.append(("idea",))
        return self._offer()

    def why(self) -> Turn:
        self.calls.append(("why",))
        return self._turn("Because.")

    def say(self, message: str) -> Turn:
        self.calls.append(("say", message))
        return self.undo() if message == "undo" else self._turn("From the templates: nothing.")

    def _change(self, text: str) -> None:
        self.history.append(self.text)
        self.text, self.nudge = text, None

    def _offer(self, *messages: str, added: tuple[int, int] | None = None) -> Turn:
        self.offered += 1
        self.nudge = Nudge(f"nudge-{self.offered}", "vocabulary", None, "Would it help?", "**Words.** Three of them.")
        return self._turn(*messages, "Would it help?", added=added)

    def _turn(self, *messages: str, added: tuple[int, int] | None = None) -> Turn:
        return Turn(self.text, analyse(self.text, present={}, unsure={}), messages, self.nudge, added)
