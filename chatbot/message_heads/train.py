"""Training of the message heads on the messages of the package."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

import numpy as np
import torch

from chatbot.message_heads.artifact import HeadsConfig, TrainedHeads, rounded
from chatbot.message_heads.augment import slot_values, swapped, vary
from chatbot.message_heads.fit import FitOptions, Messages, fit_heads
from chatbot.message_heads.layers import INTENTS, HeadSizes, MessageLayers
from chatbot.message_heads.listed import load_listed
from chatbot.message_heads.prepared import Prepared, prepare_rows, read_states
from chatbot.message_heads.rows import DEV, TRAINING, WRITTEN, MessageRow, load_batches
from chatbot.message_heads.states import MessageEncoder
from chatbot.understanding import UNSURE_BELOW, Intent
from mtl_core.tuned_layers import copied_layers

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mtl_core.encoder import SharedEncoder
    from mtl_core.tuned_layers import TunedLayers

__all__ = ["LAYERS", "train_heads"]

LAYERS = (4, 6)
"""Layers of the encoder that the heads read beside the tuned ones; chosen on the development rows."""

TUNED = 4
"""How many of the last layers are copied and tuned."""

_COPIES = 2
"""Variations of a written message beside the message itself."""

_SCOPE = INTENTS.index(Intent.OUT_OF_SCOPE)


def train_heads(
    encoder: SharedEncoder,
    *,
    training: Sequence[str] = TRAINING,
    options: FitOptions | None = None,
    report: Callable[[str], None] = lambda _: None,
) -> TrainedHeads:
    """Train the heads, and choose temperature and threshold on the development rows.

    Args:
        encoder: The encoder; it is not changed.
        training: Batches to learn from.
        options: How the heads are fitted.
        report: Gets a line now and then.

    Returns:
        The heads, the tuned layers and their description.
    """
    chosen = options or FitOptions()
    rows, dev = load_batches(training), load_batches(DEV)
    sizes = HeadSizes(dense=encoder.dimension * (len(LAYERS) + 1))
    tuned = copied_layers(encoder, TUNED)
    reader = MessageEncoder(encoder, layers=LAYERS, tuned=tuned)
    report(f"encoding {len(rows)} messages and their variations")
    messages = _messages(rows, reader, sizes)
    judged = prepare_rows(dev, reader.tokens([row.text for row in dev]), sizes=sizes)
    layers = fit_heads(messages, tuned, sizes=sizes, options=chosen, report=report)
    tuned = rounded(tuned, encoder=encoder)
    temperature, scope_from = choose_decisions(layers, tuned, judged)
    config = HeadsConfig(
        encoder=encoder.name,
        fingerprint=encoder.fingerprint,
        layers=LAYERS,
        tuned=TUNED,
        hidden=sizes.hidden,
        tag_hidden=sizes.tag_hidden,
        message_buckets=sizes.message_buckets,
        word_buckets=sizes.word_buckets,
        temperature=temperature,
        scope_from=scope_from,
        unsure_below=UNSURE_BELOW,
        training={**asdict(chosen), "rows": len(rows), "dev": len(dev)},
    )
    return TrainedHeads(layers, tuned, config)


def _messages(rows: Sequence[MessageRow], reader: MessageEncoder, sizes: HeadSizes) -> Messages:
    """Rows with their variations: a written row stands as it is and varied, a framed one in one way."""
    values = slot_values(rows, load_listed())
    every: list[MessageRow] = []
    written: list[list[int]] = []
    framed: list[list[int]] = []
    for row in rows:
        alone = row.batch in WRITTEN
        seeds = [f"{row.text}:{copy}" for copy in range(_COPIES if alone else 1)]
        variations = [vary(swapped(row, values, seed=seed), seed=seed) for seed in seeds]
        # every other framed row stands as it is
        ways = [row, *variations] if alone else [row if len(framed) % 2 else variations[0]]
        (written if alone else framed).append(list(range(len(every), len(every) + len(ways))))
        every += ways
    return Messages(prepare_rows(every, reader.tokens([row.text for row in every]), sizes=sizes), written, framed)


@torch.inference_mode()
def choose_decisions(layers: MessageLayers, tuned: TunedLayers, dev: Prepared) -> tuple[float, float]:
    """Choose the temperature of least loss and the threshold of out of scope with the best F1.

    Args:
        layers: The heads.
        tuned: The layers below them.
        dev: The development rows.

    Returns:
        Temperature and threshold.
    """
    parts = torch.split(torch.arange(len(dev.labels)), 64)
    steps = [read_states(tuned, dev, part.tolist()) for part in parts]
    logits = torch.cat([layers.labels(step.pooled, step.messages)[0] for step in steps])
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
