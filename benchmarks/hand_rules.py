"""What the hand-written patterns add to the shipped heads, on labelled plans.

    python -m benchmarks.hand_rules --data FOLDER

``mtl_core/corpus/patterns`` holds 75 to 112 patterns a measure (26 for pacing), written from the rubric and mended on
the openly licensed plans of FOLDER and on plans of ours. Their scores are added to those of the heads, so the heads
alone are what is left without them. ``plans.jsonl`` shares sources with the plans that the heads and the weights of the
patterns were learned from; of ``unseen`` plans (noncommercial rows of ``train.jsonl``) nobody and nothing has seen
another plan of the source. Takes about three minutes.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from sklearn.metrics import roc_auc_score

from mtl_core.best_passages import quotable_rows
from mtl_core.heads import OTHERS_SHARE, smooth_maximum
from mtl_core.quality import QualityModel
from mtl_core.rubric import MEASURES
from mtl_core.training.corpus import LabelledPlan, load_plan_folder, overlapping

if TYPE_CHECKING:
    from numpy.typing import NDArray

KINDS = ("heads", "patterns", "both")


@dataclass(frozen=True, slots=True)
class Judged:
    """Logits of a plan and scores of its passages.

    Args:
        logits: ``[kinds, measures]``.
        scores: ``[kinds, segments, measures]``.
    """

    logits: NDArray[np.float32]
    scores: NDArray[np.float32]


def judge(model: QualityModel, plan: LabelledPlan) -> Judged:
    """Judge a plan with the patterns, and take them off again.

    Args:
        model: A model with patterns.
        plan: The plan.

    Returns:
        Logits and scores of heads, patterns and both.

    Raises:
        ValueError: If the model has no patterns.
    """
    if model.patterns is None:
        raise ValueError("this model has no patterns")
    output = model.judge_segments(plan.segments)
    logits, scores = output.logits[0].numpy(), output.scores.numpy()
    own, _ = model.patterns(plan.segments)
    alone = OTHERS_SHARE * smooth_maximum(torch.from_numpy(own), top=model.config.top).numpy()
    return Judged(np.stack([logits - alone, alone, logits]), np.stack([scores - own, own, scores]))


def quotes_found(plan: LabelledPlan, measure: str, scores: NDArray[np.float32]) -> tuple[bool, bool]:
    """Whether the best passage, and one of the three best, is one that a reader quoted.

    Args:
        plan: The plan.
        measure: Key of a measure that it has.
        scores: ``[segments]``.

    Returns:
        Both.
    """
    quoted = {row for quote in plan.quotes[measure] for row in overlapping(plan, quote)}
    best = sorted(quotable_rows(plan.segments), key=lambda at: (-scores[at], at))[:3]
    return bool(quoted & set(best[:1])), bool(quoted & set(best))


def print_figures(name: str, plans: Sequence[LabelledPlan], judged: Sequence[Judged]) -> None:
    """Print a line a measure and the means."""
    areas, quotes = [], []
    print(f"{name}: area and quotes among three of {', '.join(KINDS)}")
    for column, measure in enumerate(MEASURES):
        truth = [int(plan.present[measure]) for plan in plans]
        logits = np.stack([one.logits[:, column] for one in judged])
        areas.append([roc_auc_score(truth, logits[:, kind]) for kind in range(len(KINDS))])
        found = [
            [quotes_found(plan, measure, one.scores[kind, :, column]) for kind in range(len(KINDS))]
            for plan, one in zip(plans, judged, strict=True)
            if plan.present[measure]
        ]
        quotes += found
        own = np.mean(found, axis=0)[:, 1]
        print(f"{measure:26s}", *(f"{value:.2f}" for value in areas[-1]), "|", *(f"{value:.2f}" for value in own))
    first, three = np.mean(quotes, axis=0).T
    print(
        f"area {np.mean(areas, axis=0).round(3)}, a reader's quote: first {first.round(3)}, in three {three.round(3)}"
    )


def main() -> None:
    """Print the figures of both lists of plans."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    folder = parser.parse_args().data
    model = QualityModel.from_pretrained()
    for name, plans in (
        ("plans", load_plan_folder(folder / "plans.jsonl", licence_class=None)),
        ("unseen", load_plan_folder(folder / "train.jsonl", licence_class="noncommercial")),
    ):
        print_figures(name, plans, [judge(model, plan) for plan in plans])


if __name__ == "__main__":
    main()
