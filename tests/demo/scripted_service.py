"""A service that plays a script over one thread, and remembers every call."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from chatbot.service import ThreadSummary, ThreadTurn
from chatbot.session import Turn
from chatbot.state import CoachState, Version
from chatbot.store.base import ConflictError, NotFoundError, OwnerSettings, StoredEvent

if TYPE_CHECKING:
    from scripted_coach import ScriptedCoach

NOW = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)


@dataclass
class ScriptedService:
    """One owner's one thread, ``t1``."""

    coach: ScriptedCoach
    owner: str = "browser:one"
    log: list[StoredEvent] = field(default_factory=list)
    reasons: list[str | None] = field(default_factory=list)
    masked: dict[str, int] = field(default_factory=dict)
    chosen: OwnerSettings = field(default_factory=OwnerSettings)
    last: Turn | None = None

    def open(self, owner, text, *, title=None):
        return self._keep("opened", self.coach.open(text))

    def view(self, owner, thread_id):
        self._check(owner, thread_id)
        return self._thread(replace(self.last, messages=()))

    def say(self, owner, thread_id, text, *, expected=None):
        self._check(owner, thread_id, expected)
        self._said("teacher", text)
        return self._keep("undone", self.coach.say(text))

    def decide(self, owner, thread_id, nudge_id, decision, *, text=None, quote=None, reason=None):
        self._check(owner, thread_id)
        self.reasons.append(reason)
        if quote is not None:
            self.coach.calls.append(("quote", quote))
        return self._keep(str(decision), self.coach.decide(nudge_id, decision, text=text or quote))

    def revise(self, owner, thread_id, text, *, expected=None):
        self._check(owner, thread_id, expected)
        return self._keep("revised", self.coach.revise(text))

    def undo(self, owner, thread_id, *, expected=None):
        self._check(owner, thread_id, expected)
        return self._keep("undone", self.coach.undo())

    def events(self, owner, thread_id, *, after=0):
        self._check(owner, thread_id)
        return list(self.log)

    def threads(self, owner):
        kept = owner == self.owner and self.last is not None
        return [ThreadSummary("t1", "Halves <b>", NOW, NOW, len(self.log))] if kept else []

    def settings(self, owner):
        return self.chosen

    def _check(self, owner, thread_id, expected=None):
        if (owner, thread_id) != (self.owner, "t1") or self.last is None:
            raise NotFoundError("There is no such thread.")
        if expected is not None and expected != len(self.log):
            raise ConflictError("The thread went on elsewhere.")

    def _keep(self, cause: str, turn: Turn) -> ThreadTurn:
        if self.last is None or self.last.text != turn.text:
            self._happened(cause, turn)
        for message in turn.messages:
            self._said("coach", message)
        history = tuple(Version(text, {}) for text in self.coach.history)
        self.last = replace(turn, state=CoachState(text=turn.text, history=history))
        return self._thread(self.last)

    def _thread(self, turn: Turn) -> ThreadTurn:
        return ThreadTurn("t1", "Halves", len(self.log), turn, self.masked)

    def _happened(self, cause: str, turn: Turn) -> None:
        if cause in ("use", "edit"):
            start, end = turn.added
            self._log({"kind": "decided", "decision": cause, "start": start, "end": end})
        kind = "undone" if cause == "undone" else "plan_read"
        self._log({"kind": kind, "text": turn.text, "revised": cause in ("opened", "revised")})

    def _said(self, role: str, text: str) -> None:
        self._log({"kind": "said", "role": role, "text": text, "purpose": "message"})

    def _log(self, event: dict[str, object]) -> None:
        self.log.append(StoredEvent(len(self.log) + 1, NOW, {"schema": 1, **event}))
