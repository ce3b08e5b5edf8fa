"""``lesson-nudge train-rubric``: a school's own measures, trained and ready to read plans with."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from chatbot.command_errors import errors_are_lines

__all__ = ["train_rubric"]


@errors_are_lines
def train_rubric(
    rubric: Annotated[Path, typer.Argument(help="YAML file with the measures.")],
    labels: Annotated[Path, typer.Argument(help="CSV file: a column text and a column for each measure, 1 or 0.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder for the trained heads.")],
) -> None:
    """Train heads for a rubric of your own; then use them with --model FOLDER."""
    # scikit-learn comes with the train extra alone
    from mtl_core.encoder import SharedEncoder  # noqa: PLC0415
    from mtl_core.rubric_file import read_rubric  # noqa: PLC0415
    from mtl_core.training.labelled_table import read_labelled_table  # noqa: PLC0415
    from mtl_core.training.own_rubric import train_own_rubric  # noqa: PLC0415

    measures = read_rubric(rubric)
    plans = read_labelled_table(labels, [row.key for row in measures])
    # float32, so that the result does not depend on what the CPU is fast at
    encoder = SharedEncoder.load(precision="float32")
    model = train_own_rubric(encoder, measures, plans, report=lambda line: typer.echo(line, err=True))
    model.save_pretrained(output)
    typer.echo(f"saved {output}; read plans with: lesson-nudge assess --model {output} PLAN")
