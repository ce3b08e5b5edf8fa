"""Which rows form which batch of which epoch, decided before any of them runs."""

from __future__ import annotations

import math
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np

from mtl_core.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Batch", "BatchPlan", "Strategy"]

Strategy = Literal["proportional", "temperature", "round_robin"]
"""How data sets share the batches of an epoch."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows that are read together.

    Args:
        dataset: The data set they all belong to.
        rows: Their numbers in it.
    """

    dataset: str
    rows: tuple[int, ...]


class BatchPlan:
    """The batches of every epoch, the same for the same arguments: an epoch can be resumed anywhere.

    Each data set is an endless stream of its rows, one fresh shuffle after the other. An epoch takes
    the next rows of each stream, so a data set that is seen in parts is seen whole before anything
    repeats. Rows are sorted by length within chunks of ``bucket`` batches, then cut into batches of one
    data set each.

    * ``proportional``: every row once an epoch.
    * ``temperature``: an epoch is as long, but a data set of n rows gets a share in proportion to
      n^(1/temperature). At 1 this is proportional; the larger, the more equal (Devlin, multilingual BERT).
    * ``round_robin``: data sets take turns until every row of the largest was seen; smaller ones cycle.

    Args:
        lengths_by_dataset: Length of each row, in pieces or words, by data set.
        batch_size: Rows of a batch; a batch that is the last of its data set may hold fewer.
        seed: Decides every shuffle.
        strategy: How data sets share an epoch.
        temperature: For ``temperature``, 1 or more.
        bucket: Batches whose rows are sorted by length together; 1 sorts nothing across batches.

    Raises:
        InputError: If there is no data set, one is empty, or a number is out of range.
    """

    def __init__(
        self,
        lengths_by_dataset: Mapping[str, Sequence[int]],
        batch_size: int,
        *,
        seed: int,
        strategy: Strategy = "proportional",
        temperature: float = 2.0,
        bucket: int = 50,
    ) -> None:
        self._lengths = {name: np.asarray(lengths, dtype=np.int64) for name, lengths in lengths_by_dataset.items()}
        if not self._lengths:
            raise InputError("There is no data set to sample from; give at least one.")
        empty = [name for name, lengths in self._lengths.items() if not len(lengths)]
        if empty:
            raise InputError(f"The training split of data set {empty[0]!r} is empty; give it examples or leave it out.")
        if batch_size < 1 or bucket < 1 or seed < 0 or not 1 <= temperature < float("inf"):
            raise InputError(
                f"batch_size {batch_size} and bucket {bucket} must be 1 or more, temperature {temperature} 1 or more, "
                f"seed {seed} 0 or more."
            )
        if strategy not in get_args(Strategy):
            raise InputError(f"There is no strategy {strategy!r}; use one of {', '.join(get_args(Strategy))}.")
        self._batch_size = batch_size
        self._seed = seed
        self._strategy = strategy
        self._bucket = bucket
        self._quotas = self._rows_per_epoch(temperature)

    @property
    def rows_per_epoch(self) -> dict[str, int]:
        """How many rows of each data set an epoch holds, repeated ones counted each time."""
        return dict(self._quotas)

    def epoch(self, number: int) -> list[Batch]:
        """The batches of one epoch.

        Args:
            number: The epoch, from 0.

        Returns:
            The batches in the order to train on them.

        Raises:
            ValueError: If ``number`` is negative.
        """
        if number < 0:
            raise ValueError(f"Epoch {number} is negative.")
        by_dataset = {name: self._batches(name, number) for name in self._lengths}
        if self._strategy == "round_robin":
            return list(chain.from_iterable(zip(*by_dataset.values(), strict=True)))
        # by name, so that the order of the mapping decides nothing
        batches = list(chain.from_iterable(by_dataset[name] for name in sorted(by_dataset)))
        order = np.random.default_rng([self._seed, number]).permutation(len(batches))
        return [batches[index] for index in order]

    def _rows_per_epoch(self, temperature: float) -> dict[str, int]:
        rows = {name: len(lengths) for name, lengths in self._lengths.items()}
        if self._strategy == "proportional":
            return rows
        if self._strategy == "temperature":
            return _largest_remainder(
                sum(rows.values()), {name: count ** (1 / temperature) for name, count in rows.items()}
            )
        rounds = max(-(-count // self._batch_size) for count in rows.values())
        return {
            # a set as large as the largest is seen once, a smaller one fills all its turns
            name: count if -(-count // self._batch_size) == rounds else rounds * self._size(name)
            for name, count in rows.items()
        }

    def _size(self, name: str) -> int:
        """Rows of a batch: turns of a data set below one batch hold each of its rows once."""
        if self._strategy == "round_robin":
            return min(self._batch_size, len(self._lengths[name]))
        return self._batch_size

    def _batches(self, name: str, epoch: int) -> list[Batch]:
        size = self._size(name)
        rows = np.concatenate([self._sorted_in_chunks(name, part) for part in self._taken(name, epoch)])
        batches = [Batch(name, tuple(rows[start : start + size].tolist())) for start in range(0, len(rows), size)]
        order = self._generator(name, epoch, 1).permutation(len(batches))
        return [batches[index] for index in order]

    def _taken(self, name: str, epoch: int) -> list[NDArray[np.int64]]:
        """The rows that an epoch takes of the stream, in the pieces that its shuffles cut it into."""
        count, quota = len(self._lengths[name]), self._quotas[name]
        start, end = epoch * quota, (epoch + 1) * quota
        pieces = []
        for cycle in range(start // count, -(-end // count)):
            shuffled = self._generator(name, cycle, 0).permutation(count)
            pieces.append(shuffled[max(start - cycle * count, 0) : end - cycle * count])
        return pieces

    def _sorted_in_chunks(self, name: str, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        # sorted within one shuffle only: copies of a row would otherwise stand side by side in a batch
        chunk = self._size(name) * self._bucket
        lengths = self._lengths[name]
        parts = [rows[start : start + chunk] for start in range(0, len(rows), chunk)]
        return np.concatenate([part[np.argsort(lengths[part], kind="stable")] for part in parts])

    def _generator(self, name: str, number: int, purpose: int) -> np.random.Generator:
        """Randomness of one data set that no other data set changes."""
        return np.random.default_rng([self._seed, zlib.crc32(name.encode()), number, purpose])


def _largest_remainder(total: int, weights: Mapping[str, float]) -> dict[str, int]:
    """Whole numbers of the given sum, in proportion to the weights."""
    scale = total / math.fsum(weights.values())
    exact = {name: weights[name] * scale for name in sorted(weights)}
    whole = {name: int(value) for name, value in exact.items()}
    by_rest = sorted(exact, key=lambda name: whole[name] - exact[name])
    for name in by_rest[: total - sum(whole.values())]:
        whole[name] += 1
    return whole
