"""The ``lesson-nudge`` command."""

from __future__ import annotations

import json
import os
import runpy
import sys
from importlib.metadata import version as installed_version
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from chatbot import loading
from chatbot.chat_command import chat
from chatbot.command_errors import errors_are_lines
from chatbot.export_command import export_plan
from chatbot.files import find_plans, read_plan
from chatbot.forget_command import forget
from chatbot.learn_command import learn
from chatbot.messages_command import train_messages
from chatbot.recommend_command import recommend
from chatbot.rubric_command import train_rubric
from chatbot.search_commands import AsJson, IndexFolder, searching
from chatbot.serve_command import keys, mcp, serve
from chatbot.terminal import print_profile, print_turn, printable
from chatbot.training_commands import training
from mtl_core.errors import LessonNudgeError

if TYPE_CHECKING:
    from chatbot.coach import LessonCoach, Turn

__all__ = ["app", "main"]

app = typer.Typer(
    help="Reads lesson plans, finds what they do not show yet, and offers one short repair at a time.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

ModelFolder = Annotated[
    Path | None, typer.Option("--model", help="Folder of a trained model instead of the shipped one.")
]


@app.command()
@errors_are_lines
def assess(
    paths: Annotated[list[Path], typer.Argument(help="Plans (.md, .txt, .docx, .pdf, .html) and folders of plans.")],
    as_json: AsJson = False,
    model: ModelFolder = None,
) -> None:
    """Read plans and show which of the 14 measures they show, with the sentence that shows it."""
    reader = loading.load_model(model)
    console = Console()
    failed = False
    files = find_plans(paths)
    if not files:
        typer.echo("error: no file of a kind that is read was found there (.md, .txt, .docx, .pdf, .html).", err=True)
        raise typer.Exit(1)
    for path in files:
        try:
            analysis = reader.analyse(read_plan(path))
        except LessonNudgeError as error:
            failed = True
            reason = str(error) if str(path) in str(error) else f"{path}: {error}"
            typer.echo(f"error: {printable(reason)}", err=True)
            continue
        if as_json:
            typer.echo(json.dumps(analysis.as_json(printable(path)), ensure_ascii=False))
        else:
            print_profile(console, printable(path), analysis)
    if failed:
        raise typer.Exit(1)


@app.command()
@errors_are_lines
def nudge(
    path: Annotated[Path, typer.Argument(help="A plan (.md, .txt, .docx, .pdf, .html).")],
    as_json: AsJson = False,
    model: ModelFolder = None,
    index: IndexFolder = None,
) -> None:
    """Print the praise, the gap chosen and one suggestion, without a conversation."""
    turn = _coach(model, index).open(read_plan(path))
    if as_json:
        typer.echo(json.dumps(_turn_json(printable(path), turn), ensure_ascii=False))
    else:
        print_turn(Console(), turn)


@app.command()
@errors_are_lines
def demo(
    port: Annotated[int, typer.Option(help="Port on 127.0.0.1; 0 takes a free one.")] = 7860,
    open_browser: Annotated[bool, typer.Option("--open/--no-open", help="Open the page in the browser.")] = True,
    keep: Annotated[
        bool, typer.Option("--keep/--no-keep", help="Keep plans in a file of this user, or until the program ends.")
    ] = True,
) -> None:
    """Open the page on this computer (needs the extras lesson-nudge[demo,serve,files])."""
    os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")
    options = [*([] if open_browser else ["--no-open"]), *([] if keep else ["--no-keep"])]
    sys.argv = ["lesson-nudge demo", f"--port={port}", *options]
    # the page stands above this floor, so it is started as a program and never imported
    runpy.run_module("demo", run_name="__main__", alter_sys=True)


@app.command()
def version() -> None:
    """Print the version."""
    typer.echo(installed_version("lesson-nudge"))


app.command()(chat)
app.command()(recommend)
app.command()(learn)
app.command()(export_plan)
app.command()(serve)
app.command()(mcp)
app.command()(forget)
app.add_typer(keys, name="keys")
app.command(rich_help_panel="Train models of your own")(train_rubric)
app.command(rich_help_panel="Train models of your own")(train_messages)
app.add_typer(searching)
app.add_typer(training)


def main() -> None:
    """Run the command."""
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    app()


def _coach(model: Path | None, index: Path | None) -> LessonCoach:
    from chatbot.coach import LessonCoach  # noqa: PLC0415 - seconds to import

    reader = loading.load_model(model)
    return LessonCoach(reader, loading.load_index(index, encoder=reader.encoder))


def _turn_json(source: str, turn: Turn) -> dict[str, Any]:
    nudge = turn.nudge
    return {
        "source": source,
        "is_lesson_plan": turn.analysis.is_lesson_plan,
        "praise": turn.praise,
        "message": nudge.message if nudge else turn.messages[-1],
        "gap": nudge.measure if nudge else None,
        "nudge": None
        if nudge is None
        else {
            "id": nudge.id,
            "measure": nudge.measure,
            "message": nudge.message,
            "suggestion": nudge.suggestion,
            "template": nudge.template.model_dump(by_alias=True),
        },
    }
