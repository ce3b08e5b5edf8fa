"""Training of the name heads on the passages of the package, and on its messages and plans as text without names.

``python -m chatbot.name_heads.train -o FOLDER`` trains the head and the layers below it in a few minutes of one core.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import numpy as np
import torch
import typer

from chatbot.message_heads.artifact import rounded
from chatbot.message_heads.rows import TRAINING, WRITTEN, load_batches
from chatbot.message_heads.states import MessageEncoder
from chatbot.name_heads.artifact import SHIPPED_NAMES, NamesConfig, TrainedNames, save_names
from chatbot.name_heads.fit import NameFitOptions, fit_names, prepare_passages, renamed, word_logits
from chatbot.name_heads.layers import NameSizes
from chatbot.name_heads.passages import SHIPPED_PASSAGES, Passage, read_passages, without_names
from chatbot.name_heads.reader import pieces
from mtl_core.encoder import SharedEncoder
from mtl_core.errors import LessonNudgeError
from mtl_core.training.corpus import load_corpus
from mtl_core.tuned_layers import copied_layers

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["held_out_chances", "plain_text", "train_names"]

LAYER, TUNED = 4, 3
"""The layer that the head reads beside the tuned ones, and how many of the last layers are copied and tuned."""

NAME_FROM = 0.7
"""Where precision is chosen over recall a little; by one fold of the passages."""


_MESSAGES, _PIECES = 1_000, 800
"""Messages, and pieces of plans, that show how words look which are no names."""


def plain_text() -> list[Passage]:
    """Messages and pieces of plans of the package in which no first name stands."""
    rows = load_batches([name for name in TRAINING if name in WRITTEN])
    cut = [plan.text[start:end] for plan in load_corpus().plans for start, end in pieces(plan.text)]
    return [*without_names([row.text for row in rows], most=_MESSAGES), *without_names(cut, most=_PIECES)]


def train_names(
    encoder: SharedEncoder,
    passages: Sequence[Passage],
    *,
    plain: Sequence[Passage] = (),
    options: NameFitOptions | None = None,
    name_from: float = NAME_FROM,
    report: Callable[[str], None] = lambda _: None,
) -> TrainedNames:
    """Train the heads.

    Args:
        encoder: The encoder; it is not changed.
        passages: To learn from.
        plain: Further ones without a name.
        options: How the heads are fitted.
        name_from: Probability from which a word belongs to a name.
        report: Gets a line now and then.

    Returns:
        The head, the tuned layers and their description.
    """
    chosen = options or NameFitOptions()
    tuned = copied_layers(encoder, TUNED)
    reader = MessageEncoder(encoder, layers=(LAYER,), tuned=tuned)
    sizes = NameSizes(dense=2 * encoder.dimension)
    names = sorted({one.text[start:end] for one in passages for start, end in one.names})
    ways = [
        [
            one,
            *(renamed(one, names, seed=f"{one.text}:{copy}") for copy in range(chosen.variations if one.names else 0)),
        ]
        for one in (*passages, *plain)
    ]
    report(f"encoding {sum(map(len, ways))} passages")
    every = iter(prepare_passages([one for way in ways for one in way], reader, sizes))
    groups = [[next(every) for _ in way] for way in ways]
    layers = fit_names(groups, tuned, sizes=sizes, options=chosen, report=report)
    config = NamesConfig(
        encoder=encoder.name,
        fingerprint=encoder.fingerprint,
        layer=LAYER,
        tuned=TUNED,
        hidden=sizes.hidden,
        buckets=sizes.buckets,
        name_from=name_from,
        training={**asdict(chosen), "passages": len(passages), "plain": len(plain)},
    )
    return TrainedNames(layers, rounded(tuned, encoder=encoder), config)


def held_out_chances(
    encoder: SharedEncoder,
    passages: Sequence[Passage],
    *,
    plain: Sequence[Passage] = (),
    folds: int = 5,
    options: NameFitOptions | None = None,
    report: Callable[[str], None] = lambda _: None,
) -> list[NDArray[np.float32]]:
    """How likely each word belongs to a name, by heads that have not seen its passage.

    Args:
        encoder: The encoder.
        passages: The passages.
        plain: Further ones without a name, learned from in every fold.
        folds: Parts, dealt by a fixed shuffle.
        options: How the heads are fitted.
        report: Gets a line now and then.

    Returns:
        ``[words]`` of each passage.
    """
    order = np.random.default_rng(0).permutation(len(passages))
    chances: dict[int, NDArray[np.float32]] = {}
    for fold in range(folds):
        judged = order[fold::folds].tolist()
        learned = [passages[row] for row in sorted(set(range(len(passages))) - set(judged))]
        heads = train_names(encoder, learned, plain=plain, options=options, report=report)
        reader = MessageEncoder(encoder, layers=(LAYER,), tuned=heads.tuned)
        data = prepare_passages([passages[row] for row in judged], reader, heads.config.sizes(encoder.dimension))
        with torch.inference_mode():
            for row, one in zip(judged, data, strict=True):
                chances[row] = torch.sigmoid(word_logits(heads.layers, heads.tuned, [one])).numpy()
    return [chances[row] for row in range(len(passages))]


def _main(
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder for the trained heads.")] = SHIPPED_NAMES,
) -> None:
    """Train the heads on the passages of the package and publish them."""
    try:
        # float32, so that the result does not depend on what the CPU is fast at
        encoder = SharedEncoder.load(precision="float32")
        report = lambda line: typer.echo(line, err=True)  # noqa: E731 - one use
        heads = train_names(encoder, read_passages(SHIPPED_PASSAGES), plain=plain_text(), report=report)
        save_names(output, heads, encoder=encoder)
    except LessonNudgeError as error:
        typer.echo(f"error: {error}", err=True)
        sys.exit(1)
    typer.echo(f"saved {output}")


if __name__ == "__main__":
    typer.run(_main)
