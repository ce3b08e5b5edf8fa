"""Two readings of the openly licensed plans: labels and quotes of one, passages of the other.

    python -m benchmarks.passage_readings --data FOLDER

The second readers saw the rubric and the passages, and no label or quote of the first. Both readings were
machine-assisted. For each measure: plans, plans that have it in either reading, agreement of the labels (share and
Cohen's kappa), and of the plans that have it in both, the share in which a passage that the second reader calls best
(one or two) touches a quote of the first; the number of passages that show it.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from sklearn.metrics import cohen_kappa_score

from mtl_core.rubric import MEASURES
from mtl_core.training.corpus import load_plan_folder, quoted_starts


def main() -> None:
    """Print a line a measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    options = parser.parse_args()
    found = load_plan_folder(options.data / "train.jsonl")
    plans = [(plan, plan.passages) for plan in found if plan.passages is not None]
    print(f"{len(plans)} plans read twice")
    totals = []
    for measure in MEASURES:
        first = np.asarray([plan.present[measure] for plan, _ in plans])
        shows = [read.shows.get(measure, ()) for _, read in plans]
        second = np.asarray([bool(starts) for starts in shows])
        both = np.flatnonzero(first & second)
        pairs = [plans[row] for row in both]
        touched = np.mean([not quoted_starts(plan, measure).isdisjoint(read.best[measure]) for plan, read in pairs])
        count = np.mean([len(shows[row]) for row in both])
        totals.append((np.mean(first == second), cohen_kappa_score(first, second), touched, count))
        print(
            f"{measure:26s} {first.sum():3d} {second.sum():3d} agree {totals[-1][0]:.2f} kappa {totals[-1][1]:.2f} "
            f"best touches a quote {touched:.2f} passages {count:.1f}"
        )
    agree, kappa, touched, count = np.mean(totals, 0)
    print(f"{'mean':34s} agree {agree:.2f} kappa {kappa:.2f} best touches a quote {touched:.2f} passages {count:.1f}")


if __name__ == "__main__":
    main()
