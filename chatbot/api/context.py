"""What every route needs: the service, the pool, the figures, and who asks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, TypeVar

from fastapi import Depends, Path, Request

from chatbot.api.config import ServerConfig
from chatbot.api.metrics import Metrics
from chatbot.api.models import TurnView
from chatbot.api.sse import Changes
from chatbot.api.views import turn_view
from chatbot.api.workers import WorkPool
from chatbot.service import CoachService

if TYPE_CHECKING:
    from chatbot.service import ThreadTurn

__all__ = ["Asked", "Context", "Owner", "ThreadId"]

Result = TypeVar("Result")


@dataclass(slots=True)
class Context:
    """What the routes of one app share.

    Args:
        service: The conversations.
        config: Settings.
        pool: Runs what reads plans.
        metrics: What is counted.
        changes: Wakes open streams.
        streams: How many streams are open.
        stopping: Whether the service is being stopped.
    """

    service: CoachService
    config: ServerConfig
    pool: WorkPool
    metrics: Metrics
    changes: Changes = field(default_factory=Changes)
    streams: int = 0
    stopping: bool = False

    async def work(self, work: Callable[[], Result]) -> Result:
        """Run work in the pool.

        Args:
            work: Called in a thread.

        Returns:
            What it returns.
        """
        return await self.pool.run(work)

    async def turn(self, kind: str, work: Callable[[], ThreadTurn]) -> TurnView:
        """Take one turn of a conversation, count it and wake the streams of its thread.

        Args:
            kind: Name of the turn for the figures.
            work: Takes the turn.

        Returns:
            The turn as it is sent.
        """
        turned = await self.pool.run(work)
        self.metrics.turns.labels(kind).inc()
        self.changes.tell(turned.id)
        return turn_view(turned)


def _context(request: Request) -> Context:
    context: Context = request.app.state.context
    return context


def _owner(request: Request) -> str:
    owner: str = request.state.owner
    return owner


Asked = Annotated[Context, Depends(_context)]
Owner = Annotated[str, Depends(_owner)]
ThreadId = Annotated[str, Path(min_length=1, max_length=200, pattern=r"^[A-Za-z0-9_-]+$", description="The thread.")]
