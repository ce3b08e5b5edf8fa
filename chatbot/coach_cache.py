"""Coaches of recent conversations in memory: a bounded number, one turn at a time a conversation."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Lock
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from chatbot.coach import LessonCoach

__all__ = ["CoachCache", "Held"]


@dataclass
class Held:
    """What is held of one conversation; the log is the truth, so it may be thrown away at any time.

    Args:
        coach: As the conversation stood at ``sequence``; ``None`` where it has to be read from the log.
        sequence: Of the last event that the coach knows.
        names: What was masked in this conversation, so that it is masked again where no context
            tells; in memory alone, never kept.
        lock: Held by whoever works on the conversation.
        users: How many work on it or wait for it.
    """

    coach: LessonCoach | None = None
    sequence: int = 0
    names: frozenset[str] = frozenset()
    lock: Lock = field(default_factory=Lock)
    users: int = 0


class CoachCache:
    """The conversations that were used last. May be used by many threads.

    Args:
        most: How many are held; those in use come on top.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._held: OrderedDict[str, Held] = OrderedDict()
        self._lock = Lock()

    def __len__(self) -> int:
        return len(self._held)

    @contextmanager
    def hold(self, thread_id: str) -> Iterator[Held]:
        """One conversation, for the caller alone.

        Args:
            thread_id: Of the conversation.

        Yields:
            What is held of it; empty where nothing is.
        """
        with self._lock:
            held = self._held.setdefault(thread_id, Held())
            self._held.move_to_end(thread_id)
            held.users += 1
        try:
            with held.lock:
                yield held
        finally:
            with self._lock:
                held.users -= 1
                self._shrink()

    def drop(self, thread_ids: Iterable[str]) -> None:
        """Let go of conversations; one that is in use is emptied when its turn is over.

        Args:
            thread_ids: Which.
        """
        for thread_id in thread_ids:
            with self._lock:
                known = thread_id in self._held
            if known:
                with self.hold(thread_id) as held:
                    held.coach, held.sequence, held.names = None, 0, frozenset()

    def _shrink(self) -> None:
        idle = [name for name, held in self._held.items() if held.users == 0]
        # emptied ones go first, then those that were not used for the longest time
        idle.sort(key=lambda name: self._held[name].coach is not None)
        for name in idle[: max(0, len(self._held) - self._most)]:
            del self._held[name]
