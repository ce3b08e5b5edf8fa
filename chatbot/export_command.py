"""The command ``lesson-nudge export-plan``: a plan as Word file, slides, handout, exit ticket and pictures."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from chatbot import loading
from chatbot.command_errors import errors_are_lines
from chatbot.files import read_plan
from chatbot.terminal import printable
from mtl_core.errors import InputError
from mtl_core.saved import write_atomic

__all__ = ["export_plan"]

_ALL = "all"


@errors_are_lines
def export_plan(
    path: Annotated[Path, typer.Argument(help="A plan (.md, .txt, .docx, .pdf, .html). The file is never changed.")],
    wanted: Annotated[
        list[str] | None,
        typer.Option(
            "--format",
            "-f",
            help="docx, md, pptx, pdf (handout), png-timeline, png-organiser, exit-ticket, or all. May be repeated.",
        ),
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="A file for one format, or a folder that exists.")
    ] = None,
    title: Annotated[str | None, typer.Option(help="A title instead of the plan's own.")] = None,
    model: Annotated[Path | None, typer.Option(help="Folder of a trained model instead of the shipped one.")] = None,
) -> None:
    """Write what a teacher takes away from a plan, all from the plan's own words."""
    from chatbot import artefacts  # noqa: PLC0415 - heavy imports only where needed

    formats = [name for name in artefacts.FORMATS if _ALL in (wanted or ()) or name in (wanted or ["docx"])]
    unknown = sorted(set(wanted or ()) - {*artefacts.FORMATS, _ALL})
    if unknown:
        raise InputError(f"{unknown[0]} is no format; give one of {', '.join(artefacts.FORMATS)}, or {_ALL}.")
    target = output or Path()
    if not target.is_dir() and (len(formats) > 1 or not target.parent.is_dir()):
        raise InputError(f"{target} cannot be written: name a folder that exists, or for one format a file in one.")
    if target.exists() and target.samefile(path):
        raise InputError(f"{target} is the plan itself; name another file.")
    text = read_plan(path)
    document = artefacts.plan_document(text, loading.load_model(model).analyse(text), title=title)
    failed = False
    for name in formats:
        try:
            made = artefacts.export_plan(document, name)
        except InputError as error:
            failed = True
            typer.echo(f"error: {name}: {printable(str(error))}", err=True)
            continue
        place = target / made.name if target.is_dir() else target
        if place.exists() and place.samefile(path):
            raise InputError(f"{place} is the plan itself; name another file.")
        write_atomic(place, made.data)
        typer.echo(f"saved {printable(place)}")
    # with "all" a plan may hold nothing for some formats, and that is said above
    if failed and _ALL not in (wanted or ()):
        raise typer.Exit(1)
