"""Training, validation and test parts that share neither a text nor a group."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np

from mtl_core.data.assignment import Bundle, assign
from mtl_core.data.examples import Example
from mtl_core.data.hints import did_you_mean, listed
from mtl_core.errors import InputError

__all__ = ["PARTS", "Leak", "leakage", "normalised", "split_examples"]

PARTS = ("train", "validation", "test")
"""Names of the parts, in order."""


@dataclass(frozen=True, slots=True)
class Leak:
    """An example whose text or group the training data holds too.

    Args:
        train: The first training example that it shares it with.
        other: The example of the other split.
        shared: ``text`` or ``group``.
    """

    train: Example
    other: Example
    shared: str


def normalised(text: str) -> str:
    """A text as it is compared for duplicates: case folded, runs of blanks as one."""
    return " ".join(text.casefold().split())


def split_examples(
    examples: Sequence[Example],
    *,
    validation: float = 0.1,
    test: float = 0.2,
    seed: int,
    stratify_by: str | None = None,
    grouped: bool = True,
) -> dict[str, list[Example]]:
    """Split into training, validation and test parts without leakage.

    Examples of the same text (case and blanks aside) or, with ``grouped``, of the same group land in
    one part. No part misses its share by more than the largest such bundle (twice that where there are
    hardly more bundles than parts).

    Args:
        examples: The examples.
        validation: Share of the validation part; 0 for none.
        test: Share of the test part; 0 for none.
        seed: Decides between bundles of equal size and rarity.
        stratify_by: Task whose labels each part holds in proportion; no label counts as one more.
        grouped: Whether ``Example.group`` holds together; groups of two data sets are never the same.

    Returns:
        Examples by the names in ``PARTS``, each part in the given order.

    Raises:
        InputError: If a part would be empty, or no example has a label of ``stratify_by``.
    """
    shares = _checked_shares(validation, test)
    if seed < 0:
        raise InputError(f"The seed is {seed}; give 0 or more.")
    if stratify_by is not None:
        _check_labelled(examples, stratify_by)
    bundles = _bundles(examples, stratify_by=stratify_by, grouped=grouped)
    if len(bundles) < (parts := sum(share > 0 for share in shares)):
        raise InputError(
            f"{len(examples)} examples make {len(bundles)} bundles without a shared text or group, too few for "
            f"{parts} parts; add examples, or give the splits as files."
        )
    order = np.random.default_rng(seed).permutation(len(bundles)).tolist()
    dealt = [bundles[index] for index in order]
    part_of = {
        row: part for bundle, part in zip(dealt, assign(dealt, shares=shares), strict=True) for row in bundle.rows
    }
    return {
        name: [example for row, example in enumerate(examples) if part_of[row] == part]
        for part, name in enumerate(PARTS)
    }


def leakage(train: Sequence[Example], other: Sequence[Example]) -> list[Leak]:
    """What another split shares with the training data.

    Args:
        train: The training examples.
        other: The validation or test examples.

    Returns:
        One leak for each example of ``other`` whose normalised text stands in ``train``, or whose
        group does, in the order of ``other``.
    """
    texts: dict[str, Example] = {}
    groups: dict[tuple[str, str], Example] = {}
    for example in train:
        texts.setdefault(normalised(example.text), example)
        if example.group:
            groups.setdefault((example.dataset, example.group), example)
    leaks = []
    for example in other:
        twin = texts.get(normalised(example.text))
        kin = groups.get((example.dataset, example.group))
        if twin is not None:
            leaks.append(Leak(twin, example, "text"))
        elif kin is not None:
            leaks.append(Leak(kin, example, "group"))
    return leaks


def _bundles(examples: Sequence[Example], *, stratify_by: str | None, grouped: bool) -> list[Bundle]:
    rows_by_root: dict[int, list[int]] = defaultdict(list)
    for row, root in enumerate(_roots(examples, grouped=grouped)):
        rows_by_root[root].append(row)
    strata = [_strata(example, stratify_by) for example in examples]
    return [
        Bundle(tuple(rows), Counter(stratum for row in rows for stratum in strata[row]))
        for rows in rows_by_root.values()
    ]


def _checked_shares(validation: float, test: float) -> tuple[float, float, float]:
    shares = (round(1.0 - validation - test, 9), validation, test)
    if not all(0 <= share <= 1 for share in shares) or not shares[0]:
        raise InputError(
            f"Shares of {validation} and {test} leave no training part; give 0 or more each, less than 1 together."
        )
    return shares


def _check_labelled(examples: Sequence[Example], task: str) -> None:
    known = sorted({name for example in examples for name in example.labels})
    if task not in known:
        raise InputError(
            f"No example has a label of task {task!r} to stratify by; the labelled tasks are {listed(known)}."
            f"{did_you_mean(task, known)}"
        )


def _strata(example: Example, task: str | None) -> frozenset[Hashable]:
    if task is None:
        return frozenset()
    label = example.labels.get(task)
    if isinstance(label, tuple):
        return frozenset(label) or frozenset({()})
    return frozenset({label})


def _roots(examples: Sequence[Example], *, grouped: bool) -> list[int]:
    """For each row the first row that it hangs together with (union-find)."""
    parent = list(range(len(examples)))

    def root(row: int) -> int:
        while parent[row] != row:
            parent[row] = parent[parent[row]]
            row = parent[row]
        return row

    first: dict[Hashable, int] = {}
    for row, example in enumerate(examples):
        keys: list[Hashable] = [normalised(example.text)]
        if grouped and example.group:
            keys.append((example.dataset, example.group))
        for key in keys:
            one, two = sorted((root(first.setdefault(key, row)), root(row)))
            parent[two] = one
    return [root(row) for row in range(len(examples))]
