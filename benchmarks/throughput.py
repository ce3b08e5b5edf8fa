"""Training throughput beside a plain transformers Trainer on the same texts, encoder, batch size and steps.

python -m benchmarks.throughput --data ../shared/data/learning_objectives

Needs the group ``peers`` (``pip install --group peers``). Both train all of MiniLM with six yes-no outputs.
The Trainer runs as its documentation shows it: padded to the longest of a batch, AdamW, no sorting, and
float32, or bfloat16 autocast where ``--peer-bfloat16`` asks for it.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from pathlib import Path
from typing import Annotated, Any

import torch
import typer
from transformers import AutoModelForSequenceClassification, AutoTokenizer, DataCollatorWithPadding, Trainer
from transformers import TrainingArguments as Arguments

from mtl_core.data.examples import Example
from mtl_core.embedded import embedded_folder
from mtl_core.training.config import TrainingConfig, load_config
from mtl_core.training.fit import build_model
from mtl_core.training.prepare import PreparedData, prepare
from mtl_core.training.run import run_training

CONFIG = Path(__file__).parent / "configs" / "learning_objectives.yaml"
BATCH = 32


def peer_seconds(train: list[Example], names: list[str], *, steps: int, bfloat16: bool) -> float:
    """Wall time of the Trainer's steps, without loading."""
    tokenizer = AutoTokenizer.from_pretrained(embedded_folder())
    model = AutoModelForSequenceClassification.from_pretrained(
        embedded_folder(), num_labels=len(names), problem_type="multi_label_classification"
    )
    rows: list[dict[str, Any]] = [
        {
            **tokenizer(example.text, truncation=True, max_length=96),
            "labels": [float(example.labels[name] == "1") for name in names],
        }
        for example in train
    ]
    with tempfile.TemporaryDirectory() as folder:
        arguments = Arguments(
            folder, max_steps=steps, per_device_train_batch_size=BATCH, report_to="none", save_strategy="no",
            logging_strategy="no", disable_tqdm=True, bf16=bfloat16, use_cpu=True, seed=0,
        )  # fmt: skip
        trainer = Trainer(
            model=model, args=arguments, train_dataset=rows, data_collator=DataCollatorWithPadding(tokenizer)
        )
        begun = time.perf_counter()
        trainer.train()
        return time.perf_counter() - begun


def our_seconds(config: TrainingConfig, prepared: PreparedData) -> float:
    """Wall time of our steps, without loading, with the moving average and one validation on few examples."""
    model, teaching = build_model(config, prepared)
    begun = time.perf_counter()
    run_training(model, teaching, config)
    return time.perf_counter() - begun


def main(
    data: Annotated[Path, typer.Option(help="Folder of the learning objectives.")],
    steps: Annotated[int, typer.Option(help="Optimiser steps of a run.")] = 60,
    repeats: Annotated[int, typer.Option(help="Runs of each, in turn; the median counts.")] = 3,
    peer_bfloat16: Annotated[bool, typer.Option(help="Give the Trainer bfloat16 autocast as well.")] = False,  # noqa: FBT002
) -> None:
    """Print examples a second of both, and their ratio."""
    with tempfile.TemporaryDirectory() as folder:
        config = load_config(
            CONFIG,
            [f"data={data}", f"output={folder}/model", f"trainer.max_steps={steps}", f"trainer.validate_every={steps}",
             "logging.progress_bar=false"],
        )  # fmt: skip
        prepared = prepare(config)
        train = prepared.train["objectives"]
        few = PreparedData(prepared.tasks, prepared.train, prepared.validation[:32], [], prepared.summary)
        names = [task.name for task in prepared.tasks]
        theirs, ours = [], []
        for _ in range(repeats):
            theirs.append(BATCH * steps / peer_seconds(train, names, steps=steps, bfloat16=peer_bfloat16))
            ours.append(BATCH * steps / our_seconds(config, few))
    slow, fast = statistics.median(theirs), statistics.median(ours)
    print(f"{torch.get_num_threads()} threads, {steps} steps of {BATCH}, median of {repeats}\n")
    print("| loop | examples a second | ratio |\n|---|---|---|")
    print(f"| transformers Trainer{', bfloat16' if peer_bfloat16 else ''} | {slow:.1f} | 1.00 |")
    print(f"| lesson-nudge train | {fast:.1f} | {fast / slow:.2f} |")


if __name__ == "__main__":
    typer.run(main)
