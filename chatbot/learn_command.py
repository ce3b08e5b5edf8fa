"""``lesson-nudge learn``: what kept decisions teach."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from chatbot import loading
from chatbot.command_errors import errors_are_lines
from mtl_core.errors import InputError
from mtl_core.saved import write_atomic

if TYPE_CHECKING:
    from pydantic import BaseModel

    from chatbot.learning import Replay

__all__ = ["learn"]


@errors_are_lines
def learn(
    db: Annotated[str, typer.Option("--db", help="Where conversations are kept: sqlite:///PATH or postgresql://...")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder for rows and histories.")],
    index: Annotated[Path | None, typer.Option("--index", help="Folder of a saved index of templates.")] = None,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")] = False,
) -> None:
    """Turn decisions that teachers agreed to share into training rows and histories, and replay them.

    The folder gets training.jsonl (passages that show a measure by a teacher's word) and histories/NAME.jsonl
    (answers of each teacher, for: lesson-nudge recommend --history). No id of a teacher or thread is written.
    """
    try:
        from chatbot.store.sql import open_log  # noqa: PLC0415 - an extra
    except ModuleNotFoundError as error:
        raise InputError("Kept conversations need SQLAlchemy; pip install 'lesson-nudge[serve]'.") from error
    from chatbot.learning import histories, kept_decisions, replay_preferences, training_rows  # noqa: PLC0415

    with open_log(db) as log:
        decisions = kept_decisions(log)
    rows, answers = training_rows(decisions), histories(decisions)
    reader = loading.load_model(None)
    replay = replay_preferences(answers, index=loading.load_index(index, encoder=reader.encoder))
    (output / "histories").mkdir(parents=True, exist_ok=True)
    _write(output / "training.jsonl", rows)
    for teacher, given in answers.items():
        _write(output / "histories" / f"{teacher}.jsonl", given)
    write_atomic(output / "replay.json", (json.dumps(replay.as_json(), indent=1) + "\n").encode())
    if as_json:
        found = {"decisions": len(decisions), "training_rows": len(rows), "replay": replay.as_json()}
        typer.echo(json.dumps(found))
    else:
        _print(len(decisions), len(rows), replay, output)


def _write(path: Path, rows: Iterable[BaseModel]) -> None:
    write_atomic(path, "".join(f"{row.model_dump_json()}\n" for row in rows).encode("utf-8", "replace"))


def _print(decisions: int, rows: int, replay: Replay, output: Path) -> None:
    console = Console(highlight=False)
    console.print(f"{decisions} decisions with consent; {rows} passages written to {output}/training.jsonl")
    if replay.agreement is None:
        console.print("Replay: too few decisions of both kinds to say whether learning from them helps.")
        return
    console.print(
        f"Replay of {replay.decisions} decisions by {replay.teachers} teachers: an accepted suggestion was rated above "
        f"a dismissed one in {replay.agreement:.0%} of pairs (95 % {replay.low:.0%} to {replay.high:.0%}; 50 % without "
        f"learning). Learning from decisions: {replay.verdict}."
    )
