"""Command that trains the message heads: ``python -m chatbot.message_heads.train``."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import numpy as np
import torch
import typer

from chatbot.message_heads.artifact import SHIPPED_HEADS, HeadsConfig, save_heads
from chatbot.message_heads.augment import varied
from chatbot.message_heads.fit import FitOptions, Prepared, fit_layers, prepare_rows
from chatbot.message_heads.layers import INTENTS, Bags, HeadSizes, MessageLayers
from chatbot.message_heads.rows import DEV, TRAINING, load_batches
from chatbot.message_heads.states import MessageEncoder
from chatbot.understanding import UNSURE_BELOW, Intent
from mtl_core.encoder import SharedEncoder
from mtl_core.errors import LessonNudgeError

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["LAYERS", "train_heads"]

LAYERS = (4, 6)
"""Chosen on the development rows."""

_COPIES = 1
_SCOPE = INTENTS.index(Intent.OUT_OF_SCOPE)


def train_heads(
    encoder: SharedEncoder,
    *,
    training: Sequence[str] = TRAINING,
    options: FitOptions | None = None,
    report: Callable[[str], None] = lambda _: None,
) -> tuple[MessageLayers, HeadsConfig]:
    """Train the heads and choose temperature and thresholds on the development rows.

    Args:
        encoder: The frozen encoder, in float32.
        training: Batches to learn from.
        options: How the heads are fitted.
        report: Gets a line now and then.

    Returns:
        The heads and their description.
    """
    chosen = options or FitOptions()
    rows, dev = varied(load_batches(training), copies=_COPIES), load_batches(DEV)
    sizes = HeadSizes(dense=encoder.dimension * len(LAYERS))
    reader = MessageEncoder(encoder, layers=LAYERS)
    report(f"encoding {len(rows)} messages")
    data = prepare_rows(rows, reader.encode([row.text for row in rows]), sizes=sizes)
    judged = prepare_rows(dev, reader.encode([row.text for row in dev]), sizes=sizes)
    layers = fit_layers(data, sizes=sizes, options=chosen, report=report)
    temperature, scope_from = choose_decisions(layers, judged)
    config = HeadsConfig(
        encoder=encoder.name,
        fingerprint=encoder.fingerprint,
        layers=LAYERS,
        hidden=sizes.hidden,
        tag_hidden=sizes.tag_hidden,
        message_buckets=sizes.message_buckets,
        word_buckets=sizes.word_buckets,
        temperature=temperature,
        scope_from=scope_from,
        unsure_below=UNSURE_BELOW,
        training={**asdict(chosen), "rows": len(rows), "dev": len(dev)},
    )
    return layers, config


@torch.inference_mode()
def choose_decisions(layers: MessageLayers, dev: Prepared) -> tuple[float, float]:
    """Choose the temperature of least loss and the threshold of out of scope with the best F1.

    Args:
        layers: The heads.
        dev: The development rows.

    Returns:
        Temperature and threshold.
    """
    logits = layers.labels(dev.pooled, Bags.of(dev.message_buckets))[0]
    truth = dev.labels[:, 0]
    temperatures = [round(float(value), 3) for value in np.geomspace(0.3, 3.0, 41)]
    losses = [float(torch.nn.functional.cross_entropy(logits / value, truth)) for value in temperatures]
    temperature = temperatures[int(np.argmin(losses))]
    scope = torch.softmax(logits / temperature, dim=-1)[:, _SCOPE].numpy()
    thresholds = np.round(np.arange(0.1, 0.91, 0.025), 3)
    scores = [_f1(scope >= value, (truth == _SCOPE).numpy()) for value in thresholds]
    best = np.flatnonzero(np.asarray(scores) >= max(scores) - 1e-9)
    # the middle of the thresholds that are equally good is the safest of them
    return temperature, float(thresholds[best[len(best) // 2]])


def _f1(found: NDArray[np.bool_], right: NDArray[np.bool_]) -> float:
    both = int((found & right).sum())
    return 2 * both / max(1, int(found.sum()) + int(right.sum()))


def train(*, output: Annotated[Path, typer.Option(help="Folder for the trained heads.")] = SHIPPED_HEADS) -> None:
    """Train the message heads on the messages of the package and publish them."""
    torch.set_num_threads(1)  # so that sums are added in one order
    try:
        encoder = SharedEncoder.load(precision="float32")
        layers, config = train_heads(encoder, report=lambda line: typer.echo(line, err=True))
        save_heads(output, layers, config)
    except LessonNudgeError as error:
        typer.echo(f"error: {error}", err=True)
        sys.exit(1)
    typer.echo(f"saved {output}")


if __name__ == "__main__":
    typer.run(train)
