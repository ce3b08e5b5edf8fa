"""The command ``lesson-nudge encode``: many lessons encoded once, into files that any store is filled from."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from chatbot import loading
from chatbot.command_errors import errors_are_lines
from mtl_core.errors import InputError

if TYPE_CHECKING:
    from retrieval.importers import ImportProgress

__all__ = ["encode", "fill_from"]


@errors_are_lines
def encode(
    source: Annotated[str, typer.Argument(help="A file or folder of lessons.")],
    output: Annotated[Path, typer.Option(help="Folder of the Parquet files; a run that broke off goes on there.")],
    workers: Annotated[str, typer.Option(help="one: this process; ray: several processes or a cluster.")] = "one",
    processes: Annotated[int | None, typer.Option(help="With ray: how many processes.")] = None,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")] = False,
) -> None:
    """Encode lessons into Parquet files, which index --store takes as its source."""
    from retrieval.importers import read_documents  # noqa: PLC0415 - heavy imports only where needed

    if workers not in ("one", "ray"):
        raise InputError(f"There are no workers {workers!r}; use one or ray.")
    chosen: Literal["one", "ray"] = "one" if workers == "one" else "ray"
    if processes is not None and chosen == "one":
        raise InputError("Give --processes beside --workers ray; one process is one.")
    documents = read_documents(source)
    bulk = _bulk()
    done = bulk.encode_documents(
        documents,
        output,
        loading.load_encoder(),
        workers=chosen,
        processes=processes,
        on_progress=None if as_json else lambda progress: typer.echo(f"{progress.read} read", err=True),
    )
    if as_json:
        typer.echo(json.dumps(asdict(done)))
    else:
        typer.echo(f"read {done.read} lessons, encoded {done.encoded}, kept {done.kept} in {output}")


def fill_from(folder: Path, url: str) -> tuple[ImportProgress, int]:
    """Fill a store from what ``encode`` wrote.

    Args:
        folder: The folder of Parquet files.
        url: The store.

    Returns:
        What was done, and how many documents the store holds.
    """
    from retrieval.stores.urls import open_store  # noqa: PLC0415 - heavy imports only where needed

    bulk = _bulk()
    encoded = bulk.EncodedFolder(folder)
    with open_store(url, dimension=encoded.dimension, fingerprint=encoded.fingerprint) as store:
        return bulk.fill_store(encoded, store), store.count()


def _bulk() -> Any:
    try:
        from retrieval import bulk  # noqa: PLC0415 - an extra
    except ImportError as error:
        if error.name is not None and error.name.partition(".")[0] in {"pyarrow", "filelock"}:
            raise InputError('Parquet is not installed. Run: pip install "lesson-nudge[bulk]".') from error
        raise
    return bulk
