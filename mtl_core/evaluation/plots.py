"""Charts of a report as PNG bytes: reliability, F1 by label, curves.

Colours are those of Okabe and Ito, which colour-blind readers can tell apart.
"""

from __future__ import annotations

import io
import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from matplotlib.figure import Figure

from mtl_core.errors import InputError
from mtl_core.evaluation.calibration import ReliabilityBin
from mtl_core.evaluation.classification import Score

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = [
    "COLOURS",
    "MARKERS",
    "label_f1_bars",
    "line_plot",
    "new_figure",
    "plain_label",
    "reliability_diagram",
    "to_png",
]

COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#D55E00", "#56B4E9", "#000000")
"""Blue, orange, green, purple, vermilion, sky, black; the palette's yellow is too pale on white."""

MARKERS = ("o", "s", "^", "D", "v", "P", "X")
"""Shapes beside the colours, so that a picture also reads in grey."""

_GREY = "#999999"
_MOST_BARS = 50


def new_figure(*, width: float = 6.4, height: float = 4.4, title: str = "") -> tuple[Figure, Axes]:
    """A figure of its own, outside pyplot's global state.

    Args:
        width: Inches.
        height: Inches.
        title: Above the axes.

    Returns:
        The figure and its axes.
    """
    figure = Figure(figsize=(width, height), layout="constrained")
    axes = figure.subplots()
    axes.spines[["top", "right"]].set_visible(False)
    axes.set_title(plain_label(title, most=80), fontsize=11)
    return figure, axes


def to_png(figure: Figure) -> bytes:
    """The figure as PNG at 150 dots an inch; the same figure gives the same bytes.

    Args:
        figure: The figure.

    Returns:
        The file's content.
    """
    stream = io.BytesIO()
    figure.savefig(stream, format="png", dpi=150, metadata={"Software": None})
    return stream.getvalue()


def plain_label(text: str, *, most: int = 40) -> str:
    """A label from data made safe to draw: on one line, of readable length, no formula marks.

    Args:
        text: The label.
        most: Letters kept.

    Returns:
        The label to draw.
    """
    line = " ".join(text.split())
    short = line if len(line) <= most else f"{line[: most - 1]}…"
    return short.replace("$", r"\$")


def reliability_diagram(
    before: Sequence[ReliabilityBin], after: Sequence[ReliabilityBin] = (), *, title: str = "Reliability"
) -> bytes:
    """Accuracy over confidence, before and after calibration; the diagonal is perfect.

    Args:
        before: Bins at temperature 1.
        after: Bins at the fitted temperature.
        title: Above the picture.

    Returns:
        PNG bytes. The area of a dot follows the number of predictions in its bin.
    """
    figure, axes = new_figure(width=5.4, height=5.2, title=title)
    axes.plot([0, 1], [0, 1], color=_GREY, linestyle="--", linewidth=1, label="perfect")
    for number, (name, bins) in enumerate((("before", before), ("after", after))):
        filled = [(part.confidence, part.accuracy, part.count) for part in bins if part.confidence is not None]
        if not filled:
            continue
        confidence, accuracy, counts = zip(*filled, strict=True)
        areas = [20 + 180 * count / sum(counts) for count in counts]
        axes.plot(confidence, accuracy, color=COLOURS[number], linewidth=1.5)
        axes.scatter(
            confidence, accuracy, s=areas, color=COLOURS[number], marker=MARKERS[number], label=name, clip_on=False
        )
    axes.set(xlim=(0, 1.02), ylim=(0, 1.02), xlabel="Confidence of the label predicted", ylabel="Share that is right")
    axes.set_aspect("equal")
    axes.grid(visible=True, alpha=0.25)
    axes.legend(loc="upper left", frameon=False)
    return to_png(figure)


def label_f1_bars(per_label: Mapping[str, Score], *, title: str = "F1 by label") -> bytes:
    """One bar a label, with its number of gold examples.

    Args:
        per_label: Scores by label; of more than 50 labels the most frequent are shown.
        title: Above the picture.

    Returns:
        PNG bytes.

    Raises:
        InputError: If there is no label with a score.
    """
    rows = [(label, score.f1, score.support) for label, score in per_label.items() if score.f1 is not None]
    if not rows:
        raise InputError("There is no label with a score to draw; evaluate on labelled examples first.")
    shown = rows
    if len(rows) > _MOST_BARS:
        shown = sorted(rows, key=lambda row: -row[2])[:_MOST_BARS]
        title = f"{title} ({_MOST_BARS} most frequent of {len(rows)})"
    figure, axes = new_figure(height=1.3 + 0.26 * len(shown), title=title)
    places = range(len(shown))
    axes.barh(places, [f1 for _, f1, _ in shown], color=COLOURS[0], height=0.7)
    for place, (_, f1, support) in zip(places, shown, strict=True):
        axes.text(f1 + 0.01, place, f"{f1:.2f}  (n={support})", va="center", fontsize=8)
    axes.set_yticks(places, [plain_label(label) for label, _, _ in shown], fontsize=8)
    axes.set(xlim=(0, 1.35), xlabel="F1 (n: gold examples)", ylabel="Label", ylim=(len(shown) - 0.5, -0.5))
    axes.set_xticks([0, 0.2, 0.4, 0.6, 0.8, 1.0])
    return to_png(figure)


def line_plot(
    series: Mapping[str, tuple[Sequence[float], Sequence[float]]],
    *,
    x_label: str,
    y_label: str,
    title: str = "",
    log_x: bool = False,
    marks: Mapping[str, float] | None = None,
) -> bytes:
    """Lines over a common axis: training curves, or the curve of a learning-rate finder.

    Args:
        series: By name, the positions and the values; a value that is not finite leaves a gap.
        x_label: What the horizontal axis is, with its unit.
        y_label: What the vertical axis is.
        title: Above the picture.
        log_x: Whether the horizontal axis is logarithmic.
        marks: Vertical lines by name, such as the learning rate suggested.

    Returns:
        PNG bytes.

    Raises:
        InputError: If there is nothing to draw or positions and values differ in number.
    """
    figure, axes = new_figure(title=title)
    handles = []
    for number, (name, (positions, values)) in enumerate(series.items()):
        if len(positions) != len(values):
            raise InputError(f"The curve {name!r} has {len(positions)} positions and {len(values)} values.")
        heights = [value if math.isfinite(value) else math.nan for value in values]
        style = ("-", "--", ":", "-.")[number // len(COLOURS) % 4]
        dot = "o" if len(values) <= 30 else None
        colour = COLOURS[number % len(COLOURS)]
        handles += axes.plot(positions, heights, color=colour, linestyle=style, marker=dot, markersize=3, label=name)
    if not handles:
        raise InputError("There is no curve to draw; give at least one.")
    for number, (name, position) in enumerate((marks or {}).items(), start=1):
        label = f"{name}: {position:.3g}"
        handles.append(axes.axvline(position, color=COLOURS[-number], linestyle="--", linewidth=1, label=label))
    axes.set(xlabel=plain_label(x_label), ylabel=plain_label(y_label))
    if log_x:
        axes.set_xscale("log")
    axes.grid(visible=True, alpha=0.25)
    axes.legend(handles, [plain_label(str(line.get_label())) for line in handles], frameon=False, fontsize=8)
    return to_png(figure)
