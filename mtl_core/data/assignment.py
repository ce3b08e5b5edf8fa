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
    target. Sechidis et al., "On the stratification of multi-label data", 2011, take the rarest label
    first for the same reason as here: it can be placed only once.

    Args:
        bundles: At least one for each part with a share; equal ones are dealt in this order.
        shares: Share of each part, in sum 1.

    Returns:
        ``[bundles]`` the number of each bundle's part. No part with a share stays empty.
    """
    parts = _deal(bundles, shares=shares, no_empty_part=False)
    if len(set(parts)) < sum(share > 0 for share in shares):
        return _deal(bundles, shares=shares, no_empty_part=True)
    return parts


def _deal(bundles: Sequence[Bundle], *, shares: Sequence[float], no_empty_part: bool) -> list[int]:
    frequency: Counter[Hashable] = Counter()
    for bundle in bundles:
        frequency.update(bundle.labels)
    room = _targets(sum(len(bundle.rows) for bundle in bundles), shares)
    dealt = [0] * len(shares)
    seen: Counter[Hashable] = Counter()
    held: list[Counter[Hashable]] = [Counter() for _ in shares]
    chosen = [-1] * len(bundles)

    def order(index: int) -> tuple[int, int]:
        rarest = min((frequency[label] for label in bundles[index].labels), default=0)
        return -len(bundles[index].rows), rarest

    for done, index in enumerate(sorted(range(len(bundles)), key=order)):
        bundle = bundles[index]
        size = len(bundle.rows)
        seen.update(bundle.labels)
        empty = [part for part, share in enumerate(shares) if share > 0 and not dealt[part]]
        candidates = [part for part, left in enumerate(room) if left >= size]
        if no_empty_part and len(empty) >= len(bundles) - done:
            candidates = empty
        elif not candidates:
            candidates = [max(range(len(shares)), key=room.__getitem__)]

        def behind(part: int, bundle: Bundle = bundle, total: int = sum(dealt) + size) -> tuple[float, float]:
            labels = sum(
                count * (shares[part] * seen[label] - held[part][label]) / frequency[label]
                for label, count in bundle.labels.items()
            )
            return labels, shares[part] * total - dealt[part]

        part = max(candidates, key=behind)
        chosen[index] = part
        room[part] -= size
        dealt[part] += size
        held[part].update(bundle.labels)
    return chosen


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
