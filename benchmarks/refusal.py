"""How often text that is no lesson plan is refused, and how often a lesson plan is.

    python -m benchmarks.refusal --data FOLDER [--held-out] [--folds 5]
    python -m benchmarks.refusal --data FOLDER --shipped

FOLDER holds ``plans.jsonl`` (judged, never learned from) and ``train.jsonl`` (learned from, open licences; the other
rows are judged). Every batch of text and every source of plans is judged by a head that has not seen it. With
``--held-out`` a head that has learned from everything is measured on texts that were kept apart for the end. With
``--shipped`` nothing is trained: the shipped model reads those texts and the real plans, as a user's are read.
"""

from __future__ import annotations

import argparse
import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from mtl_core.encoder import SharedEncoder
from mtl_core.language import detect_language
from mtl_core.plan_features import join_features
from mtl_core.plan_head import PlanHead
from mtl_core.quality import QualityModel
from mtl_core.training.corpus import SHIPPED_CORPUS, LabelledPlan, OtherText, load_corpus, load_plan_folder
from mtl_core.training.dataset import vectors_for
from mtl_core.training.plan_head import (
    PLAN_THRESHOLD,
    SHORT_PLAN_WEIGHT,
    PlanExample,
    fit_plan_head,
    plan_folds,
)
from mtl_core.training.plan_texts import load_texts, plan_examples, text_examples


@dataclass(frozen=True)
class Judged:
    """A document to judge: its example, what it is called, the table that it is counted in, and whether to learn."""

    example: PlanExample
    id: str
    table: str
    kind: str = ""
    learned: bool = True


def main() -> None:
    """Print the shares."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--held-out", action="store_true", help="also the texts that were kept apart for the end")
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument("--shipped", action="store_true", help="judge by the shipped model; nothing is trained")
    arguments = parser.parse_args()
    if arguments.shipped:
        _shipped(arguments.data)
        return
    encoder = SharedEncoder.load()
    documents = [*_texts(encoder), *_plans(encoder, arguments.data)]
    learned = [document for document in documents if document.learned]
    refused: dict[int, bool] = {}
    for held in plan_folds([document.example for document in documents], arguments.folds):
        head = fit_plan_head([d.example for d in learned if (d.example.is_plan, d.example.group) not in held])
        judged = [n for n, d in enumerate(documents) if (d.example.is_plan, d.example.group) in held]
        refused |= zip(judged, _refused(head, [documents[number].example for number in judged]), strict=True)
    print("judged by heads that have not seen the batch or the source")
    _print(documents, refused)
    _languages("other_languages.jsonl")
    if arguments.held_out:
        print("\nkept apart; judged by a head that has learned from everything")
        head = fit_plan_head([document.example for document in learned])
        texts = load_texts(SHIPPED_CORPUS / "held_out_not_plans.jsonl")
        apart = _judged(encoder, texts, "held-out texts that are no plans")
        _print(apart, dict(enumerate(_refused(head, [document.example for document in apart]))))
        _languages("held_out_other_languages.jsonl")


def _shipped(data: Path) -> None:
    model = QualityModel.from_pretrained()
    real = {
        "development plans": load_plan_folder(data / "plans.jsonl", licence_class=None),
        "real plans, not learned from": load_plan_folder(data / "train.jsonl", licence_class="noncommercial"),
    }
    tables = {name: [(plan.id, plan.text) for plan in plans] for name, plans in real.items()}
    for name in ("held_out_not_plans.jsonl", "held_out_other_languages.jsonl"):
        lines = (SHIPPED_CORPUS / name).read_text(encoding="utf-8").splitlines()
        tables[name] = [(row["id"], row["text"]) for row in map(json.loads, lines)]
    for name, rows in tables.items():
        plans = {key: model.analyse(text).is_lesson_plan for key, text in rows}
        # what is named is what went wrong
        wrong = [key for key, is_plan in plans.items() if is_plan is not (name in real)]
        print(f"{name}: refused {len(plans) - sum(plans.values())} of {len(plans)}; wrong: {' '.join(wrong) or 'none'}")


def _texts(encoder: SharedEncoder) -> Iterator[Judged]:
    corpus = load_corpus()
    yield from _judged(encoder, corpus.others, "texts that are no plans")
    short = corpus.short_plans
    for text, example in zip(
        short, text_examples(encoder, short, are_plans=True, weight=SHORT_PLAN_WEIGHT), strict=True
    ):
        yield Judged(example, text.id, "short plans of the corpus")


def _judged(encoder: SharedEncoder, texts: Sequence[OtherText], table: str) -> list[Judged]:
    examples = text_examples(encoder, texts)
    return [Judged(example, text.id, table, text.kind) for text, example in zip(texts, examples, strict=True)]


def _plans(encoder: SharedEncoder, data: Path) -> Iterator[Judged]:
    everyone = load_plan_folder(data / "train.jsonl", licence_class=None)
    open_ids = {plan.id for plan in load_plan_folder(data / "train.jsonl")}
    tables: dict[str, Sequence[LabelledPlan]] = {
        "plans of the corpus": load_corpus().plans,
        "real plans, open licence": [plan for plan in everyone if plan.id in open_ids],
        "real plans, not learned from": [plan for plan in everyone if plan.id not in open_ids],
        "development plans": load_plan_folder(data / "plans.jsonl", licence_class=None),
    }
    learned = ("plans of the corpus", "real plans, open licence")
    vectors = vectors_for(encoder, [s.text for plans in tables.values() for plan in plans for s in plan.segments])
    for table, plans in tables.items():
        for plan, example in zip(plans, plan_examples(plans, vectors), strict=True):
            yield Judged(example, plan.id, table, learned=table in learned)


def _refused(head: PlanHead, examples: Sequence[PlanExample]) -> list[bool]:
    with torch.inference_mode():
        probabilities = torch.sigmoid(head(join_features([example.pieces.whole for example in examples])))
    return [float(probability) < PLAN_THRESHOLD for probability in probabilities]


def _print(documents: Sequence[Judged], refused: Mapping[int, bool]) -> None:
    tables: dict[str, dict[str, list[bool]]] = defaultdict(lambda: defaultdict(list))
    for number, verdict in sorted(refused.items()):
        document = documents[number]
        tables[document.table][document.kind].append(verdict)
    for table, kinds in tables.items():
        everything = [verdict for verdicts in kinds.values() for verdict in verdicts]
        print(f"{table}: refused {sum(everything)} of {len(everything)} ({sum(everything) / len(everything):.3f})")
        for kind, verdicts in sorted(kinds.items()):
            if kind and not all(verdicts):
                print(f"    {kind}: {sum(verdicts)} of {len(verdicts)}")
        ids = [documents[n].id for n, verdict in refused.items() if verdict and documents[n].table == table]
        if not any(kinds) and ids:
            print(f"    {' '.join(ids)}")


def _languages(name: str) -> None:
    rows = [json.loads(line) for line in (SHIPPED_CORPUS / name).read_text(encoding="utf-8").splitlines()]
    passed = [f"{row['id']} ({row['language']})" for row in rows if detect_language(row["text"]) == "en"]
    print(f"{name}: refused {len(rows) - len(passed)} of {len(rows)}; taken for English: {' '.join(passed) or 'none'}")


if __name__ == "__main__":
    main()
