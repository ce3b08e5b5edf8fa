"""Pictures are readable PNG files, the same every time, whatever the labels are."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable

import numpy as np
import pytest

from mtl_core.errors import InputError
from mtl_core.evaluation import Score, label_f1_bars, line_plot, reliability_bins, reliability_diagram
from mtl_core.evaluation.plots import COLOURS, new_figure, plain_label, to_png

Pixels = Callable[[bytes], np.ndarray]
Shows = Callable[[bytes, str], bool]


def scores(count: int) -> dict[str, Score]:
    return {f"label {row}": Score(precision=0.5, recall=0.5, f1=0.5, support=row) for row in range(count)}


def test_the_reliability_diagram_shows_before_and_after(pixels: Pixels, shows: Shows) -> None:
    random = np.random.default_rng(0)
    confidence = random.random(200)
    before = reliability_bins(confidence, random.random(200) < confidence**2)
    after = reliability_bins(confidence**2, random.random(200) < confidence**2)
    both, alone = reliability_diagram(before, after), reliability_diagram(before)
    assert shows(both, COLOURS[0])
    assert shows(both, COLOURS[1])
    assert not shows(alone, COLOURS[1])
    assert pixels(reliability_diagram(reliability_bins([], []))).size


def test_bars_grow_with_the_labels_up_to_a_limit(pixels: Pixels) -> None:
    heights = [pixels(label_f1_bars(scores(count))).shape[0] for count in (1, 6, 50, 51)]
    assert heights[0] < heights[1] < heights[2] == heights[3]


def test_labels_without_a_score_are_not_drawn() -> None:
    assert label_f1_bars({"a": Score(), **scores(2)}) == label_f1_bars(scores(2))
    with pytest.raises(InputError, match="no label with a score"):
        label_f1_bars({"a": Score()})


def test_curves_with_gaps_marks_and_a_logarithmic_axis(shows: Shows) -> None:
    rates = [10.0**power for power in range(-6, 0)]
    png = line_plot(
        {"loss": (rates, [1.0, 0.9, 0.5, 0.7, math.nan, math.inf])},
        x_label="Learning rate",
        y_label="Loss",
        log_x=True,
        marks={"suggested": 1e-4},
    )
    assert shows(png, COLOURS[0])
    assert shows(png, COLOURS[-1])


def test_more_curves_than_colours_are_drawn() -> None:
    many = {f"task {row}": ([1.0, 2.0], [row, row + 1.0]) for row in range(9)}
    assert line_plot(many, x_label="Epoch", y_label="F1") != line_plot(
        dict(list(many.items())[:7]), x_label="Epoch", y_label="F1"
    )


def test_curves_that_cannot_be_drawn_are_named() -> None:
    with pytest.raises(InputError, match="'loss' has 2 positions and 1 values"):
        line_plot({"loss": ([1.0, 2.0], [1.0])}, x_label="x", y_label="y")
    with pytest.raises(InputError, match="no curve"):
        line_plot({}, x_label="x", y_label="y")


@pytest.mark.parametrize(
    "label", ["$x_", r"a $\frac$ b", "cost $5 or $6", "_hidden", r"\frac", "a\nb", "%d {x}", "x" * 300]
)
def test_any_label_can_be_drawn(label: str) -> None:
    with_label = label_f1_bars({label: Score(precision=1, recall=1, f1=1, support=1)}, title=label)
    assert with_label != label_f1_bars({"other": Score(precision=1, recall=1, f1=1, support=1)}, title="other")
    drawn = line_plot({label: ([1.0, 2.0], [1.0, 2.0])}, x_label=label, y_label=label, title=label)
    other = line_plot({"zz": ([1.0, 2.0], [1.0, 2.0])}, x_label=label, y_label=label, title=label)
    assert drawn != other


def test_long_labels_are_cut() -> None:
    assert plain_label("a  b\nc") == "a b c"
    assert plain_label("x" * 50, most=10) == "x" * 9 + "…"


def test_the_same_figure_gives_the_same_bytes_without_pyplot() -> None:
    figure, axes = new_figure(title="t")
    axes.plot([0, 1], [0, 1])
    assert to_png(figure) == to_png(figure)
    assert label_f1_bars(scores(3)) == label_f1_bars(scores(3))
    module = sys.modules.get("matplotlib.pyplot")
    assert module is None or not module.get_fignums()
