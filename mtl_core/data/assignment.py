"""Bundles of rows dealt to parts of given shares, labels kept in proportion."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass

__all__ = ["Bundle", "assign"]


@dataclass(frozen=True, slots=True)
class Bundle:
    """Rows that must not part.

    Args:
        rows: Their numbers.
        labels: How many of them hold each label that is stratified on.
    """

    rows: tuple[int, ...]
    labels: Mapping[Hashable, int]


def assign(bundles: Sequence[Bundle], *, shares: Sequence[float]) -> list[int]:
    """Deal bundles to parts, as near to the shares as whole bundles allow.

    The idea is that of greedy group-stratified folds: a bundle goes to the part that is furthest
    behind its share of the bundle's labels, among the parts that still have room for it. Where none
    has, it goes to the part that misses most rows, which keeps every part within one bundle of its
    target. Large bundles are dealt first, and among equal ones those with the rarest label, which can
    be placed only once (Sechidis et al., "On the stratification of multi-label data", 2011).

    Args:
        bundles: At least one for each part with a share; equal ones are dealt in this order.
        shares: Share of each part, in sum 1.

    Returns:
        ``[bundles]`` the number of each bundle's part. No part with a share stays empty.
    """
    parts = _dealt(bundles, shares=shares, fill_empty=False)
    if len(set(parts)) < sum(share > 0 for share in shares):
        return _dealt(bundles, shares=shares, fill_empty=True)
    return parts


def _dealt(bundles: Sequence[Bundle], *, shares: Sequence[float], fill_empty: bool) -> list[int]:
    frequency: Counter[Hashable] = Counter()
    for bundle in bundles:
        frequency.update(bundle.labels)
    ledger = _Ledger(sum(len(bundle.rows) for bundle in bundles), shares, frequency)

    def size_then_rarity(index: int) -> tuple[int, int]:
        rarest = min((frequency[label] for label in bundles[index].labels), default=0)
        return -len(bundles[index].rows), rarest

    parts = [-1] * len(bundles)
    for done, index in enumerate(sorted(range(len(bundles)), key=size_then_rarity)):
        empty = ledger.empty_parts()
        must_fill = fill_empty and len(empty) >= len(bundles) - done
        parts[index] = ledger.deal(bundles[index], among=empty if must_fill else None)
    return parts


class _Ledger:
    """What each part holds so far, and what it still has room for."""

    def __init__(self, rows: int, shares: Sequence[float], frequency: Mapping[Hashable, int]) -> None:
        self._shares = shares
        self._frequency = frequency
        self._room = _targets(rows, shares)
        self._rows = [0] * len(shares)
        self._held: list[Counter[Hashable]] = [Counter() for _ in shares]
        self._seen: Counter[Hashable] = Counter()

    def empty_parts(self) -> list[int]:
        return [part for part, share in enumerate(self._shares) if share > 0 and not self._rows[part]]

    def deal(self, bundle: Bundle, *, among: Sequence[int] | None) -> int:
        """Put a bundle where it is missed most, and note it."""
        self._seen.update(bundle.labels)
        lags = self._lags(bundle)
        part = max(self._candidates(len(bundle.rows)) if among is None else among, key=lags.__getitem__)
        self._room[part] -= len(bundle.rows)
        self._rows[part] += len(bundle.rows)
        self._held[part].update(bundle.labels)
        return part

    def _candidates(self, size: int) -> list[int]:
        fitting = [part for part, room in enumerate(self._room) if room >= size]
        return fitting or [max(range(len(self._room)), key=self._room.__getitem__)]

    def _lags(self, bundle: Bundle) -> list[tuple[float, float]]:
        """By part, how far it lags behind its share of the bundle's labels, then of rows, dealt so far.

        A lag counts by the label's rarity, so that a frequent label does not drown a rare one. What was
        dealt so far is the measure, not the end, so that large bundles do not all go to one part.
        """
        lags = []
        dealt = sum(self._rows) + len(bundle.rows)
        for part, share in enumerate(self._shares):
            held = self._held[part]
            by_label = (
                count * (share * self._seen[label] - held[label]) / self._frequency[label]
                for label, count in bundle.labels.items()
            )
            lags.append((sum(by_label), share * dealt - self._rows[part]))
        return lags


def _targets(rows: int, shares: Sequence[float]) -> list[int]:
    """Whole numbers of rows nearest to the shares, at least one for each share above 0."""
    exact = [share * rows for share in shares]
    targets = [int(value) for value in exact]
    by_rest = sorted(range(len(shares)), key=lambda part: targets[part] - exact[part])
    for part in by_rest[: rows - sum(targets)]:
        targets[part] += 1
    for part, share in enumerate(shares):
        if share > 0 and not targets[part]:
            targets[max(range(len(shares)), key=targets.__getitem__)] -= 1
            targets[part] = 1
    return targets
