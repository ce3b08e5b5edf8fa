"""Development figures with every source left out in turn: no plan of a source is judged by heads that saw the source.

    python -m benchmarks.leave_source_out --data FOLDER [--folds 5] [--without-real]

FOLDER holds ``plans.jsonl`` (judged, never learned from) and ``train.jsonl`` (learned from, open licences).
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from benchmarks.quality import bootstrap_interval, measure_f1
from mtl_core.encoder import SharedEncoder
from mtl_core.rubric import MEASURES
from mtl_core.training.corpus import load_corpus, load_plan_folder
from mtl_core.training.dataset import build_dataset, without_groups
from mtl_core.training.evidence import (
    TrainingOptions,
    fit_scores,
    group_folds,
    held_out_calibration,
    plan_logits,
)


def main() -> None:
    """Print the F1 of each measure and their mean."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--folds", type=int, default=5, help="sources are left out in this many lots")
    parser.add_argument("--without-real", action="store_true", help="learn from the text of the package alone")
    arguments = parser.parse_args()
    corpus, options, encoder = load_corpus(), TrainingOptions(), SharedEncoder.load()
    real = () if arguments.without_real else load_plan_folder(arguments.data / "train.jsonl")
    judged = load_plan_folder(arguments.data / "plans.jsonl", licence_class=None)
    training = build_dataset(encoder, plans=(*corpus.plans, *real), segments=corpus.segments)
    development = build_dataset(encoder, plans=judged, segments=())
    predicted = np.zeros((len(judged), len(MEASURES)), np.int64)
    ours = {plan.group for plan in corpus.plans}
    lots = [frozenset(development.groups)] if not real else group_folds(development.groups, arguments.folds)
    for held in lots:
        seen = without_groups(training, held)
        deciding = [number for number, group in enumerate(seen.groups) if not real or group not in ours]
        calibration = held_out_calibration(seen, options, judged=deciding)
        scores = fit_scores(seen, np.ones(len(seen.labels), np.bool_), options)
        plans = [number for number, group in enumerate(development.groups) if group in held]
        logits = plan_logits(scores, development, plans, top=options.top)
        for column, key in enumerate(MEASURES):
            fitted = calibration[key]
            verdicts = [fitted.verdict(fitted.probability(float(logit))) for logit in logits[:, column]]
            predicted[plans, column] = [int(verdict == "present") for verdict in verdicts]
    labels = development.plan_labels.astype(np.int64)
    for key, value in zip(MEASURES, measure_f1(labels, predicted), strict=True):
        print(f"{key:26s} {value:.2f}")
    low, high = bootstrap_interval(labels, predicted)
    print(f"macro-F1 {measure_f1(labels, predicted).mean():.3f}  (95 % {low:.3f} to {high:.3f})")


if __name__ == "__main__":
    main()
