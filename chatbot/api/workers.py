"""Reading plans takes seconds of a core: a few threads, a short queue, and a limit of time."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from mtl_core.errors import LessonNudgeError

__all__ = ["BusyError", "WorkPool", "share_cores"]

Result = TypeVar("Result")


class BusyError(LessonNudgeError):
    """The service has as much work as it can take, or the work took too long."""


class WorkPool:
    """Runs work in threads; what does not fit in is refused at once.

    Args:
        workers: Threads.
        queue: How many pieces of work may wait.
        seconds: How long one piece may take, waiting included.
    """

    def __init__(self, *, workers: int, queue: int, seconds: float) -> None:
        self._executor = ThreadPoolExecutor(workers, thread_name_prefix="coach")
        self._most = workers + queue
        self._seconds = seconds
        self._inside = 0
        self._lock = threading.Lock()

    @property
    def inside(self) -> int:
        """How many pieces of work run or wait."""
        return self._inside

    @property
    def full(self) -> bool:
        """Whether the next piece would be refused."""
        return self._inside >= self._most

    async def run(self, work: Callable[[], Result]) -> Result:
        """Run one piece of work.

        Args:
            work: Called in a thread.

        Returns:
            What it returns.

        Raises:
            BusyError: If the queue is full, or the time is over. Work that has begun goes on to its end.
        """
        with self._lock:
            if self.full:
                raise BusyError("The service has all the work that it can take now. Try again in a second.")
            self._inside += 1
        try:
            future = self._executor.submit(work)
        except RuntimeError as error:
            self._leave()
            raise BusyError("The service is stopping. Try again in a few seconds.") from error
        future.add_done_callback(lambda _: self._leave())
        try:
            async with asyncio.timeout(self._seconds):
                return await asyncio.wrap_future(future)
        except TimeoutError as error:
            raise BusyError(
                f"This took longer than {self._seconds:g} seconds. It may still be finished: look at the thread again."
            ) from error

    def close(self) -> None:
        """Finish what has begun, and drop what waits."""
        self._executor.shutdown(wait=True, cancel_futures=True)

    def _leave(self) -> None:
        with self._lock:
            self._inside -= 1


def share_cores(workers: int, cores: int) -> None:
    """Give each worker its share of the cores; more threads than cores only wait for each other.

    Args:
        workers: Threads that read plans.
        cores: Cores of this computer.
    """
    import torch  # noqa: PLC0415 - seconds to import

    torch.set_num_threads(max(1, cores // workers))
