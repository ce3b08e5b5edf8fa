"""Batches planned ahead: what is covered, in which shares, and always the same."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mtl_core.data import Batch, BatchPlan
from mtl_core.errors import InputError

LENGTHS = st.dictionaries(
    st.sampled_from(["atis", "plans", "verbs"]), st.lists(st.integers(1, 90), min_size=1, max_size=70), min_size=1
)
SIZES = st.integers(1, 16)
STRATEGIES = ("proportional", "temperature", "round_robin")


def rows_by_dataset(batches: list[Batch]) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for batch in batches:
        found.setdefault(batch.dataset, []).extend(batch.rows)
    return found


@settings(max_examples=50, deadline=None)
@given(LENGTHS, SIZES, st.integers(0, 3), st.integers(1, 4))
def test_proportional_sees_every_row_once_an_epoch(
    lengths: dict[str, list[int]], size: int, epoch: int, bucket: int
) -> None:
    batches = BatchPlan(lengths, size, seed=1, bucket=bucket).epoch(epoch)
    found = rows_by_dataset(batches)
    assert {name: sorted(rows) for name, rows in found.items()} == {
        name: list(range(len(rows))) for name, rows in lengths.items()
    }
    assert len(batches) == sum(-(-len(rows) // size) for rows in lengths.values())


@settings(max_examples=50, deadline=None)
@given(LENGTHS, SIZES, st.sampled_from(STRATEGIES), st.integers(0, 5))
def test_a_plan_is_the_same_every_time(lengths: dict[str, list[int]], size: int, strategy: Any, seed: int) -> None:
    plan = BatchPlan(lengths, size, seed=seed, strategy=strategy)
    later = BatchPlan(dict(reversed(lengths.items())), size, seed=seed, strategy=strategy)
    third = plan.epoch(3)
    assert plan.epoch(3) == third
    if strategy == "round_robin":
        # there the order of the mapping is the order of the turns
        assert rows_by_dataset(later.epoch(3)) == rows_by_dataset(third)
    else:
        assert later.epoch(3) == third


@settings(max_examples=50, deadline=None)
@given(LENGTHS, SIZES, st.sampled_from(STRATEGIES))
def test_rows_exist_and_batches_have_their_size(lengths: dict[str, list[int]], size: int, strategy: Any) -> None:
    plan = BatchPlan(lengths, size, seed=0, strategy=strategy)
    batches = plan.epoch(2)
    for batch in batches:
        assert 1 <= len(batch.rows) <= size
        assert all(0 <= row < len(lengths[batch.dataset]) for row in batch.rows)
    partial = Counter(batch.dataset for batch in batches if len(batch.rows) < min(size, len(lengths[batch.dataset])))
    assert all(count == 1 for count in partial.values())
    assert {name: len(rows) for name, rows in rows_by_dataset(batches).items()} == {
        name: count for name, count in plan.rows_per_epoch.items() if count
    }


@settings(max_examples=50, deadline=None)
@given(LENGTHS, SIZES, st.floats(1, 50))
def test_temperature_keeps_the_epoch_length_and_gives_each_its_share(
    lengths: dict[str, list[int]], size: int, temperature: float
) -> None:
    plan = BatchPlan(lengths, size, seed=0, strategy="temperature", temperature=temperature)
    total = sum(map(len, lengths.values()))
    weights = {name: len(rows) ** (1 / temperature) for name, rows in lengths.items()}
    assert sum(plan.rows_per_epoch.values()) == total
    for name, count in plan.rows_per_epoch.items():
        assert abs(count - total * weights[name] / sum(weights.values())) < 1


def test_temperature_one_is_proportional() -> None:
    lengths = {"a": [3] * 40, "b": [5] * 7}
    warm = BatchPlan(lengths, 8, seed=4, strategy="temperature", temperature=1.0)
    assert warm.epoch(2) == BatchPlan(lengths, 8, seed=4).epoch(2)


def test_a_higher_temperature_evens_the_shares_out() -> None:
    lengths = {"large": [1] * 900, "small": [1] * 100}
    shares = [
        BatchPlan(lengths, 8, seed=0, strategy="temperature", temperature=at).rows_per_epoch["small"]
        for at in (1, 2, 4, 1e6)
    ]
    assert shares == [100, 250, 366, 500]


@settings(max_examples=50, deadline=None)
@given(LENGTHS, SIZES, st.sampled_from(["temperature", "round_robin"]), st.integers(1, 4))
def test_no_row_is_seen_twice_more_than_another(
    lengths: dict[str, list[int]], size: int, strategy: Any, epochs: int
) -> None:
    """Over any number of epochs: a data set that is seen in parts is seen whole before it repeats."""
    plan = BatchPlan(lengths, size, seed=0, strategy=strategy)
    seen = rows_by_dataset([batch for number in range(epochs) for batch in plan.epoch(number)])
    for name, rows in lengths.items():
        counts = Counter(seen.get(name, []))
        often = [counts[row] for row in range(len(rows))]
        assert max(often) - min(often) <= 1


@settings(max_examples=50, deadline=None)
@given(LENGTHS, SIZES, st.integers(0, 3))
def test_round_robin_takes_turns_until_the_largest_is_seen(
    lengths: dict[str, list[int]], size: int, epoch: int
) -> None:
    batches = BatchPlan(lengths, size, seed=0, strategy="round_robin").epoch(epoch)
    names = list(lengths)
    assert [batch.dataset for batch in batches] == names * (len(batches) // len(names))
    largest = max(names, key=lambda name: len(lengths[name]))
    assert sorted(rows_by_dataset(batches)[largest]) == list(range(len(lengths[largest])))


def test_a_small_set_takes_its_turn_whole_in_round_robin() -> None:
    batches = BatchPlan({"large": [1] * 64, "small": [1, 2, 3]}, 16, seed=0, strategy="round_robin").epoch(1)
    assert [sorted(batch.rows) for batch in batches[1::2]] == [[0, 1, 2]] * 4


def test_copies_of_a_row_are_spread_over_the_batches_of_a_small_set() -> None:
    """Sorting by length must not put all the copies of one row into one batch."""
    lengths = {"large": [5] * 4000, "small": list(range(1, 21))}
    plan = BatchPlan(lengths, 16, seed=0, strategy="temperature", temperature=4.0)
    small = [batch for batch in plan.epoch(0) if batch.dataset == "small"]
    assert len(small) > 20
    assert max(max(Counter(batch.rows).values()) for batch in small) <= 2


def test_batches_hold_rows_of_like_length() -> None:
    rng = np.random.default_rng(0)
    lengths = {"a": rng.integers(1, 200, size=1600).tolist()}

    def padding(bucket: int) -> int:
        batches = BatchPlan(lengths, 16, seed=0, bucket=bucket).epoch(0)
        taken = [[lengths["a"][row] for row in batch.rows] for batch in batches]
        return sum(max(rows) * len(rows) - sum(rows) for rows in taken)

    steps = [padding(bucket) for bucket in (1, 5, 50, 100)]
    assert all(less < more for more, less in pairwise(steps))
    assert steps[-1] * 20 < steps[0]


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_long_batches_do_not_come_last(strategy: Any) -> None:
    lengths = {"a": list(range(800))}
    longest = [max(batch.rows) for batch in BatchPlan(lengths, 8, seed=0, strategy=strategy, bucket=100).epoch(0)]
    assert longest != sorted(longest)
    assert longest != sorted(longest, reverse=True)


def test_epochs_seeds_and_data_sets_are_shuffled_differently() -> None:
    lengths = {"a": [1] * 50, "b": [1] * 50}
    plan = BatchPlan(lengths, 5, seed=0)
    first = rows_by_dataset(plan.epoch(0))
    assert first["a"] != first["b"]
    assert first["a"] != rows_by_dataset(plan.epoch(1))["a"]
    assert first["a"] != rows_by_dataset(BatchPlan(lengths, 5, seed=1).epoch(0))["a"]


def test_another_data_set_does_not_change_the_batches_of_the_first() -> None:
    alone = BatchPlan({"a": [1] * 30}, 4, seed=2).epoch(1)
    beside = BatchPlan({"a": [1] * 30, "b": [1] * 9}, 4, seed=2).epoch(1)
    assert Counter(alone) == Counter(batch for batch in beside if batch.dataset == "a")


@pytest.mark.parametrize(
    ("lengths", "options", "message"),
    [
        ({}, {}, "no data set to sample from"),
        ({"a": [1], "b": []}, {}, "data set 'b' is empty"),
        ({"a": [1]}, {"batch_size": 0}, "batch_size 0"),
        ({"a": [1]}, {"bucket": 0}, "bucket 0"),
        ({"a": [1]}, {"seed": -1}, "seed -1"),
        ({"a": [1]}, {"temperature": 0.5}, "temperature 0.5"),
        ({"a": [1]}, {"temperature": float("nan")}, "temperature nan"),
        ({"a": [1]}, {"strategy": "roundrobin"}, "no strategy 'roundrobin'"),
    ],
)
def test_a_plan_that_cannot_be_made_is_refused(
    lengths: dict[str, list[int]], options: dict[str, Any], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        BatchPlan(lengths, **{"batch_size": 4, "seed": 0, **options})


def test_an_epoch_before_the_first_is_refused() -> None:
    with pytest.raises(ValueError, match="Epoch -1"):
        BatchPlan({"a": [1]}, 1, seed=0).epoch(-1)
