"""Parts that share neither a text nor a group, in proportion."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mtl_core.data import PARTS, Example, leakage, normalised, split_examples
from mtl_core.data.assignment import Bundle, assign
from mtl_core.errors import InputError

SHARES = {"train": 0.7, "validation": 0.1, "test": 0.2}


def example(text: str, label: str | None = None, *, group: str = "", dataset: str = "d") -> Example:
    return Example(text=text, labels={} if label is None else {"t": label}, group=group, dataset=dataset)


def numbered(*labels: str | None) -> list[Example]:
    return [replace(example(f"text {number}", label), source=str(number)) for number, label in enumerate(labels)]


@st.composite
def related(draw: st.DrawFn) -> list[Example]:
    """Examples whose texts and groups repeat."""
    rows = draw(st.lists(st.tuples(st.integers(0, 40), st.integers(0, 25), st.sampled_from("aab")), min_size=3))
    cases = [str.upper, str.lower, str.title, " {} ".format]
    return [
        replace(
            example(cases[number % 4](f"name {text}"), label, group=f"g{group}" if group else ""), source=str(number)
        )
        for number, (text, group, label) in enumerate(rows)
    ]


def bundle_sizes(examples: list[Example]) -> list[int]:
    """Sizes of what hangs together, by repeated merging: slow, and written differently on purpose."""
    bundles: list[tuple[set[object], int]] = []
    for item in examples:
        keys: set[object] = {normalised(item.text)} | ({("group", item.group)} if item.group else set())
        near = [bundle for bundle in bundles if bundle[0] & keys]
        bundles = [bundle for bundle in bundles if not bundle[0] & keys]
        bundles.append((keys.union(*(bundle[0] for bundle in near)), 1 + sum(bundle[1] for bundle in near)))
    return [size for _, size in bundles]


@settings(max_examples=80, deadline=None)
@given(related(), st.integers(0, 9), st.sampled_from([None, "t"]))
def test_every_split_is_a_partition_without_leakage_near_its_shares(
    examples: list[Example], seed: int, stratify_by: str | None
) -> None:
    sizes = bundle_sizes(examples)
    if len(sizes) < 3:
        with pytest.raises(InputError, match="too few for 3 parts"):
            split_examples(examples, seed=seed)
        return
    parts = split_examples(examples, seed=seed, stratify_by=stratify_by)
    assert list(parts) == list(PARTS)
    assert sorted(int(item.source) for part in parts.values() for item in part) == list(range(len(examples)))
    for part in parts.values():
        assert part
        assert [int(item.source) for item in part] == sorted(int(item.source) for item in part)
    for one in PARTS:
        for two in PARTS:
            assert one == two or not leakage(parts[one], parts[two])
    largest = max(sizes)
    within = largest if len(examples) >= 30 * largest else 2 * largest
    for name, share in SHARES.items():
        assert abs(len(parts[name]) - share * len(examples)) <= within + 1
    assert parts == split_examples(examples, seed=seed, stratify_by=stratify_by)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(1, 6), min_size=60, max_size=120), st.integers(0, 5))
def test_no_part_misses_its_share_by_more_than_one_bundle(sizes: list[int], seed: int) -> None:
    examples = [example(f"{group} {row}", group=str(group)) for group, size in enumerate(sizes) for row in range(size)]
    parts = split_examples(examples, seed=seed)
    for name, share in SHARES.items():
        assert abs(len(parts[name]) - share * len(examples)) <= max(sizes) + 0.5


@settings(max_examples=40, deadline=None)
@given(st.integers(30, 300), st.lists(st.integers(1, 20), min_size=2, max_size=6), st.integers(0, 5))
def test_stratified_parts_hold_each_label_in_proportion(rows: int, weights: list[int], seed: int) -> None:
    cycle = [str(label) for label, weight in enumerate(weights) for _ in range(weight)]
    labels = [cycle[row % len(cycle)] for row in range(rows)]
    parts = split_examples(numbered(*labels), seed=seed, stratify_by="t")
    for name, share in SHARES.items():
        assert len(parts[name]) == pytest.approx(share * rows, abs=1)
        found = Counter(item.labels["t"] for item in parts[name])
        for label, count in Counter(labels).items():
            # rounding of each label, and what the other labels' rounding pushes on the last one
            assert abs(found[label] - share * count) <= 1 + len(weights) / 2


def test_stratified_parts_beat_random_ones_on_rare_labels() -> None:
    examples = numbered(*(["common"] * 970 + ["rare"] * 30))
    for seed in range(10):
        parts = split_examples(examples, seed=seed, stratify_by="t")
        assert [sum(item.labels["t"] == "rare" for item in parts[name]) for name in PARTS] == [21, 3, 6]


def test_a_label_seen_once_is_trained_on() -> None:
    examples = numbered(*(["a"] * 50 + ["once", "twice", "twice"]))
    for seed in range(10):
        train = split_examples(examples, seed=seed, stratify_by="t")["train"]
        assert {"once", "twice"} <= {item.labels["t"] for item in train}


def test_unlabelled_examples_are_a_stratum() -> None:
    parts = split_examples(numbered(*(["a"] * 50 + [None] * 50)), seed=0, stratify_by="t")
    assert [sum(not item.labels for item in parts[name]) for name in PARTS] == [35, 5, 10]


def test_sets_of_labels_are_stratified_by_each_label() -> None:
    sets = [("a",), ("a", "b"), (), ("b", "c")]
    examples = [Example(text=f"text {row}", labels={"t": sets[row % 4]}) for row in range(400)]
    parts = split_examples(examples, seed=3, stratify_by="t")
    for name, share in SHARES.items():
        for label, count in {"a": 200, "b": 200, "c": 100}.items():
            assert sum(label in item.labels["t"] for item in parts[name]) == pytest.approx(share * count, abs=2)


def test_large_groups_are_spread_over_the_parts() -> None:
    sizes = [10] * 20 + [1] * 200
    examples = [example(f"{group} {row}", group=str(group)) for group, size in enumerate(sizes) for row in range(size)]
    parts = split_examples(examples, seed=0)
    assert [sum(int(item.group) < 20 for item in parts[name]) for name in PARTS] == [140, 20, 40]


def test_a_group_larger_than_a_part_does_not_burst_it() -> None:
    sizes = [15] * 6 + [1] * 40
    examples = [example(f"{group} {row}", group=str(group)) for group, size in enumerate(sizes) for row in range(size)]
    assert [len(part) for part in split_examples(examples, seed=0).values()] == [91, 13, 26]


def test_the_seed_decides() -> None:
    examples = numbered(*["a"] * 100)
    tests = {tuple(item.source for item in split_examples(examples, seed=seed)["test"]) for seed in range(5)}
    assert len(tests) == 5


def test_groups_may_part_when_told_so_but_never_duplicates() -> None:
    examples = [example(f"text {row % 50}", group="one") for row in range(100)]
    with pytest.raises(InputError, match="100 examples make 1 bundles"):
        split_examples(examples, seed=0)
    parts = split_examples(examples, seed=0, grouped=False)
    assert {name: len(part) for name, part in parts.items()} == {"train": 70, "validation": 10, "test": 20}
    assert not [leak for leak in leakage(parts["train"], parts["test"]) if leak.shared == "text"]


def test_groups_of_two_data_sets_are_different_groups() -> None:
    examples = [example(f"text {row}", group="1", dataset=str(row)) for row in range(10)]
    assert [len(part) for part in split_examples(examples, seed=0).values()] == [7, 1, 2]


@pytest.mark.parametrize(
    ("validation", "test", "sizes"),
    [(0.1, 0.2, [70, 10, 20]), (0.0, 0.2, [80, 0, 20]), (0.15, 0.0, [85, 15, 0]), (0.0, 0.0, [100, 0, 0])],
)
def test_shares(validation: float, test: float, sizes: list[int]) -> None:
    parts = split_examples(numbered(*["a"] * 100), seed=0, validation=validation, test=test)
    assert [len(part) for part in parts.values()] == sizes


def test_few_examples_still_fill_every_part() -> None:
    assert [len(part) for part in split_examples(numbered("a", "b", "a"), seed=0).values()] == [1, 1, 1]
    groups = [example(f"{group} {row}", group=group) for group in "abc" for row in range(50)]
    assert [len(part) for part in split_examples(groups, seed=0).values()] == [50, 50, 50]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"validation": 0.5, "test": 0.5}, "leave no training part"),
        ({"validation": 0.4, "test": 0.6}, "leave no training part"),
        ({"validation": -0.1}, "leave no training part"),
        ({"test": float("nan")}, "leave no training part"),
        ({"seed": -1}, "seed is -1"),
        ({"stratify_by": "tt"}, r"tasks are t\. Did you mean 't'\?"),
    ],
)
def test_what_cannot_be_split_is_refused(options: dict[str, float], message: str) -> None:
    with pytest.raises(InputError, match=message):
        split_examples(numbered(*["a"] * 10), **{"seed": 0, **options})


def test_an_empty_data_set_is_refused() -> None:
    with pytest.raises(InputError, match="0 examples make 0 bundles"):
        split_examples([], seed=0)


def test_leakage_names_the_pairs() -> None:
    train = [example("Sort  the shapes.", group="a"), example("sort the shapes."), example("Draw.", group="b")]
    other = [example("SORT THE SHAPES. "), example("New.", group="b"), example("Newer.", group="b", dataset="e")]
    assert [(leak.train, leak.other, leak.shared) for leak in leakage(train, other)] == [
        (train[0], other[0], "text"),
        (train[2], other[1], "group"),
    ]
    assert leakage([], other) == leakage(train, []) == []


def test_a_bundle_that_fits_nowhere_goes_where_most_is_missing() -> None:
    bundles = [Bundle(tuple(range(98)), {}), Bundle((98,), {}), Bundle((99,), {})]
    assert sorted(assign(bundles, shares=(0.7, 0.1, 0.2))[1:]) == [1, 2]
    assert assign(bundles, shares=(0.7, 0.1, 0.2))[0] == 0
