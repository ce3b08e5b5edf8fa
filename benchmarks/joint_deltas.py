"""What does a task lose or gain on a shared encoder? Every figure of the joint model minus that of its own run.

python -m benchmarks.joint_deltas --data ../shared/data --seeds 3 --output runs

Trains learning objectives, ATIS, and both together, once a seed, and judges all three on the same validation files.
With ``--teachers`` the joint model also learns from what its two single-task models say (knowledge distillation with
several teachers; Clark et al., BAM! Born-Again Multi-Task Networks, 2019).
A model that already lies in OUTPUT is judged without being trained again, so that the runs may be spread over hours.
"""

from __future__ import annotations

import json
import statistics
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from benchmarks.seeds import flat
from mtl_core.evaluation.evaluate import evaluate
from mtl_core.model import MultiTaskModel
from mtl_core.saved_model import CONFIG_FILE
from mtl_core.training.config import load_config
from mtl_core.training.fit import train
from mtl_core.training.prepare import prepare

CONFIGS = Path(__file__).parent / "configs"
ALONE = {"learning_objectives": "learning_objectives", "atis": "atis"}


def trained(name: str, data: Path, folder: Path, *, seed: int, more: Sequence[str] = ()) -> MultiTaskModel:
    """The model of a config and seed, trained unless it is there."""
    if not (folder / CONFIG_FILE).exists():
        train(
            load_config(
                CONFIGS / f"{name}.yaml",
                [f"data={data}", f"output={folder}", f"seed={seed}", "logging.progress_bar=false", *more],
            )
        )
    model = MultiTaskModel.from_pretrained(folder)
    if not isinstance(model, MultiTaskModel):
        raise typer.BadParameter(f"{folder} holds another kind of model.")
    return model


def judged(model: MultiTaskModel, name: str, data: Path) -> dict[str, float]:
    """Figures of a model on the validation file of one data set."""
    config = load_config(CONFIGS / f"{name}.yaml", [f"data={data}", "output=unused"])
    return flat(evaluate(model, prepare(config).validation))


def main(
    data: Annotated[Path, typer.Option(help="Folder that holds learning_objectives and atis.")],
    seeds: Annotated[int, typer.Option(help="Number of seeds.")] = 3,
    output: Annotated[Path, typer.Option(help="Folder of the models.")] = Path("runs"),
    first: Annotated[int, typer.Option(help="The first seed.")] = 0,
    *,
    teachers: Annotated[bool, typer.Option(help="Let the joint model learn from the two others too.")] = False,
) -> None:
    """Print each figure alone and together (mean over the seeds) and the delta with its standard error, in points."""
    runs: dict[str, list[tuple[float, float]]] = {}
    for seed in range(first, first + seeds):
        folders = {name: output / f"{name}-{seed}" for name in ALONE}
        single = {name: trained(name, data / part, folders[name], seed=seed) for name, part in ALONE.items()}
        more = [f"distillation.teacher=[{', '.join(map(str, folders.values()))}]"] if teachers else []
        joint = trained("both", data, output / f"both{'-taught' * teachers}-{seed}", seed=seed, more=more)
        for name, part in ALONE.items():
            alone, together = judged(single[name], name, data / part), judged(joint, name, data / part)
            for figure, value in alone.items():
                runs.setdefault(figure, []).append((value, together[figure]))
        print(f"seed {seed}: {json.dumps({figure: pairs[-1] for figure, pairs in runs.items()})}", flush=True)
    print(f"\n| mean of {seeds} seeds | alone | together | delta, points | standard error |\n|---|---|---|---|---|")
    for figure, pairs in runs.items():
        deltas = [100 * (together - alone) for alone, together in pairs]
        error = statistics.stdev(deltas) / len(deltas) ** 0.5 if len(deltas) > 1 else float("nan")
        print(
            f"| {figure} | {statistics.mean(pair[0] for pair in pairs):.4f} | "
            f"{statistics.mean(pair[1] for pair in pairs):.4f} | {statistics.mean(deltas):+.2f} | {error:.2f} |"
        )


if __name__ == "__main__":
    typer.run(main)
