"""What each control of the page does, free of Gradio so that every path can be tested."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from chatbot.coach import LessonCoach, Turn
from chatbot.commands import Command, understand
from chatbot.events import Decision
from chatbot.files import read_plan
from mtl_core.errors import InputError, LessonNudgeError

__all__ = ["Conversation", "Screen", "Session"]

NO_PLAN = "Read a plan first; then I can help with it."
NOT_WAITING = "That suggestion no longer waits for an answer. Press “Another idea” for the next one."
UNREAD = "You changed the plan since I read it. Press “Read the plan” first, so that nothing you wrote is lost."
UNCHANGED = "The plan has not changed since I read it."

_LABELS = {Decision.USE: "Use it", Decision.NOT_NOW: "Not now", Decision.NOT_RELEVANT: "Not relevant"}


@dataclass(eq=False)
class Session:
    """One browser tab: its coach and what was said.

    Args:
        coach: Of this tab alone; the model and the index behind it are shared.
        turn: The last turn, ``None`` before the first plan.
        added: Where the last addition stands in the plan.
        log: Messages with ``role`` and ``content``.
    """

    coach: LessonCoach
    turn: Turn | None = None
    added: tuple[int, int] | None = None
    log: list[dict[str, str]] = field(default_factory=list)

    def take(self, turn: Turn) -> str | None:
        """Go on to a turn.

        Args:
            turn: The new turn.

        Returns:
            The plan where the coach changed it, else ``None``.
        """
        changed = self.turn is not None and turn.text != self.turn.text
        if changed or self.turn is None:
            self.added = turn.added
        self.turn = turn
        self.log += [{"role": "assistant", "content": message} for message in turn.messages]
        return turn.text if changed else None


@dataclass(frozen=True, slots=True)
class Screen:
    """What the page shows after an event.

    Args:
        session: The state of the tab.
        plan: New content of the plan's text box; ``None`` leaves it alone.
        notice: A sentence about the plan; empty for none.
        editing: Content of the box for the teacher's version; ``None`` where it is closed.
        message: Content of the message box; ``None`` leaves it alone.
    """

    session: Session
    plan: str | None = None
    notice: str = ""
    editing: str | None = None
    message: str | None = None


class Conversation:
    """The handlers of the page.

    Args:
        make_coach: Gives a new coach for each tab; called at its first event.
    """

    def __init__(self, make_coach: Callable[[], LessonCoach]) -> None:
        self._make_coach = make_coach

    def read(self, session: Session | None, plan: str, *, fresh: bool = False) -> Screen:
        """Read the plan in the text box: the first time openly, later as the teacher's new version.

        Args:
            session: The state of the tab.
            plan: Content of the text box.
            fresh: Begin a new conversation even where one is open.

        Returns:
            The screen.
        """
        session = self._opened(session)
        if session.turn is None or fresh:
            return self._open(session, plan)
        if _same(plan, session.turn.text):
            return Screen(session, notice=UNCHANGED)
        try:
            turn = session.coach.revise(_with_newlines_of(session.turn.text, plan))
        except LessonNudgeError as error:
            return Screen(session, notice=str(error))
        session.take(turn)
        return Screen(session)

    def upload(self, session: Session | None, path: str) -> Screen:
        """Read a file as a new plan.

        Args:
            session: The state of the tab.
            path: Where Gradio stored the upload; removed after reading, since plans are private.

        Returns:
            The screen.
        """
        session = self._opened(session)
        file = Path(path)
        try:
            text = read_plan(file)
        except InputError as error:
            return Screen(session, notice=str(error).replace(path, file.name))
        finally:
            file.unlink(missing_ok=True)
        return self._open(session, text, shown=text)

    def decide(
        self, session: Session | None, plan: str, nudge_id: str, decision: Decision, *, version: str | None = None
    ) -> Screen:
        """Answer the suggestion that the pressed button belonged to.

        Args:
            session: The state of the tab.
            plan: Content of the plan's text box.
            nudge_id: Of the suggestion that was shown beside the button.
            decision: The answer.
            version: The teacher's version, with ``edit``.

        Returns:
            The screen.
        """
        session = self._opened(session)
        if not _waits(session, nudge_id):
            return _said(session, NOT_WAITING if session.turn else NO_PLAN)
        if decision in (Decision.USE, Decision.EDIT) and _unread(session, plan):
            return _said(session, UNREAD, editing=version)
        if decision is Decision.EDIT and not (version or "").strip():
            return _said(session, "Write your version of the suggestion first, or press “Cancel”.", editing="")
        said = _LABELS.get(decision, f"My version: {version}")
        return self._turn(session, said, lambda: session.coach.decide(nudge_id, decision, text=version))

    def edit(self, session: Session | None, nudge_id: str) -> Screen:
        """Open the box for the teacher's version of the suggestion."""
        session = self._opened(session)
        if session.turn is None or session.turn.nudge is None or not _waits(session, nudge_id):
            return _said(session, NOT_WAITING if session.turn else NO_PLAN)
        return Screen(session, editing=session.turn.nudge.suggestion)

    def close_edit(self, session: Session | None) -> Screen:
        """Close the box for the teacher's version; the suggestion goes on waiting."""
        return Screen(self._opened(session))

    def undo(self, session: Session | None, plan: str) -> Screen:
        """Take the last change of the plan back."""
        session = self._opened(session)
        if session.turn is not None and _unread(session, plan):
            return _said(session, UNREAD)
        return self._turn(session, "Undo", session.coach.undo)

    def idea(self, session: Session | None) -> Screen:
        """Ask for the next suggestion."""
        session = self._opened(session)
        return self._turn(session, "Another idea", session.coach.idea)

    def why(self, session: Session | None) -> Screen:
        """Ask why the waiting suggestion is made."""
        session = self._opened(session)
        return self._turn(session, "Why this?", session.coach.why)

    def say(self, session: Session | None, plan: str, message: str) -> Screen:
        """Take a typed message.

        Args:
            session: The state of the tab.
            plan: Content of the plan's text box.
            message: What was typed.

        Returns:
            The screen.
        """
        session = self._opened(session)
        if session.turn is None:
            return _said(session, NO_PLAN)
        try:
            request = understand(message)
        except InputError as error:
            return _said(session, str(error))
        nudge = session.turn.nudge
        if request is Decision.EDIT and nudge is not None:
            return Screen(session, editing=nudge.suggestion, message="")
        name = request if isinstance(request, Decision) else request.name
        if name in (Decision.USE, Command.EDIT_TEXT, Command.UNDO) and _unread(session, plan):
            return _said(session, UNREAD)
        return self._turn(session, message.strip(), lambda: session.coach.say(message))

    def _opened(self, session: Session | None) -> Session:
        return session or Session(self._make_coach())

    def _open(self, session: Session, text: str, *, shown: str | None = None) -> Screen:
        try:
            turn = session.coach.open(text)
        except LessonNudgeError as error:
            return Screen(session, notice=str(error))
        session.turn, session.log = None, []
        session.take(turn)
        return Screen(session, plan=shown)

    def _turn(self, session: Session, said: str, act: Callable[[], Turn]) -> Screen:
        if session.turn is None:
            return _said(session, NO_PLAN)
        session.log.append({"role": "user", "content": said})
        try:
            turn = act()
        except LessonNudgeError as error:
            return _said(session, str(error))
        return Screen(session, plan=session.take(turn), message="")


def _said(session: Session, message: str, *, editing: str | None = None) -> Screen:
    session.log.append({"role": "assistant", "content": message})
    return Screen(session, editing=editing)


def _waits(session: Session, nudge_id: str) -> bool:
    nudge = session.turn.nudge if session.turn else None
    return nudge is not None and nudge.id == nudge_id


def _unread(session: Session, plan: str) -> bool:
    return session.turn is not None and not _same(plan, session.turn.text)


def _same(plan: str, text: str) -> bool:
    """Whether two texts differ in newlines alone: a browser's text box writes all of them as line feeds."""
    return _line_feeds(plan) == _line_feeds(text)


def _line_feeds(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _with_newlines_of(text: str, plan: str) -> str:
    """The plan of a text box with the newlines of the file that it came from."""
    return plan.replace("\n", "\r\n") if "\r\n" in text and "\r\n" not in plan else plan
