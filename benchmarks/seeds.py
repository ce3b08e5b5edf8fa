"""One training config over several seeds: mean and standard deviation of the validation figures.

python -m benchmarks.seeds benchmarks/configs/atis.yaml --data ../shared/data/atis --seeds 5
"""

from __future__ import annotations

import json
import statistics
import time
from pathlib import Path
from typing import Annotated

import typer

from mtl_core.evaluation.evaluate import Evaluation
from mtl_core.training.config import load_config
from mtl_core.training.fit import train

FIGURES = ("f1", "accuracy", "accuracy_first", "accuracy_any", "exact_match")


def flat(found: Evaluation) -> dict[str, float]:
    """The figures of one run by ``task figure``."""
    whole = found.as_json()
    figures = {
        f"{name} {figure}": scores[figure]
        for name, scores in whole["tasks"].items()
        for figure in FIGURES
        if scores.get(figure) is not None
    }
    binary = [scores["f1"] for scores in whole["tasks"].values() if scores["kind"] == "binary"]
    if binary:
        figures["mean f1 of the binary tasks"] = sum(binary) / len(binary)
    return figures


def main(
    config: Annotated[Path, typer.Argument(help="A training config.")],
    data: Annotated[Path, typer.Option(help="Folder of the data.")],
    seeds: Annotated[int, typer.Option(help="Number of seeds, from 0.")] = 5,
    output: Annotated[Path, typer.Option(help="Folder of the models, one a seed.")] = Path("runs"),
    override: Annotated[list[str] | None, typer.Option("--set", help="key=value, as for lesson-nudge train.")] = None,
) -> None:
    """Train once a seed and print the table; the figures also go to OUTPUT/NAME-seeds.json."""
    runs: list[dict[str, float]] = []
    for seed in range(seeds):
        folder = output / f"{config.stem}-{seed}"
        begun = time.perf_counter()
        result = train(
            load_config(
                config,
                [f"data={data}", f"output={folder}", f"seed={seed}", "logging.progress_bar=false", *(override or [])],
            )
        )
        if result is None:
            raise typer.Exit(0)
        runs.append({**flat(result.validation), "seconds": time.perf_counter() - begun})
        shown = {name: round(value, 4) for name, value in runs[-1].items()}
        print(f"seed {seed}: {shown}", flush=True)
        (output / f"{config.stem}-seeds.json").write_text(json.dumps(runs, indent=1), encoding="utf-8")
    print(f"\n| figure | mean of {seeds} | sd |\n|---|---|---|")
    for name in runs[0]:
        values = [run[name] for run in runs]
        print(f"| {name} | {statistics.mean(values):.4f} | {statistics.stdev(values) if seeds > 1 else 0:.4f} |")


if __name__ == "__main__":
    typer.run(main)
