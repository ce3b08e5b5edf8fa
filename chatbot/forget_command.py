"""The command ``lesson-nudge forget``: delete everything that is kept of an owner, for those who run the service."""

from __future__ import annotations

from typing import Annotated

import typer

from chatbot.command_errors import errors_are_lines
from chatbot.serve_command import open_database
from chatbot.store.base import OwnerSettings
from chatbot.terminal import printable
from mtl_core.errors import InputError

__all__ = ["forget"]


@errors_are_lines
def forget(
    owner: Annotated[str, typer.Argument(help="Whose: the name of a key, or local.")],
    db: Annotated[str, typer.Option("--db", help="Where conversations are kept: sqlite:///PATH or postgresql://...")],
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask first.")] = False,
) -> None:
    """Delete all conversations, plans and settings of one owner. It cannot be taken back."""
    with open_database(db) as log:
        threads = len(log.threads(owner))
        if not threads and log.settings(owner) == OwnerSettings():
            raise InputError(f"Nothing is kept of an owner {printable(owner)!r} there; see: lesson-nudge keys list.")
        if not yes:
            typer.confirm(f"Delete {_count(threads)} of {printable(owner)}?", abort=True)
        typer.echo(f"deleted {_count(log.delete_owner(owner))} of {printable(owner)}")


def _count(threads: int) -> str:
    return "1 conversation" if threads == 1 else f"{threads} conversations"
