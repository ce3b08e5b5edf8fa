"""Many conversations of many owners over one model and one log, for many threads at once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, cast

from chatbot.coach import LessonCoach
from chatbot.events import Decided, Decision
from chatbot.kept_coaches import KeptCoaches
from chatbot.masking import Masker, NameFinder
from chatbot.plan_versions import plan_versions
from chatbot.reading_turns import ReadingTurns
from chatbot.service_rows import PlanVersion, ThreadSummary, ThreadTurn
from chatbot.session import Turn
from chatbot.store.base import EventLog, OwnerSettings, StoredEvent
from mtl_core.errors import InputError
from retrieval.index import SearchFilter

if TYPE_CHECKING:
    from chatbot.conversation import Phraser
    from chatbot.understanding import Understood
    from mtl_core.quality import QualityModel
    from retrieval.index import SearchHit, TemplateIndex

__all__ = ["CoachService", "PlanVersion", "ThreadSummary", "ThreadTurn"]

_EXPIRE_EVERY = timedelta(hours=1)


class CoachService:
    """Conversations that are kept. Every method may be called by many threads at once.

    ``owner`` is who asks and ``thread_id`` the thread; where it is not one of this owner's, every
    method raises ``NotFoundError``. ``expected`` is the last sequence that the teacher has seen,
    ``None`` for whatever is last; where the thread went on elsewhere, ``ConflictError`` is raised and
    nothing is kept. Input that cannot be used raises ``InputError``. Personal data is masked before
    anything is read or kept, unless the owner turned that off.

    Args:
        model: Reads plans.
        index: Finds templates; must use the model's encoder.
        log: Where conversations are kept; the service does not close it.
        clock: Gives the time, with a time zone.
        ids: Gives a new identifier for a thread or a nudge, hard to guess.
        understand: How a message is understood; ``None`` takes the phrase rules.
        phraser: Rephrases a nudge; ``None`` leaves the composed words.
        finder: Finds pupils' names that are masked; ``None`` leaves it to rules.
        most_coaches: How many conversations are held in memory; others are read again from the log.
        readings_at_once: How many plans are read beside each other; each pass uses torch's threads.
    """

    def __init__(
        self,
        model: QualityModel,
        index: TemplateIndex,
        log: EventLog,
        *,
        clock: Callable[[], datetime],
        ids: Callable[[], str],
        understand: Callable[[str], Understood] | None = None,
        phraser: Phraser | None = None,
        finder: NameFinder | None = None,
        most_coaches: int = 64,
        readings_at_once: int = 1,
    ) -> None:
        # the coach asks a model to analyse and for nothing else
        turns = ReadingTurns(model, at_once=readings_at_once)
        reader = cast("QualityModel", turns)
        if finder is not None:
            finder = turns.taking_turns(finder)

        def new_coach() -> LessonCoach:
            return LessonCoach(reader, index, nudge_ids=ids, understand=understand, phraser=phraser)

        self._index = index
        self._log = log
        self._clock = clock
        self._kept = KeptCoaches(log, new_coach, clock=clock, ids=ids, most=most_coaches, finder=finder)
        self._expired: datetime | None = None

    @property
    def index(self) -> TemplateIndex:
        """The templates that suggestions come from."""
        return self._index

    def open(self, owner: str, text: str, *, title: str | None = None) -> ThreadTurn:
        """Begin a thread with a plan.

        Args:
            owner: Whose thread it is.
            text: The plan.
            title: What it is called; ``None`` takes the plan's first line.

        Returns:
            The first turn.

        Raises:
            InputError: If the text or the title cannot be used; then nothing is kept.
        """
        self._expire()
        return self._kept.begin(owner, text, title=title)

    def view(self, owner: str, thread_id: str) -> ThreadTurn:
        """What is true now, the pending nudge in the words in which it was offered; nothing is said or kept."""
        return self._kept.view(owner, thread_id)

    def say(self, owner: str, thread_id: str, text: str, *, expected: int | None = None) -> ThreadTurn:
        """Take a typed message; "forget me" deletes everything of the owner.

        Args:
            owner: Who types.
            thread_id: Of the thread.
            text: The message.
            expected: See the class.

        Returns:
            The next turn.
        """
        return self._kept.act(owner, thread_id, lambda coach, mask: coach.say(mask(text)), expected=expected)

    def decide(
        self,
        owner: str,
        thread_id: str,
        nudge_id: str,
        decision: Decision | str,
        *,
        text: str | None = None,
        quote: str | None = None,
        reason: str | None = None,
    ) -> ThreadTurn:
        """Answer the pending nudge; the same answer sent twice counts once.

        Args:
            owner: Who answers.
            thread_id: Of the thread.
            nudge_id: Of the pending nudge.
            decision: ``use``, ``edit``, ``not_now``, ``not_relevant`` or ``already_there``.
            text: With ``edit``, the teacher's version.
            quote: With ``already_there``, the passage of the plan.
            reason: With ``not_relevant``, why.

        Returns:
            The next turn.

        Raises:
            InputError: If this nudge does not wait, or the answer cannot be used.
        """

        def act(coach: LessonCoach, mask: Masker) -> Turn:
            if any(isinstance(e, Decided) and (e.nudge_id, e.decision) == (nudge_id, decision) for e in coach.events):
                return coach.turn()
            edited, why = (None if one is None else mask(one) for one in (text, reason))
            quoted = None if quote is None else mask.quote(quote)
            return coach.decide(nudge_id, decision, text=edited, quote=quoted, reason=why)

        return self._kept.act(owner, thread_id, act)

    def revise(self, owner: str, thread_id: str, text: str, *, expected: int | None = None) -> ThreadTurn:
        """Read the teacher's own new version of the plan.

        Args:
            owner: Whose thread it is.
            thread_id: Of the thread.
            text: The whole new text.
            expected: See the class.

        Returns:
            The next turn.
        """
        return self._kept.act(owner, thread_id, lambda coach, mask: coach.revise(mask(text)), expected=expected)

    def undo(self, owner: str, thread_id: str, *, expected: int | None = None) -> ThreadTurn:
        """Take the last change of the plan back, byte for byte; ``InputError`` where nothing was changed."""
        return self._kept.act(owner, thread_id, lambda coach, _: coach.undo(), expected=expected)

    def redo(self, owner: str, thread_id: str, *, expected: int | None = None) -> ThreadTurn:
        """Make the change again that was undone last; ``InputError`` where nothing was undone since the last change."""
        return self._kept.act(owner, thread_id, lambda coach, _: coach.redo(), expected=expected)

    def threads(self, owner: str) -> list[ThreadSummary]:
        """An owner's threads, the one that changed last first."""
        rows = self._log.threads(owner)
        return [ThreadSummary(row.id, row.title, row.created, row.changed, row.sequence) for row in rows]

    def events(self, owner: str, thread_id: str, *, after: int = 0) -> list[StoredEvent]:
        """Events of a thread with a sequence above ``after``, oldest first."""
        self._log.thread(thread_id, owner)
        return self._log.events(thread_id, after=after)

    def versions(self, owner: str, thread_id: str) -> list[PlanVersion]:
        """Every version of the plan, oldest first; the last one is the plan now."""
        return plan_versions(self.events(owner, thread_id))

    def delete(self, owner: str, thread_id: str) -> None:
        """Delete a thread with everything that was kept of it."""
        self._log.thread(thread_id, owner)
        self._log.delete_thread(thread_id)
        self._kept.drop([thread_id])

    def forget(self, owner: str) -> int:
        """Delete everything of an owner: threads, decisions kept to learn from, settings.

        Args:
            owner: Whose.

        Returns:
            How many threads there were.
        """
        return self._kept.forget(owner)

    def settings(self, owner: str) -> OwnerSettings:
        """What an owner chose."""
        return self._log.settings(owner)

    def change_settings(
        self,
        owner: str,
        *,
        masking: bool | None = None,
        keep_labels: bool | None = None,
        retention_days: int | None = None,
        keep_forever: bool = False,
    ) -> OwnerSettings:
        """Change what an owner chose; what is not given stays.

        Args:
            owner: Whose.
            masking: Whether personal data is masked from now on.
            keep_labels: Whether decisions may be learnt from.
            retention_days: Days that a thread is kept after its last event.
            keep_forever: Keep threads until they are deleted; not together with ``retention_days``.

        Returns:
            What is true now.

        Raises:
            InputError: If a value is out of range.
        """
        if keep_forever and retention_days is not None:
            raise InputError("A thread is kept for some days or for good; choose one of them.")
        before = self._log.settings(owner)
        days = before.retention_days if retention_days is None else retention_days
        after = OwnerSettings(
            masking=before.masking if masking is None else masking,
            keep_labels=before.keep_labels if keep_labels is None else keep_labels,
            retention_days=None if keep_forever else days,
        )
        self._log.change_settings(owner, after)
        return after

    def search(
        self,
        query: str,
        *,
        k: int = 5,
        subject: str | None = None,
        grade: int | None = None,
        minutes: int | None = None,
        measure: str | None = None,
    ) -> list[SearchHit]:
        """Search the templates.

        Args:
            query: What is looked for.
            k: The most results.
            subject: Only templates for it, or for any subject.
            grade: Only templates for this US grade.
            minutes: The most minutes that a template takes.
            measure: Only templates that repair this measure.

        Returns:
            Hits, best first.

        Raises:
            InputError: If the query or a filter cannot be used.
        """
        where = SearchFilter(subject=subject, grade=grade, minutes=minutes, measure=measure)
        return self._index.search(query, k=k, where=where)

    def _expire(self) -> None:
        now = self._clock()
        if self._expired is None or now - self._expired >= _EXPIRE_EVERY:
            self._expired = now
            self._log.expire(now)
