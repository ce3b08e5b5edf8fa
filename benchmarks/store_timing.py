"""Timing and recall as the benchmarks of stores count them, and their table."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

__all__ = ["milliseconds", "once", "print_results", "recall"]


def milliseconds(work: Callable[[int], Any], *, times: int) -> float:
    """Median time of a call.

    Args:
        work: Called with 0, 1, 2 and so on, after one call that is not counted.
        times: How often.

    Returns:
        Milliseconds.
    """
    work(0)
    taken = []
    for number in range(times):
        start = time.perf_counter()
        work(number)
        taken.append(time.perf_counter() - start)
    return float(np.median(taken)) * 1000


def once(work: Callable[[], Any]) -> float:
    """Time of one call.

    Args:
        work: The call.

    Returns:
        Milliseconds.
    """
    start = time.perf_counter()
    work()
    return (time.perf_counter() - start) * 1000


def recall(found: Sequence[Sequence[int]], exact: Sequence[Sequence[int]]) -> float:
    """Share of the right rows that were found.

    Args:
        found: Row numbers a query.
        exact: The right ones.

    Returns:
        0 to 1.
    """
    right = sum(len(set(ours) & set(theirs)) for ours, theirs in zip(found, exact, strict=True))
    return right / sum(len(one) for one in exact)


def print_results(title: str, results: Mapping[str, Mapping[str, float]]) -> None:
    """Print a table and the same as JSON.

    Args:
        title: What was measured.
        results: Figures by system.
    """
    columns = list(dict.fromkeys(name for one in results.values() for name in one))
    print(f"{title}\n\n| system | {' | '.join(columns)} |\n|---|{'---|' * len(columns)}")
    for system, figures in results.items():
        cells = [f"{figures[name]:.3f}" if name in figures else "" for name in columns]
        print(f"| {system} | {' | '.join(cells)} |")
    print(json.dumps({"title": title, "results": results}))
