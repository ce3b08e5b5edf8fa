"""The quality model beside plainer systems that learn from the same text, in one run, on labelled plans.

    python -m benchmarks.quality_peers --data FOLDER [--setfit]

FOLDER holds ``plans.jsonl`` (judged), ``train.jsonl`` (open plans that the shipped heads learned from too) and
``texts/<id>.txt``. Every peer is a logistic regression a measure with balanced classes over one vector a plan:

- ``tf-idf``: words and pairs of words
- ``minilm``: the mean of the plan's segment vectors
- ``first 128``: the vector of the plan's first 128 word pieces, which is what the project grew from
- ``setfit`` (peers group): SetFit on the labelled single passages; the highest chance of a plan's segments is the
  plan's, with the threshold a measure that is best on the open plans
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score, roc_auc_score

from benchmarks.keywords import keyword_reading
from benchmarks.quality import bootstrap_interval, measure_f1
from mtl_core.encoder import SharedEncoder
from mtl_core.features import document_vector, encoder_text
from mtl_core.quality import QualityModel
from mtl_core.rubric import MEASURES
from mtl_core.training.corpus import LabelledPlan, load_corpus, load_plan_folder
from mtl_core.training.dataset import vectors_for

if TYPE_CHECKING:
    from numpy.typing import NDArray

_FIRST_PIECES = 128
_SETFIT_PAIRS = 5_000


def labels_of(plans: Sequence[LabelledPlan]) -> NDArray[np.int64]:
    """``[plans, measures]`` 0 or 1."""
    return np.asarray([[int(plan.present[key]) for key in MEASURES] for plan in plans])


def judged(
    train: NDArray[np.float32], labels: NDArray[np.int64], test: NDArray[np.float32]
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Predictions and probabilities ``[test plans, measures]`` of one logistic regression a measure."""
    models = [LogisticRegression(class_weight="balanced", max_iter=2000).fit(train, column) for column in labels.T]
    chances = np.stack([model.predict_proba(test)[:, 1] for model in models], axis=1)
    return (chances >= 0.5).astype(np.int64), chances


def segment_means(encoder: SharedEncoder, plans: Sequence[LabelledPlan]) -> NDArray[np.float32]:
    """Mean of the segment vectors of each plan."""
    vectors = vectors_for(encoder, [segment.text for plan in plans for segment in plan.segments])
    return np.stack([document_vector(plan.segments, vectors) for plan in plans])


def first_pieces(encoder: SharedEncoder, plans: Sequence[LabelledPlan]) -> NDArray[np.float32]:
    """Vector of the first word pieces of each plan."""
    budget = encoder.max_tokens
    encoder.limit_tokens(_FIRST_PIECES)
    try:
        return encoder.encode([encoder_text(plan.text) for plan in plans]).vectors
    finally:
        encoder.limit_tokens(budget)


def best_thresholds(chances: NDArray[np.float64], truth: NDArray[np.int64]) -> NDArray[np.float64]:
    """``[measures]`` the threshold of each with the best mean of present-F1 and absent-F1."""
    found = []
    for column, row in zip(chances.T, truth.T, strict=True):
        tried = np.unique(column)
        found.append(tried[int(np.argmax([f1_score(row, column >= at, average="macro") for at in tried]))])
    return np.asarray(found)


def setfit_readings(
    plans: Sequence[LabelledPlan], known: Sequence[LabelledPlan]
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """SetFit on the labelled passages of the package; ``known`` plans choose its thresholds."""
    from datasets import Dataset  # noqa: PLC0415
    from setfit import SetFitModel, Trainer, TrainingArguments  # noqa: PLC0415

    from mtl_core.embedded import embedded_folder  # noqa: PLC0415

    rows = load_corpus().segments
    data = {
        "text": [row.text for row in rows],
        "label": [[int(key in row.measures) for key in MEASURES] for row in rows],
    }
    model = SetFitModel.from_pretrained(str(embedded_folder()), multi_target_strategy="one-vs-rest")
    arguments = TrainingArguments(
        batch_size=32, max_steps=_SETFIT_PAIRS // 32, seed=0, report_to="none", save_strategy="no"
    )
    Trainer(model=model, args=arguments, train_dataset=Dataset.from_dict(data)).train()

    def chances(plan: LabelledPlan) -> NDArray[np.float64]:
        found = model.predict_proba([encoder_text(segment.text) or "-" for segment in plan.segments])
        values: NDArray[np.float64] = np.asarray(found).reshape(len(plan.segments), -1).max(0)
        return values

    values, of_known = (np.asarray([chances(plan) for plan in each]) for each in (plans, known))
    return (values >= best_thresholds(of_known, labels_of(known))).astype(np.int64), values


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--setfit", action="store_true", help="SetFit too; about twenty minutes on two cores")
    options = parser.parse_args()
    known = load_plan_folder(options.data / "train.jsonl")
    train = (*load_corpus().plans, *known)
    plans = load_plan_folder(options.data / "plans.jsonl", licence_class=None)
    given, truth, encoder = labels_of(train), labels_of(plans), SharedEncoder.load()
    model = QualityModel.from_pretrained(encoder=encoder)
    readings = [model.analyse(plan.text).measures for plan in plans]
    verdicts = np.asarray([[int(reading[key].verdict == "present") for key in MEASURES] for reading in readings])
    chances = np.asarray([[reading[key].probability for key in MEASURES] for reading in readings])
    words = TfidfVectorizer(ngram_range=(1, 2), min_df=2, sublinear_tf=True).fit([plan.text for plan in train])
    keywords = np.asarray([[int(keyword_reading(plan.text)[key][0]) for key in MEASURES] for plan in plans])
    systems = {
        "ours": (verdicts, chances),
        "keywords": (keywords, keywords.astype(np.float64)),
        "tf-idf": judged(*(words.transform([p.text for p in train]), given, words.transform([p.text for p in plans]))),
        "minilm": judged(segment_means(encoder, train), given, segment_means(encoder, plans)),
        "first 128": judged(first_pieces(encoder, train), given, first_pieces(encoder, plans)),
    }
    if options.setfit:
        systems["setfit"] = setfit_readings(plans, known)
    print_table(truth, systems)


def print_table(truth: NDArray[np.int64], systems: Mapping[str, tuple[NDArray[np.int64], NDArray[np.float64]]]) -> None:
    """Print F1 by measure and system, then means with intervals.

    Args:
        truth: ``[plans, measures]`` 0 or 1.
        systems: Predictions and probabilities of the same shape by name.
    """
    scores = {name: measure_f1(truth, predicted) for name, (predicted, _) in systems.items()}
    print(f"{'measure':26s}" + "".join(f"{name:>11s}" for name in systems))
    for column, key in enumerate(MEASURES):
        print(f"{key:26s}" + "".join(f"{score[column]:11.2f}" for score in scores.values()))
    for name, (predicted, chances) in systems.items():
        low, high = bootstrap_interval(truth, predicted)
        area = np.mean([roc_auc_score(truth[:, c], chances[:, c]) for c in range(truth.shape[1])])
        print(f"macro-F1 {name:10s} {scores[name].mean():.3f}  (95 % {low:.3f} to {high:.3f})  AUROC {area:.3f}")


if __name__ == "__main__":
    main()
