"""From a config to examples: files read, labels known, splits made, what may mislead said aloud."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from mtl_core.data.columns import ColumnMap
from mtl_core.data.examples import Example, Label
from mtl_core.data.labels import infer_labels, single_labels
from mtl_core.data.mapping import read_examples
from mtl_core.data.splits import split_examples
from mtl_core.data.summary import DataSummary, summarise
from mtl_core.errors import InputError
from mtl_core.tasks import Task
from mtl_core.training.config import DatasetConfig, TrainingConfig

__all__ = ["PreparedData", "few_of_each", "prepare", "read_for_model", "without_unseen"]


@dataclass(frozen=True, slots=True)
class PreparedData:
    """What a training run learns from and is judged on.

    Args:
        tasks: The tasks that are trained, with their labels.
        train: Training examples by data set.
        validation: Validation examples of all data sets.
        test: Test examples of all data sets; may be empty.
        summary: Rows, labels, lengths, duplicates, conflicts and leakage.
    """

    tasks: tuple[Task, ...]
    train: dict[str, list[Example]]
    validation: list[Example]
    test: list[Example]
    summary: DataSummary


def prepare(config: TrainingConfig) -> PreparedData:
    """Read and split the data sets of a config.

    Args:
        config: The config.

    Returns:
        The data.

    Raises:
        InputError: If a file or row cannot be read, a split is empty, or a task has one class only.
    """
    wanted = [task for task in config.tasks if task.name in config.wanted]
    parts: dict[str, list[Example]] = {"train": [], "validation": [], "test": []}
    train: dict[str, list[Example]] = {}
    for dataset in config.datasets:
        columns = _columns_of(dataset.columns, wanted)
        if not columns.labels and config.distillation is None:
            continue
        found = _read_dataset(dataset, columns, wanted, config)
        if dataset.only is not None:
            found["train"] = _few(found["train"], dataset, columns, seed=config.seed)
        _check_not_empty(dataset.name, found)
        train[dataset.name] = found["train"]
        for part, examples in found.items():
            parts[part] += examples
    tasks = tuple(_with_labels(task, parts["train"], config) for task in wanted)
    _check_validation(parts["validation"], tasks)
    summary = summarise({name: part for name, part in parts.items() if part}, tasks)
    return PreparedData(tasks, train, parts["validation"], parts["test"], summary)


def _with_labels(task: Task, train: Sequence[Example], config: TrainingConfig) -> Task:
    """The task with its labels; one that only a teacher speaks of must name them itself."""
    taught = config.distillation is not None and task.is_labelled
    return task if taught and not any(task.name in example.labels for example in train) else infer_labels(task, train)


def _columns_of(columns: ColumnMap, wanted: Sequence[Task]) -> ColumnMap:
    names = {task.name for task in wanted}
    return columns.model_copy(update={"labels": {k: v for k, v in columns.labels.items() if k in names}})


def _read_dataset(
    dataset: DatasetConfig, columns: ColumnMap, tasks: Sequence[Task], config: TrainingConfig
) -> dict[str, list[Example]]:
    def read(source: str, split: str) -> list[Example]:
        where = _source(config.data, source, dataset.format)
        # only a Hugging Face data set has splits of its own; a file is one
        named = split if dataset.format == "hf" or Path(where).is_dir() else None
        return read_examples(where, columns, tasks, dataset=dataset.name, split=named, format=dataset.format)

    found = {"train": read(dataset.train, "train"), "validation": [], "test": []}
    if dataset.validation is not None:
        found["validation"] = read(dataset.validation, "validation")
    if dataset.test is not None:
        found["test"] = read(dataset.test, "test")
    if dataset.validation is None:
        stratify = config.splits.stratify_by
        split = split_examples(
            found["train"],
            validation=config.splits.validation,
            test=0.0 if dataset.test is not None else config.splits.test,
            seed=config.seed,
            stratify_by=stratify if stratify in columns.labels else None,
        )
        found = {"train": split["train"], "validation": split["validation"], "test": found["test"] or split["test"]}
    return found


def _source(folder: Path, source: str, form: str) -> str | Path:
    """A path below the data folder, or the name of a Hugging Face data set."""
    path = folder / source
    return source if form == "hf" and not path.exists() else path


def _check_not_empty(name: str, parts: Mapping[str, Sequence[Example]]) -> None:
    for part in ("train", "validation"):
        if not parts[part]:
            raise InputError(
                f"The {part} part of data set {name!r} is empty; give it a file with rows, or a larger share."
            )


def _check_validation(examples: Sequence[Example], tasks: Sequence[Task]) -> None:
    if not any(task.name in example.labels for example in examples for task in tasks):
        raise InputError(
            f"The validation data label none of the tasks {', '.join(task.name for task in tasks)}; nothing could be "
            "chosen by them, so give some of their rows labels."
        )


def _few(examples: Sequence[Example], dataset: DatasetConfig, columns: ColumnMap, *, seed: int) -> list[Example]:
    if not columns.labels or dataset.only is None:
        raise InputError(f"Data set {dataset.name!r} labels no task that is trained, so 'only' has nothing to count.")
    return few_of_each(examples, task=next(iter(columns.labels)), count=dataset.only, seed=seed)


def few_of_each(examples: Sequence[Example], *, task: str, count: int, seed: int) -> list[Example]:
    """A few-shot sample: so many examples of each label of one task, or all where there are fewer, drawn by the seed.

    An example with several labels is taken while any of them is short, and counts for all, so that frequent labels
    may come to more. An empty set of labels counts as a label.

    Args:
        examples: The examples; those that the task does not label are left out.
        task: Whose labels are counted.
        count: How many of each.
        seed: Decides the draw.

    Returns:
        The sample, in the order of the examples.
    """
    order = list(range(len(examples)))
    random.Random(seed).shuffle(order)  # noqa: S311 - a sample, not a secret
    taken: dict[str, int] = {}
    rows = []
    for row in order:
        label = examples[row].labels.get(task)
        # one example counts once, however many of its words carry a tag
        names = () if label is None else tuple(dict.fromkeys(single_labels(label))) or ("",)
        if any(taken.get(name, 0) < count for name in names):
            rows.append(row)
            for name in names:
                taken[name] = taken.get(name, 0) + 1
    return [examples[row] for row in sorted(rows)]


def without_unseen(example: Example, tasks: Mapping[str, Task]) -> Example:
    """The example without labels that the model cannot learn or be charged a loss for.

    Args:
        example: The example.
        tasks: By name, with their labels.

    Returns:
        The same example where all of its labels are known, else a copy.
    """
    kept: dict[str, Label] = {}
    for name, label in example.labels.items():
        task = tasks.get(name)
        if task is None or _is_learnable(task, label):
            kept[name] = label
    return example if len(kept) == len(example.labels) else replace(example, labels=kept)


def _is_learnable(task: Task, label: Label) -> bool:
    if isinstance(label, str) and task.kind == "multiclass" and task.separator is not None:
        # of several right answers that are no label together, the first that is one is learned
        return label in task.labels or any(part in task.labels for part in label.split(task.separator))
    return set(single_labels(label)) <= set(task.labels)


def read_for_model(
    source: str | Path,
    *,
    tasks: Sequence[Task],
    datasets: Mapping[str, ColumnMap],
    dataset: str | None = None,
) -> list[Example]:
    """Read a file to evaluate a trained model on, with the columns that it was trained with.

    Args:
        source: The file.
        tasks: The model's tasks.
        datasets: Column maps by data set, as the model's card keeps them.
        dataset: Which of them; by default the only one, or the first whose columns the file has.

    Returns:
        The examples; labels that the model does not know are kept, and count as missed.

    Raises:
        InputError: If the data set is not known, or the file has none's columns.
    """
    if not datasets:
        raise InputError("The model does not say what the columns of its data were; train it from a config.")
    if dataset is not None and dataset not in datasets:
        raise InputError(f"The model knows no data set {dataset!r}; it knows: {', '.join(datasets)}.")
    chosen = {dataset: datasets[dataset]} if dataset is not None else dict(datasets)
    faults = []
    for name, columns in chosen.items():
        try:
            return read_examples(source, _columns_of(columns, tasks), tasks, dataset=name, allow_new_labels=True)
        except InputError as error:
            faults.append(error)
    raise faults[0]
