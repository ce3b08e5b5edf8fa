"""Which layer of the encoder tells learning objectives apart, with a few examples and the encoder held still.

python -m benchmarks.layer_probe --data ../shared/data/learning_objectives

Logistic regression with balanced classes on the mean of one layer's states. The rows that judge are training rows that
no sample holds, so the validation file is not looked at.
"""

from __future__ import annotations

import random
import statistics
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
import torch
import typer
from sentence_transformers import SentenceTransformer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score

from benchmarks.few_shot import LABELS, Row, read, sample
from mtl_core.embedded import embedded_folder

if TYPE_CHECKING:
    from numpy.typing import NDArray

STRENGTH = {8: 1.0, 64: 10.0}
BATCH = 64


@torch.inference_mode()
def layer_means(texts: list[str]) -> NDArray[np.float32]:
    """Mean states ``[layers + 1, texts, dimension]`` of the embeddings and of every layer."""
    model: Any = SentenceTransformer(str(embedded_folder()), device="cpu")
    found = []
    for start in range(0, len(texts), BATCH):
        tokens = model.tokenizer(texts[start : start + BATCH], padding=True, truncation=True, return_tensors="pt")
        states = torch.stack(model[0].auto_model(**tokens, output_hidden_states=True).hidden_states)
        mask = tokens["attention_mask"][None, :, :, None].float()
        found.append(((states * mask).sum(2) / mask.sum(2)).numpy())
    return np.concatenate(found, axis=1)


def scores(rows: list[Row], vectors: NDArray[np.float32], *, count: int, seed: int, held: int) -> list[float]:
    """Mean F1 over the labels on the held rows, by layer."""
    order = list(range(len(rows)))
    random.Random(seed).shuffle(order)  # noqa: S311 - a sample, not a secret
    judged, known = order[:held], order[held:]
    places = {id(rows[number]): number for number in known}
    learned = [places[id(row)] for row in sample([rows[number] for number in known], count, seed)]
    labels = np.array([[bool(row[label]) for label in LABELS] for row in rows])
    found = []
    for states in vectors:
        said = [
            LogisticRegression(C=STRENGTH.get(count, 1.0), class_weight="balanced", max_iter=2000)
            .fit(states[learned], labels[learned, column])
            .predict(states[judged])
            for column in range(len(LABELS))
        ]
        found.append(float(f1_score(labels[judged], np.stack(said, 1), average="macro", zero_division=0)))
    return found


def main(
    data: Annotated[Path, typer.Option(help="Folder of the learning objectives.")],
    counts: Annotated[str, typer.Option(help="Examples of each label.")] = "8,64",
    seeds: Annotated[int, typer.Option(help="Number of samples.")] = 3,
    rows: Annotated[int, typer.Option(help="Training rows that are read.")] = 6_000,
    held: Annotated[int, typer.Option(help="Those of them that judge.")] = 2_000,
) -> None:
    """Print mean F1 by layer."""
    read_rows = read(data / "train.jsonl")
    random.Random(0).shuffle(read_rows)  # noqa: S311 - a sample, not a secret
    chosen = read_rows[:rows]
    vectors = layer_means([row["text"] for row in chosen])
    print("| examples of each label | embeddings | " + " | ".join(map(str, range(1, len(vectors)))) + " |")
    print("|---|" + "---|" * len(vectors))
    for count in map(int, counts.split(",")):
        found = [scores(chosen, vectors, count=count, seed=seed, held=held) for seed in range(seeds)]
        means = [f"{statistics.mean(of_layer):.3f}" for of_layer in zip(*found, strict=True)]
        print(f"| {count} (C {STRENGTH.get(count, 1.0):g}) | " + " | ".join(means) + " |", flush=True)


if __name__ == "__main__":
    typer.run(main)
