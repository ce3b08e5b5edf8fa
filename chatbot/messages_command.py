"""``lesson-nudge train-messages``: the heads that understand chat messages, trained again."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from chatbot.command_errors import errors_are_lines

__all__ = ["train_messages"]


@errors_are_lines
def train_messages(
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder for the trained heads.")],
    encoder: Annotated[Path | None, typer.Option(help="Folder of an encoder instead of the embedded one.")] = None,
) -> None:
    """Train the message heads on the messages of the package."""
    import torch  # noqa: PLC0415 - seconds to import

    from chatbot.message_heads.artifact import save_heads  # noqa: PLC0415
    from chatbot.message_heads.train import train_heads  # noqa: PLC0415
    from mtl_core.encoder import SharedEncoder  # noqa: PLC0415

    torch.set_num_threads(1)  # so that sums are added in one order
    shared = SharedEncoder.load(encoder, precision="float32")
    heads = train_heads(shared, report=lambda line: typer.echo(line, err=True))
    save_heads(output, heads, encoder=shared)
    typer.echo(f"saved {output}")
