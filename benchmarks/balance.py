"""Ways to balance tasks beside each other: fixed weights, learned uncertainty, PCGrad; same data, seeds and steps.

python -m benchmarks.balance --data ../shared/data --seeds 2

Eight tasks of two data sets on one encoder (``configs/both.yaml``), in a shorter run than the config's own.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from pathlib import Path
from typing import Annotated

import typer

from benchmarks.seeds import flat
from mtl_core.training.config import load_config
from mtl_core.training.fit import train

CONFIG = Path(__file__).parent / "configs" / "both.yaml"
METHODS = ("fixed", "uncertainty", "pcgrad")
SHOWN = ("mean f1 of the binary tasks", "intent accuracy", "slots f1", "slots exact_match", "seconds")


def run(data: Path, *, method: str, seed: int, steps: int) -> dict[str, float]:
    """Validation figures of one training, thresholds tuned on the same data."""
    with tempfile.TemporaryDirectory() as folder:
        config = load_config(
            CONFIG,
            [f"data={data}", f"output={folder}/model", f"seed={seed}", f"trainer.balance={method}",
             f"trainer.max_steps={steps}", f"trainer.validate_every={steps}", "logging.progress_bar=false"],
        )  # fmt: skip
        begun = time.perf_counter()
        result = train(config)
        if result is None:
            raise typer.Exit(0)
        return {**flat(result.validation), "seconds": time.perf_counter() - begun}


def main(
    data: Annotated[Path, typer.Option(help="Folder that holds both data sets.")],
    seeds: Annotated[int, typer.Option(help="Number of seeds, from 0.")] = 2,
    steps: Annotated[int, typer.Option(help="Optimiser steps of a run.")] = 600,
) -> None:
    """Print the mean and spread of each method."""
    print(f"| method | {' | '.join(SHOWN)} |\n|---|{'---|' * len(SHOWN)}", flush=True)
    for method in METHODS:
        runs = [run(data, method=method, seed=seed, steps=steps) for seed in range(seeds)]
        cells = []
        for figure in SHOWN:
            values = [one[figure] for one in runs if figure in one]
            cells.append(f"{statistics.mean(values):.4f} ({max(values) - min(values):.4f})" if values else "-")
        print(f"| {method} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    typer.run(main)
