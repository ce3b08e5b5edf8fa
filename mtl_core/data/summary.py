"""What the data holds, said before anything is trained on it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np
from pydantic import BaseModel, ConfigDict

from mtl_core.data.examples import Example, Label
from mtl_core.data.hints import listed
from mtl_core.data.labels import single_labels
from mtl_core.data.splits import leakage, normalised
from mtl_core.tasks import Task

__all__ = ["Conflict", "DataSummary", "SplitSummary", "TaskCounts", "summarise"]

_QUANTILES = {"min": 0.0, "median": 0.5, "p90": 0.9, "p99": 0.99, "max": 1.0}
_CONFLICTS_SHOWN = 20


class _Plain(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class TaskCounts(_Plain):
    """Labels of one task in one split.

    Args:
        labelled: Rows that have a label of the task.
        labels: Rows (token tasks: words) by label; a known label that never occurs counts 0.
        conflicts: Texts that occur with different labels.
    """

    labelled: int
    labels: dict[str, int]
    conflicts: int


class SplitSummary(_Plain):
    """One split.

    Args:
        rows: How many examples it has.
        datasets: Rows by data set.
        words: Quantiles of the length in words, by name; empty for an empty split.
        duplicates: Rows whose text, case and blanks aside, occurred before in the split.
        tasks: Counts by task.
    """

    rows: int
    datasets: dict[str, int]
    words: dict[str, float]
    duplicates: int
    tasks: dict[str, TaskCounts]


class Conflict(_Plain):
    """One text with different labels for one task.

    Args:
        split: The split.
        task: The task.
        labels: The labels, each once.
        sources: ``file:line`` of the first row of each label.
    """

    split: str
    task: str
    labels: tuple[str, ...]
    sources: tuple[str, ...]


class DataSummary(_Plain):
    """Rows, labels, lengths, duplicates and conflicts of each split, and what to look at first.

    Args:
        splits: Summary by split.
        conflicts: The first conflicts; ``TaskCounts.conflicts`` counts them all.
        warnings: One sentence each.
    """

    splits: dict[str, SplitSummary]
    conflicts: tuple[Conflict, ...]
    warnings: tuple[str, ...]

    def as_json(self) -> str:
        """The summary as JSON text."""
        return self.model_dump_json(indent=1) + "\n"

    def as_markdown(self) -> str:
        """The summary as Markdown: warnings, one table of the splits, one of labels a task, conflicts."""
        blocks = [[f"- {_escaped(warning)}" for warning in self.warnings]]
        head = ["split", "rows", "duplicates", *(f"words {name}" for name in _QUANTILES)]
        rows = [
            [name, split.rows, split.duplicates, *(f"{split.words.get(key, 0):g}" for key in _QUANTILES)]
            for name, split in self.splits.items()
        ]
        blocks.append(["## Splits", "", *_table(head, rows)])
        for task in dict.fromkeys(name for split in self.splits.values() for name in split.tasks):
            counts = {name: split.tasks[task] for name, split in self.splits.items() if task in split.tasks}
            labels = dict.fromkeys(label for count in counts.values() for label in count.labels)
            rows = [[label, *(count.labels.get(label, 0) for count in counts.values())] for label in labels]
            rows.append(["(labelled rows)", *(count.labelled for count in counts.values())])
            rows.append(["(conflicts)", *(count.conflicts for count in counts.values())])
            blocks.append([f"## {task}", "", *_table(["label", *counts], rows)])
        shown = [[item.task, " / ".join(item.labels), ", ".join(item.sources)] for item in self.conflicts]
        if shown:
            blocks.append(["## Same text, different labels", "", *_table(["task", "labels", "where"], shown)])
        return "\n".join("\n".join([*block, ""]) for block in [["# Data"], *blocks] if block)


def summarise(splits: Mapping[str, Sequence[Example]], tasks: Sequence[Task]) -> DataSummary:
    """Summarise data before training.

    Args:
        splits: Examples by split; the first one is the training split.
        tasks: The tasks.

    Returns:
        The summary; leakage from the first split into the others is among its warnings.
    """
    conflicts = {
        name: {task.name: _conflicts(name, task, examples) for task in tasks} for name, examples in splits.items()
    }
    summaries = {
        name: SplitSummary(
            rows=len(examples),
            datasets=dict(Counter(example.dataset for example in examples)),
            words=_lengths(examples),
            duplicates=len(examples) - len({normalised(example.text) for example in examples}),
            tasks={task.name: _counts(task, examples, len(conflicts[name][task.name])) for task in tasks},
        )
        for name, examples in splits.items()
    }
    every = [conflict for by_task in conflicts.values() for found in by_task.values() for conflict in found]
    warnings = [
        *_empty_warnings(summaries),
        *_label_warnings(summaries),
        *_conflict_warnings(summaries),
        *_leak_warnings(splits),
    ]
    return DataSummary(splits=summaries, conflicts=tuple(every[:_CONFLICTS_SHOWN]), warnings=tuple(warnings))


def _lengths(examples: Sequence[Example]) -> dict[str, float]:
    if not examples:
        return {}
    words = [len(example.words) or len(example.text.split()) for example in examples]
    return {name: float(np.quantile(words, at)) for name, at in _QUANTILES.items()}


def _counts(task: Task, examples: Sequence[Example], conflicts: int) -> TaskCounts:
    given = [example.labels[task.name] for example in examples if task.name in example.labels]
    found = Counter(single for label in given for single in single_labels(label))
    order = [*task.labels, *sorted(set(found) - set(task.labels))]
    return TaskCounts(labelled=len(given), labels={label: found[label] for label in order}, conflicts=conflicts)


def _conflicts(split: str, task: Task, examples: Sequence[Example]) -> list[Conflict]:
    by_text: dict[str, dict[Label, str]] = {}
    for example in examples:
        if task.name in example.labels:
            label = example.labels[task.name]
            by_text.setdefault(normalised(example.text), {}).setdefault(label, example.source)
    return [
        Conflict(split=split, task=task.name, labels=tuple(map(_shown, sources)), sources=tuple(sources.values()))
        for sources in by_text.values()
        if len(sources) > 1
    ]


def _shown(label: Label) -> str:
    return label if isinstance(label, str) else " ".join(label) or "none"


def _empty_warnings(splits: Mapping[str, SplitSummary]) -> list[str]:
    warnings = []
    for name, split in splits.items():
        if not split.rows:
            warnings.append(f"The split {name} is empty.")
            continue
        unlabelled = [task for task, counts in split.tasks.items() if not counts.labelled]
        warnings += [f"No row of {name} has a label of task {task}." for task in unlabelled]
    return warnings


def _label_warnings(splits: Mapping[str, SplitSummary]) -> list[str]:
    if not splits:
        return []
    (first, train), *others = splits.items()
    warnings = []
    for task, counts in train.tasks.items():
        # the I- that every B- of a token task brings along may well never occur
        occurring = {_type(label) for label, count in counts.labels.items() if count}
        absent = [label for label, count in counts.labels.items() if not count and _type(label) not in occurring]
        if absent and counts.labelled:
            warnings.append(f"No row of {first} has the label {listed(absent)} of task {task}.")
        for name, split in others:
            new = [label for label, count in split.tasks[task].labels.items() if count and not counts.labels.get(label)]
            if new and counts.labelled:
                warnings.append(f"{name} has the label {listed(new)} of task {task}, which {first} lacks.")
    return warnings


def _type(label: str) -> str:
    return label[2:] if label[:2] in {"B-", "I-"} else label


def _conflict_warnings(splits: Mapping[str, SplitSummary]) -> list[str]:
    return [
        f"{counts.conflicts} texts of {name} have different labels of task {task}."
        for name, split in splits.items()
        for task, counts in split.tasks.items()
        if counts.conflicts
    ]


def _leak_warnings(splits: Mapping[str, Sequence[Example]]) -> list[str]:
    """From every split into every later one: a text in both validation and test spoils the test too."""
    names = list(splits)
    warnings = []
    for number, first in enumerate(names):
        for other in names[number + 1 :]:
            for shared in ("text", "group"):
                leaks = [leak for leak in leakage(splits[first], splits[other]) if leak.shared == shared]
                if leaks:
                    warnings.append(
                        f"Leakage: {len(leaks)} rows of {other} share their {shared} with {first}, the first of them "
                        f"{leaks[0].other.source or 'unnamed'} with {leaks[0].train.source or 'unnamed'}."
                    )
    return warnings


def _table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> list[str]:
    lines = [head, ["---"] * len(head), *rows]
    return [f"| {' | '.join(_escaped(str(cell)) for cell in line)} |" for line in lines]


def _escaped(text: str) -> str:
    return " ".join(text.replace("|", "\\|").split())
