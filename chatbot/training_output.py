"""How figures and predictions of trained models look in a terminal and as JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import typer
from rich.table import Table

from chatbot.terminal import shown

if TYPE_CHECKING:
    from rich.console import Console

    from mtl_core.data import Example
    from mtl_core.evaluation import Delta
    from mtl_core.evaluation.evaluate import Evaluation
    from mtl_core.heads import Prediction
    from mtl_core.tasks import Task

__all__ = [
    "delta_as_json",
    "plain",
    "prediction_as_json",
    "prediction_as_lines",
    "print_deltas",
    "print_figures",
    "print_json",
]

_DIGITS = 6
_OUTSIDE = "O"


def plain(text: str) -> str:
    """Text for the terminal, without control codes that data may hold."""
    clean = "".join(c if c.isprintable() or c in "\n\t" else "\N{REPLACEMENT CHARACTER}" for c in text)
    return clean.encode("utf-8", "backslashreplace").decode()


def print_figures(console: Console, title: str, figures: Evaluation) -> None:
    """Print the figures of a model as a small table.

    Args:
        console: Where.
        title: Above the table, such as ``validation``.
        figures: The figures.
    """
    table = Table("task", "kind", "examples", "precision", "recall", "F1", "accuracy", box=None)
    for name, scores in figures.tasks.items():
        shares = (scores.precision, scores.recall, scores.f1, scores.accuracy)
        table.add_row(shown(name), scores.kind, str(scores.count), *map(_share, shares))
    console.print(f"[bold]{shown(title)}[/bold], {figures.count} examples, score {figures.score:.4f}")
    console.print(table)
    for name, scores in figures.tasks.items():
        by_rule = {"first": getattr(scores, "accuracy_first", None), "any": getattr(scores, "accuracy_any", None)}
        said = [f"{_share(value)} by the rule {rule!r}" for rule, value in by_rule.items() if value is not None]
        if said:
            console.print(f"{shown(name)}: accuracy {', '.join(said)}")
    if len(figures.tasks) > 1 and figures.exact_match is not None:
        console.print(f"all tasks right: {_share(figures.exact_match)}")


def print_deltas(console: Console, deltas: Mapping[str, tuple[Delta, ...]]) -> None:
    """Print a shared model beside the single-task models.

    Args:
        console: Where.
        deltas: Comparisons by task.
    """
    table = Table("task", "figure", "single", "shared", "points", box=None)
    for name, found in deltas.items():
        for delta in found:
            table.add_row(shown(name), delta.metric, _share(delta.single), _share(delta.shared), f"{delta.points:+.2f}")
    console.print("[bold]beside single-task models[/bold]")
    console.print(table)


def prediction_as_json(example: Example, said: Mapping[str, Prediction], tasks: Mapping[str, Task]) -> dict[str, Any]:
    """What a model says of one text.

    Args:
        example: The text.
        said: Predictions by task.
        tasks: The tasks by name.

    Returns:
        ``text``, ``words`` where a token task judged them, and by task ``label``, ``probability`` (of the label said;
        a list where there are several labels) and, but for token tasks, ``probabilities`` by label.
    """
    row: dict[str, Any] = {"text": example.text}
    if example.words:
        row["words"] = list(example.words)
    return {**row, "tasks": {name: _one_task(tasks[name], prediction) for name, prediction in said.items()}}


def prediction_as_lines(example: Example, said: Mapping[str, Prediction], tasks: Mapping[str, Task]) -> str:
    """What a model says of one text, for reading.

    Args:
        example: The text.
        said: Predictions by task.
        tasks: The tasks by name.

    Returns:
        The text, and a line for each task.
    """
    width = max(map(len, said), default=0)
    lines = [" ".join(example.text.split())]
    for name, prediction in said.items():
        labels = (prediction.label,) if isinstance(prediction.label, str) else prediction.label
        chances = _one_task(tasks[name], prediction)["probability"]
        sure = chances if isinstance(chances, list) else [chances]
        words = example.words if tasks[name].kind == "token" else ("",) * len(labels)
        parts = [
            f"{word}/{label} {chance:.2f}".removeprefix("/")
            for word, label, chance in zip(words, labels, sure, strict=True)
            if not (word and label == _OUTSIDE)
        ]
        lines.append(f"  {name:<{width}}  {', '.join(parts) or 'none'}")
    return plain("\n".join(lines))


def _one_task(task: Task, prediction: Prediction) -> dict[str, Any]:
    label, chances = prediction.label, [round(chance, _DIGITS) for chance in prediction.probabilities]
    row: dict[str, Any] = {"label": label if isinstance(label, str) else list(label)}
    if task.kind == "binary":
        chances = [round(1 - chances[0], _DIGITS), chances[0]]
    if task.kind == "token" or len(chances) != len(task.labels):
        return {**row, "probability": chances}
    by_label = dict(zip(task.labels, chances, strict=True))
    row["probability"] = by_label[label] if isinstance(label, str) else [by_label[name] for name in label]
    row["probabilities"] = by_label
    if prediction.evidence:
        row["evidence"] = {name: list(rows) for name, rows in zip(task.labels, prediction.evidence, strict=True)}
    return row


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.4f}"


def delta_as_json(delta: Any) -> dict[str, Any]:
    """A comparison with a single-task model as plain data, its gain in points included."""
    return {**delta.model_dump(), "points": delta.points}


def print_json(row: dict[str, Any]) -> None:
    """One JSON object on one line."""
    typer.echo(json.dumps(row, ensure_ascii=False))
