"""Development figures with every source left out in turn: no plan of a source is judged by heads that saw the source.

    python -m benchmarks.leave_source_out --data FOLDER [--folds 3] [--without-branch] [--with-rules]

FOLDER holds ``plans.jsonl`` (judged, never learned from) and ``train.jsonl`` (learned from, open licences). With the
branch this trains as long as ``make train`` does; without it, about ten minutes.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np
from sklearn.metrics import roc_auc_score

from benchmarks.quality import bootstrap_interval, measure_f1
from mtl_core.encoder import SharedEncoder
from mtl_core.quality_config import QualityConfig
from mtl_core.rubric import MEASURES
from mtl_core.training.branch import BranchOptions
from mtl_core.training.calibration import expected_calibration_error
from mtl_core.training.corpus import LabelledPlan, load_corpus, load_plan_folder
from mtl_core.training.evidence import TrainingOptions
from mtl_core.training.quality_fit import PASSAGE_FROM, QUOTABLE_FROM, FoldLogits, fold_logits, quality_data


def print_figures(
    judged: tuple[LabelledPlan, ...],
    logits: FoldLogits,
    real: tuple[LabelledPlan, ...],
    deciding: FoldLogits,
    *,
    rules: bool = False,
) -> None:
    """Print the F1 of each measure and their mean; calibration comes from plans of other folds alone.

    ``rules`` are those of the best passage: one clear passage is enough, and without one nothing is present.
    """
    labels = np.asarray([[int(plan.present[key]) for key in MEASURES] for plan in judged])
    predicted, chances = np.zeros_like(labels), np.zeros(labels.shape)
    for fold in np.unique(logits.folds).tolist():
        config = QualityConfig(
            encoder="",
            fingerprint="",
            calibration=deciding.calibration(real, without=fold),
            passage_from=PASSAGE_FROM if rules else None,
            quotable_from=QUOTABLE_FROM if rules else None,
        )
        for row in np.flatnonzero(logits.folds == fold).tolist():
            for column, (key, passage) in enumerate(zip(MEASURES, logits.passages[row], strict=True)):
                logit = float(logits.logits[row, column])
                chances[row, column], verdict = config.judge(key, logit, passage=passage)
                predicted[row, column] = verdict == "present"
    areas = [roc_auc_score(labels[:, column], logits.logits[:, column]) for column in range(len(MEASURES))]
    for key, value, area in zip(MEASURES, measure_f1(labels, predicted), areas, strict=True):
        print(f"{key:26s} F1 {value:.2f}  AUROC {area:.2f}")
    low, high = bootstrap_interval(labels, predicted)
    error = expected_calibration_error(chances.ravel(), labels.ravel())
    print(f"macro-F1 {measure_f1(labels, predicted).mean():.3f}  (95 % {low:.3f} to {high:.3f})")
    print(f"AUROC mean {np.mean(areas):.3f}, expected calibration error over all judgements {error:.3f}")
    for source in sorted({plan.group for plan in judged}):
        rows = [row for row, plan in enumerate(judged) if plan.group == source]
        right = (labels[rows] == predicted[rows]).mean()
        print(f"{source:26s} {len(rows):3d} plans, {right:.2f} of the judgements agree with the readers")


def main() -> None:
    """Train once a fold, and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--folds", type=int, default=3, help="sources are left out in this many lots")
    parser.add_argument("--without-branch", action="store_true", help="heads on the frozen encoder alone")
    parser.add_argument("--with-rules", action="store_true", help="the rules of the best passage as well")
    arguments = parser.parse_args()
    branch = None if arguments.without_branch else BranchOptions()
    encoder = SharedEncoder.load(precision="float32")
    real = load_plan_folder(arguments.data / "train.jsonl")
    judged = load_plan_folder(arguments.data / "plans.jsonl", licence_class=None)
    data = quality_data(encoder, load_corpus(), real, branch)
    found = fold_logits(
        encoder,
        data,
        {"real": real, "judged": judged},
        TrainingOptions(),
        branch,
        folds=arguments.folds,
        report=lambda line: print(line, file=sys.stderr),
    )
    print_figures(judged, found["judged"], real, found["real"], rules=arguments.with_rules)


if __name__ == "__main__":
    main()
