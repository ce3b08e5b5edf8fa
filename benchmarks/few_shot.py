"""A few examples of each label: ours beside SetFit, the same examples, encoder and machine, in one run.

python -m benchmarks.few_shot --data ../shared/data/learning_objectives

Needs the group ``peers`` (``pip install --group peers``). SetFit trains on contrastive pairs and fits one logistic
regression a label; it is shown as it comes and with balanced class weights in those regressions. Neither side sees
more than the few examples: no validation data, no tuned threshold.
"""

from __future__ import annotations

import json
import random
import statistics
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score
from sklearn.multiclass import OneVsRestClassifier

from mtl_core.embedded import embedded_folder
from mtl_core.training.config import load_config
from mtl_core.training.fit import build_model
from mtl_core.training.prepare import prepare
from mtl_core.training.run import run_training

CONFIG = Path(__file__).parent / "configs" / "learning_objectives_few.yaml"
LABELS = ("Remember", "Understand", "Apply", "Analyze", "Evaluate", "Create")
STEPS = {8: 60, 64: 160}

Row = dict[str, Any]
Predictions = NDArray[np.bool_]
Clocks = tuple[float, float]
"""Wall time and processor time; the second says more on a busy machine."""


def clocks() -> Clocks:
    """Both clocks now."""
    return time.perf_counter(), time.process_time()


def since(begun: Clocks) -> Clocks:
    """What has passed on both."""
    wall, processor = clocks()
    return wall - begun[0], processor - begun[1]


def read(path: Path) -> list[Row]:
    """Rows of a JSON-lines file."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def sample(rows: Sequence[Row], count: int, seed: int) -> list[Row]:
    """So many rows with each label, drawn by the seed; a row is drawn once."""
    order = random.Random(seed)  # noqa: S311 - a sample, not a secret
    chosen: list[int] = []
    for label in LABELS:
        found = [number for number, row in enumerate(rows) if row[label] and number not in chosen]
        order.shuffle(found)
        chosen += found[:count]
    return [rows[number] for number in chosen]


def ours(few: list[Row], texts: list[str], *, steps: int, seed: int) -> tuple[Clocks, Predictions]:
    """Time of the training, and predictions at probability 0.5."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "train.jsonl").write_text("\n".join(map(json.dumps, few)), encoding="utf-8")
        config = load_config(
            CONFIG,
            [f"data={folder}", f"output={folder}/model", f"seed={seed}", "logging.progress_bar=false",
             f"trainer.max_steps={steps}", f"trainer.validate_every={steps}"],
        )  # fmt: skip
        begun = clocks()
        prepared = prepare(config)
        model, teaching = build_model(config, prepared)
        run_training(model, teaching, config)
        seconds = since(begun)
    said = model.predict(texts)
    return seconds, np.array([[one[label].label == "1" for label in LABELS] for one in said])


def setfit(few: list[Row], texts: list[str], *, seed: int) -> dict[str, tuple[Clocks, Predictions]]:
    """The same of SetFit, with its own regressions and with balanced ones on the same tuned body.

    20 pairs an example, its paper's default, keep the larger sample within minutes.
    """
    from datasets import Dataset  # noqa: PLC0415
    from setfit import SetFitModel, Trainer, TrainingArguments  # noqa: PLC0415

    begun = clocks()
    model = SetFitModel.from_pretrained(
        str(embedded_folder()), multi_target_strategy="one-vs-rest", labels=list(LABELS)
    )
    labels = [[row[label] for label in LABELS] for row in few]
    rows = Dataset.from_dict({"text": [row["text"] for row in few], "label": labels})
    with tempfile.TemporaryDirectory() as folder:
        arguments = TrainingArguments(
            output_dir=folder,
            batch_size=16,
            num_epochs=1,
            num_iterations=20,
            report_to="none",
            save_strategy="no",
            seed=seed,
        )
        Trainer(model=model, args=arguments, train_dataset=rows).train()
    plain = since(begun)
    heads = OneVsRestClassifier(LogisticRegression(class_weight="balanced"))
    heads.fit(np.asarray(model.encode([row["text"] for row in few])), np.asarray(labels))
    balanced = since(begun)
    vectors = np.asarray(model.encode(texts))
    return {
        "SetFit": (plain, np.asarray(model.model_head.predict(vectors)).astype(bool)),
        "SetFit, balanced": (balanced, np.asarray(heads.predict(vectors)).astype(bool)),
    }


def systems(
    few: list[Row], texts: list[str], *, steps: int, seed: int, peer: bool
) -> Iterator[tuple[str, Clocks, Predictions]]:
    """Name, time and predictions of each system, as soon as it is done."""
    yield "lesson-nudge", *ours(few, texts, steps=steps, seed=seed)
    if peer:
        for name, (seconds, said) in setfit(few, texts, seed=seed).items():
            yield name, seconds, said


def main(
    data: Annotated[Path, typer.Option(help="Folder of the learning objectives.")],
    counts: Annotated[str, typer.Option(help="Examples of each label.")] = "8,64",
    seeds: Annotated[int, typer.Option(help="Number of samples.")] = 3,
    most: Annotated[int, typer.Option(help="The most validation rows that are judged.")] = 2148,
    *,
    peer: Annotated[bool, typer.Option(help="Run SetFit too.")] = True,
) -> None:
    """Print mean F1 over the labels and the median time of each, by sample size."""
    train, validation = read(data / "train.jsonl"), read(data / "val.jsonl")[:most]
    texts = [row["text"] for row in validation]
    truth = np.array([[bool(row[label]) for label in LABELS] for row in validation])
    print("| examples of each label | system | mean F1 | sd | seconds | processor seconds |", flush=True)
    print("|---|---|---|---|---|---|", flush=True)
    for count in map(int, counts.split(",")):
        found: dict[str, list[tuple[float, Clocks]]] = {}
        for seed in range(seeds):
            few = sample(train, count, seed)
            for name, seconds, said in systems(few, texts, steps=STEPS.get(count, 100), seed=seed, peer=peer):
                score = float(f1_score(truth, said, average="macro", zero_division=0))
                found.setdefault(name, []).append((score, seconds))
                print(f"seed {seed}, {count}: {name} {score:.4f} in {seconds[0]:.0f} s ({seconds[1]:.0f})", flush=True)
        for name, pairs in found.items():
            scores = [pair[0] for pair in pairs]
            spread = statistics.stdev(scores) if len(scores) > 1 else 0.0
            wall, processor = (statistics.median(pair[1][clock] for pair in pairs) for clock in (0, 1))
            print(
                f"| {count} | {name} | {statistics.mean(scores):.4f} | {spread:.4f} | {wall:.0f} | {processor:.0f} |",
                flush=True,
            )


if __name__ == "__main__":
    typer.run(main)
