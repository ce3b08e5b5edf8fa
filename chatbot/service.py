"""Many conversations of many owners over one model and one log, for many threads at once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any

from chatbot.events import Decision
from chatbot.service_rows import PlanVersion, ThreadSummary, ThreadTurn
from chatbot.store.base import EventLog, OwnerSettings, StoredEvent

if TYPE_CHECKING:
    from mtl_core.quality import QualityModel
    from retrieval.index import SearchHit, TemplateIndex

__all__ = ["CoachService", "PlanVersion", "ThreadSummary", "ThreadTurn"]


class CoachService:
    """Conversations that are kept. Every method may be called by many threads at once.

    Args:
        model: Reads plans.
        index: Finds templates; must use the model's encoder.
        log: Where conversations are kept; the service does not close it.
        clock: Gives the time, with a time zone.
        ids: Gives a new identifier for a thread, hard to guess.
        understand: How a message is understood; ``None`` takes the phrase rules.
        phraser: Rephrases a nudge; ``None`` leaves the composed words.
        most_coaches: How many conversations are held in memory; others are read again from the log.
    """

    def __init__(
        self,
        model: QualityModel,
        index: TemplateIndex,
        log: EventLog,
        *,
        clock: Callable[[], datetime],
        ids: Callable[[], str],
        understand: Callable[[str], Any] | None = None,
        phraser: Callable[..., Any] | None = None,
        most_coaches: int = 64,
    ) -> None:
        raise NotImplementedError

    def open(self, owner: str, text: str, *, title: str | None = None) -> ThreadTurn:
        """Begin a thread with a plan.

        Args:
            owner: Whose thread it is.
            text: The plan.
            title: What it is called; ``None`` takes the plan's first line.

        Returns:
            The first turn.

        Raises:
            InputError: If the text cannot be read.
        """
        raise NotImplementedError

    def view(self, owner: str, thread_id: str) -> ThreadTurn:
        """What is true now; nothing is said and nothing is kept.

        Args:
            owner: Who asks.
            thread_id: Of the thread.

        Returns:
            The turn, with the pending nudge in the words in which it was offered.

        Raises:
            NotFoundError: If there is no such thread of this owner.
        """
        raise NotImplementedError

    def say(self, owner: str, thread_id: str, text: str, *, expected: int | None = None) -> ThreadTurn:
        """Take a typed message.

        Args:
            owner: Who types.
            thread_id: Of the thread.
            text: The message.
            expected: The sequence that the teacher sees; ``None`` takes whatever is last.

        Returns:
            The next turn.

        Raises:
            NotFoundError: If there is no such thread of this owner.
            ConflictError: If the thread went on elsewhere.
            InputError: If the message cannot be used.
        """
        raise NotImplementedError

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
            NotFoundError: If there is no such thread of this owner.
            ConflictError: If the thread went on elsewhere.
            InputError: If this nudge does not wait, or the answer cannot be used.
        """
        raise NotImplementedError

    def revise(self, owner: str, thread_id: str, text: str, *, expected: int | None = None) -> ThreadTurn:
        """Read the teacher's own new version of the plan.

        Args:
            owner: Whose thread it is.
            thread_id: Of the thread.
            text: The whole new text.
            expected: The sequence that the teacher sees; ``None`` takes whatever is last.

        Returns:
            The next turn.

        Raises:
            NotFoundError: If there is no such thread of this owner.
            ConflictError: If the thread went on elsewhere.
            InputError: If the text cannot be read.
        """
        raise NotImplementedError

    def undo(self, owner: str, thread_id: str, *, expected: int | None = None) -> ThreadTurn:
        """Take the last change of the plan back, byte for byte.

        Args:
            owner: Whose thread it is.
            thread_id: Of the thread.
            expected: The sequence that the teacher sees; ``None`` takes whatever is last.

        Returns:
            The next turn.

        Raises:
            NotFoundError: If there is no such thread of this owner.
            ConflictError: If the thread went on elsewhere.
            InputError: If there is nothing to undo.
        """
        raise NotImplementedError

    def threads(self, owner: str) -> list[ThreadSummary]:
        """An owner's threads, the one that changed last first."""
        raise NotImplementedError

    def events(self, owner: str, thread_id: str, *, after: int = 0) -> list[StoredEvent]:
        """Events of a thread.

        Args:
            owner: Who asks.
            thread_id: Of the thread.
            after: Only those with a higher sequence.

        Returns:
            Oldest first.

        Raises:
            NotFoundError: If there is no such thread of this owner.
        """
        raise NotImplementedError

    def versions(self, owner: str, thread_id: str) -> list[PlanVersion]:
        """Every version of the plan, oldest first.

        Args:
            owner: Who asks.
            thread_id: Of the thread.

        Returns:
            The versions; the last one is the plan now.

        Raises:
            NotFoundError: If there is no such thread of this owner.
        """
        raise NotImplementedError

    def delete(self, owner: str, thread_id: str) -> None:
        """Delete a thread.

        Args:
            owner: Whose thread it is.
            thread_id: Of the thread.

        Raises:
            NotFoundError: If there is no such thread of this owner.
        """
        raise NotImplementedError

    def forget(self, owner: str) -> int:
        """Delete everything of an owner: threads, decisions kept to learn from, settings.

        Args:
            owner: Whose.

        Returns:
            How many threads there were.
        """
        raise NotImplementedError

    def settings(self, owner: str) -> OwnerSettings:
        """What an owner chose."""
        raise NotImplementedError

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
        raise NotImplementedError

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
        raise NotImplementedError
