"""Command that trains the shipped heads: ``python -m mtl_core.training``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from mtl_core.encoder import SharedEncoder
from mtl_core.errors import LessonNudgeError
from mtl_core.quality import SHIPPED_MODEL
from mtl_core.training.branch import BranchOptions
from mtl_core.training.corpus import load_corpus, load_plan_folder
from mtl_core.training.evidence import TrainingOptions
from mtl_core.training.quality_fit import train_model


def train(
    *,
    output: Annotated[Path, typer.Option(help="Folder for the trained heads.")] = SHIPPED_MODEL,
    data: Annotated[
        Path | None,
        typer.Option(help="JSON-lines file of further labelled plans beside a folder texts; open licences only."),
    ] = None,
    branch: Annotated[bool, typer.Option(help="Tune copies of the upper layers as well; most of the time.")] = True,
) -> None:
    """Train the heads on the training text of the package and publish them."""
    try:
        # float32, so that the result does not depend on what the CPU is fast at
        encoder = SharedEncoder.load(precision="float32")
        real = load_plan_folder(data) if data else ()
        model = train_model(
            encoder,
            load_corpus(),
            real_plans=real,
            # each fold trains a branch of its own, which is most of the time
            options=TrainingOptions(folds=3),
            branch=BranchOptions() if branch else None,
            report=lambda line: typer.echo(line, err=True),
        )
        model.save_pretrained(output)
    except LessonNudgeError as error:
        typer.echo(f"error: {error}", err=True)
        sys.exit(1)
    typer.echo(f"saved {output}")


if __name__ == "__main__":
    typer.run(train)
