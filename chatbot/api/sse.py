"""The events of a thread as a stream that a client can leave and join again without a loss."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TYPE_CHECKING

from sse_starlette import ServerSentEvent

from chatbot.api.stream_events import Narrator, StreamEvent, done_after
from mtl_core.errors import LessonNudgeError

if TYPE_CHECKING:
    from chatbot.store.base import StoredEvent

__all__ = ["Changes", "follow", "sent"]


class Changes:
    """Wakes the open streams of a thread when this process added to it. Used by the event loop's thread alone."""

    def __init__(self) -> None:
        self._waiting: dict[str, set[asyncio.Event]] = {}

    def tell(self, thread_id: str) -> None:
        """Say that a thread went on.

        Args:
            thread_id: Which.
        """
        for event in self._waiting.get(thread_id, ()):
            event.set()

    async def wait(self, thread_id: str, *, seconds: float) -> None:
        """Wait until a thread goes on.

        Args:
            thread_id: Which.
            seconds: The longest wait.
        """
        event = asyncio.Event()
        self._waiting.setdefault(thread_id, set()).add(event)
        try:
            async with asyncio.timeout(seconds):
                await event.wait()
        except TimeoutError:
            pass
        finally:
            self._waiting[thread_id].discard(event)
            if not self._waiting[thread_id]:
                del self._waiting[thread_id]


async def follow(
    read: Callable[[int], Awaitable[list[StoredEvent]]],
    *,
    first: list[StoredEvent],
    thread_id: str,
    after: int,
    changes: Changes,
    poll: float,
    stay: float,
) -> AsyncIterator[StreamEvent]:
    """Tell a thread's events, those that are kept and then those that come.

    Args:
        read: Gives the kept events after a number.
        first: Every event that is kept.
        thread_id: The thread.
        after: Sequence of the last event that the client has; 0 for none.
        changes: Wakes the stream.
        poll: Seconds between looks for what another process added.
        stay: Seconds that the stream stays open after its last event.

    Yields:
        Events with rising sequence; ``done`` whenever nothing more is kept, ``error`` at the end if the
        thread can no longer be read.
    """
    last, stored, fresh = after, first, True
    clock = asyncio.get_running_loop().time
    until, number, narrator = clock() + stay, 0, Narrator(thread_id)
    while True:
        for event in (event for kept in stored for event in narrator.tell(kept)):
            if event.sequence > last:
                last, fresh = event.sequence, True
                yield event
        number = stored[-1].sequence if stored else number
        if fresh:
            done = done_after(number)
            last, fresh, until = max(last, done.sequence), False, clock() + stay
            yield done
        if clock() >= until:
            return
        await changes.wait(thread_id, seconds=min(poll, max(0.01, until - clock())))
        try:
            stored = await read(number)
        except LessonNudgeError as error:
            yield StreamEvent(last, "error", {"detail": str(error)})
            return


def sent(event: StreamEvent) -> ServerSentEvent:
    """An event as it is sent.

    Args:
        event: What to tell.

    Returns:
        The server-sent event, its sequence both the id and in the data.
    """
    data = json.dumps({"sequence": event.sequence, **event.data}, ensure_ascii=False)
    return ServerSentEvent(data=data, id=str(event.sequence), event=event.kind, retry=2000)
