"""Turns of conversations that are kept: take the coach up, let it act, keep what happened."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import TYPE_CHECKING

from chatbot.coach_cache import CoachCache, Held
from chatbot.event_json import dump_event, load_event
from chatbot.masking import Masker, NameFinder
from chatbot.plan_versions import plan_title
from chatbot.service_rows import ThreadTurn
from chatbot.store.base import ConflictError, EventLog, ThreadRow
from mtl_core.errors import LessonNudgeError

if TYPE_CHECKING:
    from chatbot.coach import LessonCoach
    from chatbot.events import Event
    from chatbot.session import Turn

__all__ = ["KeptCoaches"]


class KeptCoaches:
    """Coaches whose every event is in the log before anybody hears of it. May be used by many threads.

    Args:
        log: Where conversations are kept.
        new_coach: Makes a coach without a plan.
        clock: Gives the time, with a time zone.
        ids: Gives a new identifier for a thread.
        most: How many coaches are held in memory.
        finder: Finds pupils' names that are masked; ``None`` leaves it to rules.
    """

    def __init__(
        self,
        log: EventLog,
        new_coach: Callable[[], LessonCoach],
        *,
        clock: Callable[[], datetime],
        ids: Callable[[], str],
        most: int,
        finder: NameFinder | None = None,
    ) -> None:
        self._log = log
        self._new_coach = new_coach
        self._clock = clock
        self._ids = ids
        self._finder = finder
        self._coaches = CoachCache(most)

    def begin(self, owner: str, text: str, *, title: str | None) -> ThreadTurn:
        """Open a plan in a new thread; see ``CoachService.open``."""
        choice = self._log.settings(owner)
        masker = Masker(on=choice.masking, finder=self._finder)
        plan, name = masker(text), masker(title or "")
        coach = self._new_coach()
        turn = coach.open(plan)
        thread_id, called = self._ids(), name.strip() or plan_title(plan)
        events = [dump_event(event) for event in coach.events]
        sequence = self._log.create_thread(
            thread_id, owner=owner, title=called, at=self._clock(), events=events, consented=choice.keep_labels
        )
        with self._coaches.hold(thread_id) as held:
            held.coach, held.sequence, held.names = coach, sequence, masker.names
        return ThreadTurn(thread_id, called, sequence, turn, masker.counts)

    def view(self, owner: str, thread_id: str) -> ThreadTurn:
        """What is true now; see ``CoachService.view``."""
        self._log.thread(thread_id, owner)
        with self._coaches.hold(thread_id) as held:
            row = self._log.thread(thread_id, owner)
            return ThreadTurn(row.id, row.title, row.sequence, self._current(held, row).turn())

    def act(
        self, owner: str, thread_id: str, act: Callable[[LessonCoach, Masker], Turn], *, expected: int | None = None
    ) -> ThreadTurn:
        """Let the coach of a thread act, and keep what happened.

        Args:
            owner: Who asks.
            thread_id: Of the thread.
            act: What the coach does; every text of the teacher goes through the masker.
            expected: The last sequence that the teacher has seen; ``None`` takes whatever is last.

        Returns:
            The next turn.

        Raises:
            NotFoundError: If there is no such thread of this owner.
            ConflictError: If the thread went on elsewhere; then nothing was kept.
        """
        # another owner's thread is refused before its lock is waited for
        self._log.thread(thread_id, owner)
        choice = self._log.settings(owner)
        with self._coaches.hold(thread_id) as held:
            row = self._log.thread(thread_id, owner)
            if expected is not None and expected != row.sequence:
                raise ConflictError("The conversation went on elsewhere meanwhile; look at it again, then repeat.")
            coach = self._current(held, row)
            masker = Masker(on=choice.masking, names=held.names, finder=self._finder)
            before = coach.events
            # what was said but not kept is not true: unless all goes well, the log is read again
            held.coach = None
            try:
                turn = act(coach, masker)
            except LessonNudgeError:
                held.coach = coach if coach.events == before else None
                raise
            if turn.wish != "forget":
                held.sequence = self._keep(row, coach, before, consented=choice.keep_labels)
                # a text that was no plan is followed by a new beginning, which the log has behind the old one
                held.coach = coach if coach.events[: len(before)] == before else None
                held.names = masker.names
                return ThreadTurn(row.id, row.title, held.sequence, turn, masker.counts)
        self.forget(owner)
        return ThreadTurn(row.id, row.title, 0, turn, masker.counts)

    def forget(self, owner: str) -> int:
        """Delete everything of an owner; see ``CoachService.forget``."""
        mine = [row.id for row in self._log.threads(owner)]
        count = self._log.delete_owner(owner)
        self.drop(mine)
        return count

    def drop(self, thread_ids: Iterable[str]) -> None:
        """Let go of the coaches of threads that were deleted."""
        self._coaches.drop(thread_ids)

    def _keep(self, row: ThreadRow, coach: LessonCoach, before: tuple[Event, ...], *, consented: bool) -> int:
        went_on = coach.events[: len(before)] == before
        new = [dump_event(event) for event in (coach.events[len(before) :] if went_on else coach.events)]
        if not new:
            return row.sequence
        return self._log.append(row.id, new, expected=row.sequence, at=self._clock(), consented=consented)

    def _current(self, held: Held, row: ThreadRow) -> LessonCoach:
        """The coach as the log has it; read again where the thread went on elsewhere."""
        if held.coach is None or held.sequence != row.sequence:
            coach = self._new_coach()
            kept = [stored for stored in self._log.events(row.id) if stored.sequence <= row.sequence]
            coach.restore(load_event(stored.event) for stored in kept)
            held.coach, held.sequence = coach, row.sequence
        return held.coach
