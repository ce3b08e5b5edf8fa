"""How often one owner or address may ask: a token bucket for each."""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

__all__ = ["TokenBuckets"]


@dataclass(slots=True)
class _Bucket:
    tokens: float
    filled_at: float


class TokenBuckets:
    """A token bucket for each client; the client that was silent longest is forgotten first.

    A bucket that is forgotten was full again, or the memory held more clients than ``most``. It is used by one
    thread, the one of the event loop.

    Args:
        rate: Tokens that come back in a second.
        burst: Tokens that a full bucket holds.
        clock: Seconds that only grow.
        most: How many clients are remembered.
    """

    def __init__(self, *, rate: float, burst: int, clock: Callable[[], float], most: int = 10_000) -> None:
        self._rate = rate
        self._burst = float(burst)
        self._clock = clock
        self._most = most
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()

    def __len__(self) -> int:
        return len(self._buckets)

    def take(self, client: str) -> float:
        """Take one token.

        Args:
            client: Whose.

        Returns:
            0 if there was one, else the seconds until the next one.
        """
        now = self._clock()
        bucket = self._buckets.pop(client, None) or _Bucket(self._burst, now)
        bucket.tokens = min(self._burst, bucket.tokens + (now - bucket.filled_at) * self._rate)
        bucket.filled_at = now
        self._buckets[client] = bucket
        if len(self._buckets) > self._most:
            self._buckets.popitem(last=False)
        if bucket.tokens >= 1:
            bucket.tokens -= 1
            return 0.0
        return max((1 - bucket.tokens) / self._rate, math.ulp(1.0))
