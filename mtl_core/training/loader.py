"""Batches for training: planned by a seed, tokenised once, resumable at any batch."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import torch

from mtl_core.batching import TextBatch, TokenisedExample
from mtl_core.data.examples import Example
from mtl_core.data.sampling import Batch, BatchPlan
from mtl_core.heads import Targets
from mtl_core.model import MultiTaskModel
from mtl_core.training.prepare import without_unseen

__all__ = ["BatchLoader", "BatchMaker", "LabelledBatch"]


class LabelledBatch(NamedTuple):
    """One batch of one data set.

    Args:
        dataset: Name of the data set.
        examples: The examples themselves.
        text: Their padded word pieces.
        targets: Their targets by task, of every task that the data set labels.
    """

    dataset: str
    examples: list[Example]
    text: TextBatch
    targets: dict[str, Targets]


class BatchMaker:
    """Turns rows of data sets into batches; every text is tokenised once.

    Args:
        model: Whose tokenizer and heads decide the tensors.
        datasets: Examples by data set.
    """

    def __init__(self, model: MultiTaskModel, datasets: Mapping[str, Sequence[Example]]) -> None:
        self._model = model
        self._examples = {name: list(examples) for name, examples in datasets.items()}
        tasks = {task.name: task for task in model.tasks}
        self._learnable = {
            name: [without_unseen(example, tasks) for example in examples] for name, examples in datasets.items()
        }
        self._tokenised: dict[str, list[TokenisedExample]] = {
            name: model.tokenise(examples) for name, examples in self._examples.items()
        }
        self._tasks = {
            name: [
                task
                for task in model.heads
                if any(task in example.labels or task in example.soft for example in examples)
            ]
            for name, examples in self._examples.items()
        }

    @property
    def lengths(self) -> dict[str, list[int]]:
        """Number of tokens of each example, by data set."""
        return {name: [example.size for example in examples] for name, examples in self._tokenised.items()}

    def __call__(self, dataset: str, rows: Sequence[int]) -> LabelledBatch:
        """The batch of some rows.

        Args:
            dataset: Name of the data set.
            rows: Its rows, at least one.

        Returns:
            The batch, on the model's device.
        """
        examples = [self._examples[dataset][row] for row in rows]
        text = self._model.pad([self._tokenised[dataset][row] for row in rows])
        known = [self._learnable[dataset][row] for row in rows]
        targets = {name: self._model.head(name).targets(known) for name in self._tasks[dataset]}
        return LabelledBatch(dataset, examples, text, {name: _on(part, text) for name, part in targets.items()})


def _on(targets: Targets, text: TextBatch) -> Targets:
    return Targets(*(None if part is None else part.to(text.input_ids.device) for part in targets))  # type: ignore[arg-type]


def _masked(targets: Targets) -> Targets:
    taught = None if targets.taught is None else torch.zeros_like(targets.taught)
    return targets._replace(known=torch.zeros_like(targets.known), taught=taught)


class BatchLoader:
    """A pass over the planned batches, which keeps its epoch and its place for an exact resume.

    Args:
        plan: Which rows come when.
        make: Turns a batch of rows into tensors.
        rank: Number of this process.
        world_size: Number of processes; each takes every so many-th row of every batch.
    """

    def __init__(
        self,
        plan: BatchPlan,
        make: Callable[[str, Sequence[int]], LabelledBatch],
        *,
        rank: int = 0,
        world_size: int = 1,
    ) -> None:
        self._plan, self._make = plan, make
        self._rank, self._world_size = rank, world_size
        self._epoch, self._position, self._is_loaded = -1, 0, False

    def __len__(self) -> int:
        """Number of batches of an epoch."""
        return len(self._plan.epoch(max(self._epoch, 0)))

    def __iter__(self) -> Iterator[LabelledBatch]:
        """The batches of the next epoch; once after ``load_state_dict``, the rest of the loaded one."""
        if not self._is_loaded:
            self._epoch, self._position = self._epoch + 1, 0
        self._is_loaded = False
        for batch in self._plan.epoch(self._epoch)[self._position :]:
            self._position += 1
            yield self._share(batch)

    def _share(self, batch: Batch) -> LabelledBatch:
        own = list(batch.rows)[self._rank :: self._world_size]
        if own:
            return self._make(batch.dataset, own)
        # every process must take every step: without a row of its own it reads another's, and learns nothing from it
        made = self._make(batch.dataset, list(batch.rows)[:1])
        return made._replace(targets={name: _masked(targets) for name, targets in made.targets.items()})

    def state_dict(self) -> dict[str, Any]:
        """Epoch and place."""
        return {"epoch": self._epoch, "position": self._position}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Go back to an epoch and a place.

        Args:
            state_dict: What ``state_dict`` gave.
        """
        self._epoch, self._position = int(state_dict["epoch"]), int(state_dict["position"])
        # an epoch that was not begun, or is over, has nothing to go on with
        self._is_loaded = self._epoch >= 0 and self._position < len(self)
