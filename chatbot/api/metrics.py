"""Figures for Prometheus, in a registry of each app's own."""

from __future__ import annotations

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

__all__ = ["Metrics"]

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)


class Metrics:
    """What the service counts and times. No label holds anything that a client chose."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "lesson_nudge_requests", "Requests answered.", ("method", "route", "status"), registry=self.registry
        )
        self.seconds = Histogram(
            "lesson_nudge_request_seconds",
            "Time to an answer, or to the first event of a stream.",
            ("route",),
            buckets=_SECONDS,
            registry=self.registry,
        )
        self.turns = Counter("lesson_nudge_turns", "Turns of conversations.", ("kind",), registry=self.registry)
        self.decisions = Counter("lesson_nudge_decisions", "Answers to nudges.", ("decision",), registry=self.registry)
        self.refused = Counter(
            "lesson_nudge_refused", "Requests refused by a limit.", ("limit",), registry=self.registry
        )
        self.streams = Gauge("lesson_nudge_streams", "Event streams that are open.", registry=self.registry)

    def watch_work(self, inside: Callable[[], int]) -> None:
        """Show how much work is in progress.

        Args:
            inside: Gives how many pieces of work run or wait.
        """
        gauge = Gauge("lesson_nudge_work", "Pieces of work that run or wait.", registry=self.registry)
        gauge.set_function(inside)

    def text(self) -> bytes:
        """The figures in Prometheus's text format."""
        return generate_latest(self.registry)
