"""What each control of the conversation does, free of Gradio so that every path can be tested."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from chatbot.events import Decision
from chatbot.plan_versions import last_addition, plan_versions
from chatbot.store.base import ConflictError, NotFoundError
from chatbot.uploads import MAX_UPLOAD_BYTES, read_upload
from demo.screen import Place, Screen, spoken
from mtl_core.errors import InputError, LessonNudgeError

if TYPE_CHECKING:
    from chatbot.service import CoachService, ThreadTurn

__all__ = ["Conversation"]

NO_PLAN = "Read a plan first; then I can help with it."
NOT_WAITING = "That suggestion no longer waits for an answer. Press “Another idea” for the next one."
UNREAD = "You changed the plan since I read it. Press “Read the plan” first, so that nothing you wrote is lost."
UNCHANGED = "The plan has not changed since I read it."
GONE = "This plan is not kept here any more. Give it again, or open another one under “My plans”."
ELSEWHERE = "This plan went on in another window. Here it is as it stands now; press again if you still want to."
FORGOTTEN = "Everything that was kept of you here is deleted."
EMPTY_VERSION = "Write your version of the suggestion first, or press “Cancel”."
EMPTY_QUOTE = "Copy the passage of your plan that shows it, or press “Cancel”."
_EDITS = frozenset({"edit", "edit first", "edit it"})


class Conversation:
    """The handlers of the plan and of the conversation about it.

    Args:
        service: Keeps the conversations of all browsers.
    """

    def __init__(self, service: CoachService) -> None:
        self._service = service

    def resume(self, place: Place) -> Screen | None:
        """Show a thread again, as after a reload; ``None`` where the place names none, so that nothing changes."""
        return self._screen(place, show_plan=True) if place.thread else None

    def read(self, place: Place, plan: str) -> Screen:
        """Read the plan in the text box: the first time openly, later as the teacher's new version.

        Args:
            place: Where the event came from.
            plan: Content of the text box.

        Returns:
            The screen.
        """
        if not place.thread:
            return self._open(place, plan)
        now = self._text(place)
        if now is None:
            return Screen(notice=GONE)
        if _same(plan, now):
            return self._screen(place, notice=UNCHANGED)
        try:
            turn = self._service.revise(
                place.owner, place.thread, _with_newlines_of(now, plan), expected=place.sequence
            )
        except ConflictError:
            # the box keeps what was typed: nothing is lost, and a second press reads it
            return self._screen(place, notice=ELSEWHERE)
        except LessonNudgeError as error:
            return self._screen(place, notice=str(error))
        return self._after(place, turn, before=plan, show="shows")

    def upload(self, place: Place, path: str) -> Screen:
        """Read a file as a new plan.

        Args:
            place: Where the event came from.
            path: Where Gradio stored the upload; removed after reading, since plans are private.

        Returns:
            The screen.
        """
        file = Path(path)
        try:
            with file.open("rb") as stream:
                text = read_upload(file.name, stream.read(MAX_UPLOAD_BYTES + 1))
        except InputError as error:
            return self._screen(place, notice=str(error))
        finally:
            file.unlink(missing_ok=True)
        return self._open(place, text, title=file.stem, shown=True)

    def decide(
        self, place: Place, plan: str, decision: Decision, *, text: str | None = None, reason: str | None = None
    ) -> Screen:
        """Answer the suggestion that the pressed button belonged to.

        Args:
            place: Where the event came from.
            plan: Content of the plan's text box.
            decision: The answer.
            text: With ``edit`` the teacher's version, with ``already_there`` the passage.
            reason: With ``not_relevant``, why; never needed.

        Returns:
            The screen.
        """
        editing = text if decision is Decision.EDIT else None
        quoting = text if decision is Decision.ALREADY_THERE else None
        if not place.thread:
            return Screen(log=_remark(NO_PLAN))
        if decision in (Decision.USE, Decision.EDIT) and self._unread(place, plan):
            return self._screen(place, remark=UNREAD, editing=editing)
        if editing is not None and not editing.strip():
            return self._screen(place, remark=EMPTY_VERSION, editing="")
        if quoting is not None and not quoting.strip():
            return self._screen(place, remark=EMPTY_QUOTE, quoting="")
        words = {"text": editing, "quote": quoting and quoting.strip(), "reason": reason and reason.strip()}
        try:
            turn = self._service.decide(place.owner, place.thread, place.nudge, decision, **words)
        except InputError as error:
            waits = self._waits(place)
            said = str(error) if waits else NOT_WAITING
            return self._screen(place, remark=said, editing=editing if waits else None, quoting=quoting)
        except LessonNudgeError as error:
            return self._failed(place, error)
        return self._after(place, turn, before=plan)

    def edit(self, place: Place) -> Screen:
        """Open the box for the teacher's version of the suggestion."""
        return self._with_nudge(place, lambda suggestion: self._screen(place, editing=suggestion))

    def quote(self, place: Place, selected: str) -> Screen:
        """Open the box for the passage that shows the measure already.

        Args:
            place: Where the event came from.
            selected: What is selected in the page, to begin with.

        Returns:
            The screen.
        """
        return self._with_nudge(place, lambda _: self._screen(place, quoting=selected.strip()[:1_000]))

    def close(self, place: Place) -> Screen:
        """Close the boxes; the suggestion goes on waiting."""
        return self._screen(place)

    def undo(self, place: Place, plan: str) -> Screen:
        """Take the last change of the plan back."""
        if place.thread and self._unread(place, plan):
            return self._screen(place, remark=UNREAD)
        return self._turn(place, plan, lambda: self._service.undo(place.owner, place.thread, expected=place.sequence))

    def say(self, place: Place, plan: str, message: str) -> Screen:
        """Take a typed message, or a button that stands for one.

        Args:
            place: Where the event came from.
            plan: Content of the plan's text box.
            message: What was typed.

        Returns:
            The screen.
        """
        if place.thread and message.strip().lower() in _EDITS:
            return self.edit(place)
        if place.thread and self._unread(place, plan):
            return self._screen(place, remark=UNREAD)
        return self._turn(
            place,
            plan,
            lambda: self._service.say(place.owner, place.thread, message, expected=place.sequence),
            message="",
        )

    def _open(self, place: Place, text: str, *, title: str | None = None, shown: bool = False) -> Screen:
        try:
            turn = self._service.open(place.owner, text, title=title)
        except LessonNudgeError as error:
            return self._screen(place, notice=str(error))
        return self._after(place, turn, before="" if shown else text, show="shows")

    def _turn(self, place: Place, plan: str, act: Callable[[], ThreadTurn], *, message: str | None = None) -> Screen:
        if not place.thread:
            return Screen(log=_remark(NO_PLAN))
        try:
            turn = act()
        except LessonNudgeError as error:
            return self._failed(place, error)
        return self._after(place, turn, before=plan, message=message)

    def _failed(self, place: Place, error: LessonNudgeError) -> Screen:
        if isinstance(error, NotFoundError):
            return Screen(notice=GONE)
        return self._screen(place, remark=ELSEWHERE if isinstance(error, ConflictError) else str(error))

    def _after(
        self, place: Place, turn: ThreadTurn, *, before: str, show: str | None = None, message: str | None = None
    ) -> Screen:
        """The screen of a new turn; the text box changes only where the plan did."""
        if turn.turn.wish == "forget":
            return Screen(plan="", notice=FORGOTTEN, message="", show="plan")
        events = self._service.events(place.owner, turn.id)
        return Screen(
            thread=turn,
            log=tuple(spoken(events)),
            versions=tuple(plan_versions(events)),
            added=last_addition(events),
            plan=None if _same(before, turn.turn.text) else turn.turn.text,
            notice=_masked(turn.masked),
            message=message,
            show="away" if turn.turn.wish == "export" else show,
        )

    def _screen(
        self,
        place: Place,
        *,
        notice: str = "",
        remark: str = "",
        show_plan: bool = False,
        editing: str | None = None,
        quoting: str | None = None,
    ) -> Screen:
        """The thread as it stands, with a remark that is not kept."""
        if not place.thread:
            return Screen(notice=notice, log=_remark(remark))
        try:
            thread = self._service.view(place.owner, place.thread)
            events = self._service.events(place.owner, place.thread)
        except NotFoundError:
            return Screen(notice=GONE)
        return Screen(
            thread=thread,
            log=(*spoken(events), *_remark(remark)),
            versions=tuple(plan_versions(events)),
            added=last_addition(events),
            plan=thread.turn.text if show_plan else None,
            notice=notice,
            editing=editing,
            quoting=quoting,
        )

    def _with_nudge(self, place: Place, opened: Callable[[str], Screen]) -> Screen:
        if not place.thread:
            return Screen(log=_remark(NO_PLAN))
        try:
            nudge = self._service.view(place.owner, place.thread).turn.nudge
        except NotFoundError:
            return Screen(notice=GONE)
        if nudge is None or nudge.id != place.nudge:
            return self._screen(place, remark=NOT_WAITING)
        return opened(nudge.suggestion)

    def _text(self, place: Place) -> str | None:
        try:
            return self._service.view(place.owner, place.thread).turn.text
        except NotFoundError:
            return None

    def _waits(self, place: Place) -> bool:
        nudge = self._service.view(place.owner, place.thread).turn.nudge
        return nudge is not None and nudge.id == place.nudge

    def _unread(self, place: Place, plan: str) -> bool:
        text = self._text(place)
        return text is not None and not _same(plan, text)


def _remark(text: str) -> tuple[dict[str, str], ...]:
    return ({"role": "assistant", "content": text},) if text else ()


def _masked(counts: dict[str, int]) -> str:
    """Say what was masked, so that no change of the text goes unseen."""
    names = {"name": "names", "email": "e-mail addresses", "phone": "phone numbers"}
    found = [f"{count} {names.get(kind, kind)}" for kind, count in counts.items() if count]
    return (
        f"Before keeping the plan I replaced {' and '.join(found)}. You can turn that off under “My plans”."
        if found
        else ""
    )


def _same(plan: str, text: str) -> bool:
    """Whether two texts differ in newlines alone: a browser's text box writes all of them as line feeds."""
    return _line_feeds(plan) == _line_feeds(text)


def _line_feeds(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _with_newlines_of(text: str, plan: str) -> str:
    """The plan of a text box with the newlines of the file that it came from."""
    return plan.replace("\n", "\r\n") if "\r\n" in text and "\r\n" not in plan else plan
