"""Does a CRF over the tags help? Slot filling on ATIS with the plain token head and with a linear-chain CRF on top.

python -m benchmarks.crf --data ../shared/data/atis --seeds 3

Needs the group ``peers`` (``pip install --group peers``): the CRF is that of ``pytorch-crf``, in which steps that
BIO forbids stay forbidden. Everything else (encoder, data, steps, averaging, intent head) is the same.
"""

from __future__ import annotations

import json
import statistics
import time
from pathlib import Path
from typing import Annotated

import torch
import typer
from lightning.pytorch import seed_everything
from torchcrf import CRF

from mtl_core.evaluation.evaluate import evaluate
from mtl_core.heads.base import NO_WORD, Decision, EncoderStates, HeadSettings, Prediction, Targets
from mtl_core.heads.token import TokenHead
from mtl_core.losses import LossOptions, TaskLoss
from mtl_core.tasks import OUTSIDE, Task
from mtl_core.training.config import load_config
from mtl_core.training.fit import build_model
from mtl_core.training.prepare import prepare
from mtl_core.training.run import run_training

CONFIG = Path(__file__).parent / "configs" / "atis.yaml"
FORBIDDEN = -1e4


class CrfTokenHead(TokenHead):
    """The token head with learned scores of steps between tags.

    Lafferty et al., Conditional random fields, ICML 2001.

    Args:
        task: The task, with its BIO labels.
        dimension: Length of the encoder's states.
        settings: Shape of the head.
    """

    def __init__(self, task: Task, dimension: int, settings: HeadSettings) -> None:
        super().__init__(task, dimension, settings)
        self.crf = CRF(len(task.labels), batch_first=True)
        torch.nn.init.zeros_(self.crf.transitions)
        torch.nn.init.zeros_(self.crf.start_transitions)
        torch.nn.init.zeros_(self.crf.end_transitions)
        with torch.no_grad():
            self.crf.transitions.masked_fill_(self.forbidden, FORBIDDEN)
            self.crf.start_transitions.masked_fill_(self.forbidden_first, FORBIDDEN)

    def loss(self, logits: torch.Tensor, targets: Targets, options: LossOptions, *, plain: bool = False) -> TaskLoss:
        """Negative log likelihood of whole sequences, counted by word as the plain head's loss is."""
        del options, plain
        rows = targets.known.any(1)
        words = targets.known.sum().to(logits.dtype)
        if not bool(rows.any()):
            return TaskLoss(logits.sum() * 0.0, words)
        likelihood = self.crf(logits[rows], targets.values[rows], mask=targets.known[rows], reduction="sum")
        return TaskLoss(-likelihood, words)

    def predict(self, logits: torch.Tensor, decision: Decision, states: EncoderStates) -> list[Prediction]:
        """Viterbi's best sequence under the learned steps."""
        del decision
        predictions = []
        for row, places in enumerate(states.words.tolist()):
            count = next((number for number, place in enumerate(places) if place == NO_WORD), len(places))
            read = [number for number in range(count) if places[number] >= 0]
            tags = [OUTSIDE] * count
            if read:
                for number, tag in zip(read, self.crf.decode(logits[row : row + 1, read])[0], strict=True):
                    tags[number] = self.task.labels[tag]
            predictions.append(Prediction(tuple(tags), (1.0,) * count))
        return predictions


def run(data: Path, *, seed: int, crf: bool, overrides: list[str]) -> dict[str, float]:
    """Figures of one training on the dev split, without tuned temperatures."""
    config = load_config(
        CONFIG,
        [f"data={data}", "output=runs/crf", f"seed={seed}", "logging.progress_bar=false", *overrides],
    )
    seed_everything(seed, verbose=False)
    prepared = prepare(config)
    model, teaching = build_model(config, prepared)
    if crf:
        slots = model.head("slots").task
        model.heads["slots"] = CrfTokenHead(slots, model.encoder.dimension, config.heads)
    begun = time.perf_counter()
    run_training(model, teaching, config)
    seconds = time.perf_counter() - begun
    found = evaluate(model, prepared.validation)
    return {
        "slot F1": found.tasks["slots"].f1 or 0.0,
        "intent accuracy": found.tasks["intent"].accuracy or 0.0,
        "exact match": found.exact_match or 0.0,
        "seconds": seconds,
    }


def main(
    data: Annotated[Path, typer.Option(help="Folder of ATIS.")],
    seeds: Annotated[int, typer.Option(help="Number of seeds, from 0.")] = 3,
    override: Annotated[list[str] | None, typer.Option("--set", help="key=value, as for lesson-nudge train.")] = None,
) -> None:
    """Print the mean and standard deviation of both heads."""
    print("| head | figure | mean | sd |\n|---|---|---|---|", flush=True)
    for name, crf in (("plain", False), ("CRF", True)):
        runs = [run(data, seed=seed, crf=crf, overrides=override or []) for seed in range(seeds)]
        print(f"<!-- {name}: {json.dumps(runs)} -->", flush=True)
        for figure in runs[0]:
            values = [one[figure] for one in runs]
            spread = statistics.stdev(values) if seeds > 1 else 0.0
            print(f"| {name} | {figure} | {statistics.mean(values):.4f} | {spread:.4f} |", flush=True)


if __name__ == "__main__":
    typer.run(main)
