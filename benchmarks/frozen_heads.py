"""Heads on a frozen encoder beside scikit-learn's logistic regression on the same vectors.

python -m benchmarks.frozen_heads --data ../shared/data/learning_objectives
"""

from __future__ import annotations

import statistics
import time
from pathlib import Path
from typing import Annotated

import numpy as np
import torch
import typer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score

from mtl_core.heads import EncoderStates
from mtl_core.training.config import load_config
from mtl_core.training.fit import build_model
from mtl_core.training.frozen import encode_once, fit_heads
from mtl_core.training.prepare import prepare

CONFIG = Path(__file__).parent / "configs" / "learning_objectives_frozen.yaml"


def main(
    data: Annotated[Path, typer.Option(help="Folder of the learning objectives.")],
    repeats: Annotated[int, typer.Option(help="Runs of each; the median counts.")] = 5,
) -> None:
    """Fit both at two penalties, in turn, and print wall times and mean F1 at probability 0.5."""
    config = load_config(CONFIG, [f"data={data}", "output=unused"])
    prepared = prepare(config)
    model, _ = build_model(config, prepared)
    train = prepared.train["objectives"]
    begun = time.perf_counter()
    vectors, held = encode_once(model, train), encode_once(model, prepared.validation)
    print(f"encoded {len(train) + len(prepared.validation)} texts in {time.perf_counter() - begun:.0f} s\n")
    names = [task.name for task in prepared.tasks]
    truth = np.array([[example.labels[name] == "1" for name in names] for example in prepared.validation])
    labels = np.array([[example.labels[name] == "1" for name in names] for example in train])
    print("| C | scikit-learn s | ours s | ratio | scikit-learn F1 | ours F1 |\n|---|---|---|---|---|---|")
    for strength in (1.0, 10.0):
        theirs, ours = [], []
        for _ in range(repeats):
            begun = time.perf_counter()
            fitted = [
                LogisticRegression(C=strength, max_iter=1000).fit(vectors[0].numpy(), labels[:, column])
                for column in range(len(names))
            ]
            theirs.append(time.perf_counter() - begun)
            fresh, _ = build_model(config, prepared)
            begun = time.perf_counter()
            fit_heads(fresh, train, loss=config.loss, strength=strength, vectors=vectors)
            ours.append(time.perf_counter() - begun)
        their_f1 = f1_score(truth, np.stack([one.predict(held[0].numpy()) for one in fitted], 1), average="macro")
        states = EncoderStates(
            held[0][:, None], torch.ones(len(truth), 1), held[0], held[1], torch.zeros(len(truth), 0, dtype=torch.long)
        )
        with torch.inference_mode():
            logits = fresh.judge(states)
        our_f1 = f1_score(truth, torch.cat([logits[name] for name in names], 1).numpy() > 0, average="macro")
        slow, fast = statistics.median(theirs), statistics.median(ours)
        print(f"| {strength:g} | {slow:.2f} | {fast:.2f} | {fast / slow:.2f} | {their_f1:.4f} | {our_f1:.4f} |")


if __name__ == "__main__":
    typer.run(main)
