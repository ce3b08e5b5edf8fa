"""A report as Markdown tables."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mtl_core.evaluation.classification import ClassificationScores
    from mtl_core.evaluation.report import EvaluationReport
    from mtl_core.evaluation.spans import SpanScores

__all__ = ["render"]

_NONE = "–"


def render(report: EvaluationReport, *, pictures: Sequence[str] = ()) -> str:
    """The report as Markdown.

    Args:
        report: The report.
        pictures: Names, without suffix, of the PNG files that lie beside it.

    Returns:
        The text, ending in a line break.
    """
    sections = [
        f"# {_cell(report.title)}",
        f"Data: {_cell(report.dataset)}." if report.dataset else "",
        _overview(report),
        _exact_match(report),
        _deltas(report),
        _calibration(report),
        _thresholds(report),
        "## Notes\n\n" + "\n".join(f"- {_cell(note)}" for note in report.notes) if report.notes else "",
        *(_task(name, scores, pictures) for name, scores in report.tasks.items()),
        _further(report, pictures),
    ]
    return "\n\n".join(section for section in sections if section) + "\n"


def _overview(report: EvaluationReport) -> str:
    rows = [
        (name, scores.kind, scores.count, *map(_share, (scores.precision, scores.recall, scores.f1, scores.accuracy)))
        for name, scores in report.tasks.items()
    ]
    return (
        "## Tasks\n\n"
        + _table(("task", "kind", "examples", "precision", "recall", "F1", "accuracy"), rows)
        + (
            "\n\nPrecision, recall and F1 are of the positive label for binary tasks, of whole entities for token "
            "tasks, macro averages for others."
        )
    )


def _exact_match(report: EvaluationReport) -> str:
    if report.exact_match is None:
        return ""
    text = f"Exact match (all tasks of an example right): {_share(report.exact_match)}"
    if report.exact_match_any is not None:
        text += f"; {_share(report.exact_match_any)} when one of several right answers is enough"
    return f"{text}."


def _deltas(report: EvaluationReport) -> str:
    if not report.deltas:
        return ""
    rows = [
        (name, delta.metric, _share(delta.single), _share(delta.shared), f"{delta.points:+.1f}")
        for name, deltas in report.deltas.items()
        for delta in deltas
    ]
    return "## Beside single-task models\n\n" + _table(("task", "figure", "single", "shared", "points"), rows)


def _calibration(report: EvaluationReport) -> str:
    if not report.calibration:
        return ""
    rows = [
        (
            name,
            scores.count,
            f"{scores.temperature:.3f}",
            *map(_share, (scores.ece_before, scores.ece_after, scores.nll_before, scores.nll_after)),
        )
        for name, scores in report.calibration.items()
    ]
    heads = ("task", "decisions", "temperature", "ECE before", "ECE after", "NLL before", "NLL after")
    return "## Calibration\n\n" + _table(heads, rows)


def _thresholds(report: EvaluationReport) -> str:
    rows = [
        (name, label, f"{value:.3f}")
        for name, by_label in report.thresholds.items()
        for label, value in by_label.items()
    ]
    return "## Thresholds\n\n" + _table(("task", "label", "threshold"), rows) if rows else ""


def _task(name: str, scores: ClassificationScores | SpanScores, pictures: Sequence[str]) -> str:
    title = f"## {_cell(name)}"
    if not scores.count:
        return f"{title}\n\nNo example is labelled for this task."
    further = {
        "sentences with every tag right": getattr(scores, "exact_match", None),
        "accuracy by the first answer": getattr(scores, "accuracy_first", None),
        "accuracy by any answer": getattr(scores, "accuracy_any", None),
    }
    lines = [f"- {what}: {_share(value)}" for what, value in further.items() if value is not None]
    rows = [
        (label, *map(_share, (score.precision, score.recall, score.f1)), score.support)
        for label, score in [*scores.per_label.items(), ("*macro*", scores.macro), ("*micro*", scores.micro)]
    ]
    parts = [title, "\n".join(lines), _table(("label", "precision", "recall", "F1", "gold"), rows)]
    parts += [_image(picture) for picture in (f"f1-{name}", f"reliability-{name}") if picture in pictures]
    return "\n\n".join(part for part in parts if part)


def _further(report: EvaluationReport, pictures: Sequence[str]) -> str:
    shown = {f"{subject}-{name}" for name in report.tasks for subject in ("f1", "reliability")}
    further = [picture for picture in pictures if picture not in shown]
    return "## Pictures\n\n" + "\n\n".join(map(_image, further)) if further else ""


def _image(name: str) -> str:
    return f"![{name}]({name}.png)"


def _table(heads: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join("| " + " | ".join(_cell(str(cell)) for cell in line) + " |" for line in lines)


def _cell(text: str) -> str:
    """Text from data on one line, with the marks of Markdown tables and HTML made harmless."""
    return " ".join(text.split()).replace("|", r"\|").replace("<", "&lt;")


def _share(value: float | None) -> str:
    return _NONE if value is None else f"{value:.4f}"
