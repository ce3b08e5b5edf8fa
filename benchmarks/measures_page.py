"""Write the page of the measures: definition, an example, a near miss, and development figures.

    python -m benchmarks.measures_page --data FOLDER [--output docs/measures.md]

FOLDER holds ``plans.jsonl`` and ``texts/<id>.txt``; only counts and figures of it reach the page.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from sklearn.metrics import roc_auc_score

from benchmarks.quality import measure_f1
from mtl_core.quality import QualityModel
from mtl_core.rubric import RUBRIC, Measure
from mtl_core.training.corpus import SegmentRow, load_corpus, load_plan_folder

if TYPE_CHECKING:
    from numpy.typing import NDArray

PAGE = Path(__file__).parents[1] / "docs" / "measures.md"

_HEAD = """# The fourteen measures

What each measure means, one passage that shows it, one that only looks like it, and how well the shipped heads read it.
Both passages were written for this project. This page is made by `python -m benchmarks.measures_page --data FOLDER`.

F1 is the mean of present-F1 and absent-F1; "not sure" counts as absent. The figures are development figures on {plans}
plans of other people: the heads learned from further plans of the same sources, so they are on the high side, and a
measure that few plans show has a wide interval. A reading is a prompt for the teacher's own judgement. It is never an
appraisal of a teacher.

To read plans by measures of your own, see [training](training.md#a-rubric-of-your-own).
"""


def example(rows: Sequence[SegmentRow], measure: str, polarity: str) -> SegmentRow:
    """The example of a measure that is shown: the first of middling length, alone in its measures where one is.

    Args:
        rows: Labelled segments of ours.
        measure: Key of the measure.
        polarity: ``present`` or ``near_miss``.

    Returns:
        The segment.
    """
    fitting = [row for row in rows if row.measure == measure and row.polarity == polarity and row.style != "extracted"]
    alone = (measure,) if polarity == "present" else ()
    own = f"{measure}-"  # written as an example, not as one of a contrast set that needs its partners
    return min(
        fitting,
        key=lambda row: (row.measures != alone, not row.id.startswith(own), abs(len(row.text) - 110) // 30, row.id),
    )


def figures(data: Path, model: QualityModel) -> tuple[int, NDArray[np.float64]]:
    """Number of plans, and ``[measures, 3]``: share of plans with the measure, F1 and AUROC."""
    plans = load_plan_folder(data / "plans.jsonl", licence_class=None)
    readings = [model.analyse(plan.text).measures for plan in plans]
    keys = [measure.key for measure in RUBRIC]
    labels = np.asarray([[int(plan.present[key]) for key in keys] for plan in plans])
    predicted = np.asarray([[int(reading[key].verdict == "present") for key in keys] for reading in readings])
    chances = np.asarray([[reading[key].probability for key in keys] for reading in readings])
    areas = [roc_auc_score(labels[:, column], chances[:, column]) for column in range(len(keys))]
    return len(plans), np.stack([labels.mean(0), measure_f1(labels, predicted), np.asarray(areas)], axis=1)


def section(measure: Measure, rows: Sequence[SegmentRow], values: Sequence[float]) -> str:
    """The part of the page about one measure."""
    shows, misses = (" ".join(example(rows, measure.key, p).text.split()) for p in ("present", "near_miss"))
    share, score, area = values
    return (
        f"## {measure.title}\n\n`{measure.key}` · in {share:.0%} of the plans · F1 {score:.2f} · AUROC {area:.2f}\n\n"
        f"Present when the plan states {measure.definition}.\n\nNot enough: {measure.near_misses}.\n\n"
        f"- shows it: “{shows}”\n- near miss: “{misses}”\n\nSource: {measure.source}.\n"
    )


def main() -> None:
    """Write the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--output", type=Path, default=PAGE)
    options = parser.parse_args()
    rows = load_corpus().segments
    plans, values = figures(options.data, QualityModel.from_pretrained())
    parts = [section(measure, rows, line) for measure, line in zip(RUBRIC, values.tolist(), strict=True)]
    options.output.write_text("\n".join([_HEAD.format(plans=plans), *parts]), encoding="utf-8")
    print(f"wrote {options.output}")


if __name__ == "__main__":
    main()
