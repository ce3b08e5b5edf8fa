"""Development figures of the quality model on labelled plans, beside two baselines, in one run.

    python -m benchmarks.quality --data FOLDER [--unseen] [--model FOLDER] [--rows FILE]

FOLDER holds ``plans.jsonl`` (id, source, labels with quotes) and ``texts/<id>.txt``. With ``--unseen`` the
noncommercial rows of ``train.jsonl`` are judged instead: no training reads them or another plan of their sources.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from sklearn.metrics import roc_auc_score

from benchmarks.keywords import keyword_reading
from mtl_core.quality import QualityModel
from mtl_core.reading import Analysis
from mtl_core.rubric import MEASURES
from mtl_core.training.calibration import expected_calibration_error
from mtl_core.training.corpus import LabelledPlan, load_corpus, load_plan_folder, overlapping

if TYPE_CHECKING:
    from numpy.typing import NDArray

_RESAMPLES = 2000


def measure_f1(labels: NDArray[np.int64], predicted: NDArray[np.int64]) -> NDArray[np.float64]:
    """Mean of present-F1 and absent-F1 by measure; an F1 without any case counts as 0.

    Args:
        labels: ``[plans, measures]`` 0 or 1.
        predicted: The same for predictions.

    Returns:
        ``[measures]``.
    """
    hits = (labels & predicted).sum(0)
    rejections = ((1 - labels) & (1 - predicted)).sum(0)
    wrong = (labels != predicted).sum(0)
    scores: NDArray[np.float64] = (_f1(hits, wrong) + _f1(rejections, wrong)) / 2
    return scores


def _f1(right: NDArray[np.int64], wrong: NDArray[np.int64]) -> NDArray[np.float64]:
    ratio: NDArray[np.float64] = 2 * right / np.maximum(2 * right + wrong, 1)
    return ratio


def bootstrap_interval(
    labels: NDArray[np.int64], predicted: NDArray[np.int64], *, seed: int = 0
) -> tuple[float, float]:
    """95 % interval of the macro-F1 over resampled plans."""
    generator = np.random.default_rng(seed)
    draws = [generator.integers(0, len(labels), len(labels)) for _ in range(_RESAMPLES)]
    values = [measure_f1(labels[rows], predicted[rows]).mean() for rows in draws]
    return float(np.quantile(values, 0.025)), float(np.quantile(values, 0.975))


def evidence_overlap(plans: Sequence[LabelledPlan], analyses: Sequence[Analysis]) -> float:
    """Share of true positives in which one of our quotes touches one of the readers' quotes."""
    hits = total = 0
    for plan, analysis in zip(plans, analyses, strict=True):
        for key, reading in analysis.measures.items():
            if reading.verdict != "present" or not plan.present[key]:
                continue
            total += 1
            quoted = {plan.segments[row].start for quote in plan.quotes[key] for row in overlapping(plan, quote)}
            hits += any(evidence.start in quoted for evidence in reading.evidence)
    return hits / max(total, 1)


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--unseen", action="store_true", help="judge the noncommercial rows of train.jsonl")
    parser.add_argument("--model", type=Path)
    parser.add_argument("--rows", type=Path, help="also write the rows of assess --json here")
    options = parser.parse_args()
    name, kept = ("train.jsonl", "noncommercial") if options.unseen else ("plans.jsonl", None)
    plans = load_plan_folder(options.data / name, licence_class=kept)
    model = QualityModel.from_pretrained(options.model)
    analyses = [model.analyse(plan.text) for plan in plans]
    if options.rows:
        sources = [str(options.data / "texts" / f"{plan.id}.txt") for plan in plans]
        rows = [json.dumps(a.as_json(source)) for a, source in zip(analyses, sources, strict=True)]
        options.rows.write_text("\n".join(rows) + "\n", encoding="utf-8")
    labels = np.asarray([[int(plan.present[key]) for key in MEASURES] for plan in plans])
    own = np.asarray([[int(a.measures[key].verdict == "present") for key in MEASURES] for a in analyses])
    probabilities = np.asarray([[a.measures[key].probability for key in MEASURES] for a in analyses])
    keywords = np.asarray([[int(keyword_reading(plan.text)[key][0]) for key in MEASURES] for plan in plans])
    training = load_corpus().plans
    usual = [int(np.mean([plan.present[key] for plan in training]) >= 0.5) for key in MEASURES]
    majority = np.tile(usual, (len(plans), 1))
    _table(labels, own, probabilities, {"keywords": keywords, "majority": majority}, print)
    refused = [plan.id for plan, analysis in zip(plans, analyses, strict=True) if not analysis.is_lesson_plan]
    print(f"evidence overlap on true positives {evidence_overlap(plans, analyses):.3f}")
    print(f"refused as no lesson plan: {len(refused)} of {len(plans)} {refused}")


def _table(
    labels: NDArray[np.int64],
    own: NDArray[np.int64],
    probabilities: NDArray[np.float64],
    baselines: dict[str, NDArray[np.int64]],
    write: Callable[[str], None],
) -> None:
    systems = {"ours": own, **baselines}
    scores = {name: measure_f1(labels, predicted) for name, predicted in systems.items()}
    areas = [roc_auc_score(labels[:, c], probabilities[:, c]) for c in range(labels.shape[1])]
    write(f"{'measure':26s} present  AUROC  " + "  ".join(f"{name:>8s}" for name in systems))
    for column, key in enumerate(MEASURES):
        figures = "  ".join(f"{scores[name][column]:8.2f}" for name in systems)
        write(f"{key:26s} {labels[:, column].mean():7.2f} {areas[column]:6.2f}  {figures}")
    for name, predicted in systems.items():
        low, high = bootstrap_interval(labels, predicted)
        write(f"macro-F1 {name:10s} {scores[name].mean():.3f}  (95 % {low:.3f} to {high:.3f})")
    errors = [expected_calibration_error(probabilities[:, c], labels[:, c]) for c in range(labels.shape[1])]
    pooled = expected_calibration_error(probabilities.ravel(), labels.ravel())
    write(f"AUROC mean {np.mean(areas):.3f}   calibration error: mean {np.mean(errors):.3f}, pooled {pooled:.3f}")


if __name__ == "__main__":
    main()
