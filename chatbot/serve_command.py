"""``lesson-nudge serve``, ``keys`` and ``mcp``: the coach for other programs."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from uuid import uuid4

import typer
from platformdirs import user_data_path

from chatbot import loading
from chatbot.command_errors import errors_are_lines
from chatbot.masking import name_finder
from chatbot.message_reading import message_reader
from mtl_core.errors import InputError

if TYPE_CHECKING:
    from chatbot.api.config import ServerConfig
    from chatbot.service import CoachService
    from chatbot.store.base import EventLog

__all__ = [
    "LanguageModel",
    "bound_config",
    "build_service",
    "default_database",
    "keys",
    "mcp",
    "open_database",
    "serve",
]

Database = Annotated[
    str | None, typer.Option("--db", help="Where conversations are kept: sqlite:///PATH or postgresql://...")
]
KeyFile = Annotated[Path | None, typer.Option("--keys", help="File of API keys, made by: lesson-nudge keys add.")]
Host = Annotated[str, typer.Option(help="Address to listen on.")]
WithoutKeys = Annotated[
    bool, typer.Option("--without-keys", help="Listen beyond this computer with no key; anyone may read everything.")
]
ModelFolder = Annotated[Path | None, typer.Option("--model", help="Folder of a trained model.")]
IndexFolder = Annotated[Path | None, typer.Option("--index", help="Folder of a saved index of templates.")]
LanguageModel = Annotated[
    str | None,
    typer.Option("--llm", help="A chat model that may rephrase suggestions: provider:model. Off by default."),
]

keys = typer.Typer(help="API keys; each opens the threads of one owner.", no_args_is_help=True)


@errors_are_lines
def serve(
    host: Host = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port; 0 takes a free one.")] = 8000,
    db: Database = None,
    key_file: KeyFile = None,
    without_keys: WithoutKeys = False,
    rate: Annotated[float, typer.Option(help="Requests a second for each owner.")] = 100.0,
    burst: Annotated[int, typer.Option(help="Requests at once for each owner.")] = 200,
    workers: Annotated[int | None, typer.Option(help="Threads that read plans; as many as cores, at most 4.")] = None,
    page: Annotated[bool, typer.Option("--page/--no-page", help="Show the page at / where it is installed.")] = True,
    model: ModelFolder = None,
    index: IndexFolder = None,
    llm: LanguageModel = None,
) -> None:
    """Serve the coach over HTTP: the API under /v1, the page at / (extra lesson-nudge[serve])."""
    with _extra("serve"):
        import uvicorn  # noqa: PLC0415 - an extra

        from chatbot.api import create_app, mount_pages  # noqa: PLC0415
        from chatbot.api.logs import log_to  # noqa: PLC0415
    config = bound_config(host, keys=key_file, without_keys=without_keys, rate=rate, burst=burst, workers=workers)
    log = open_database(db)
    try:
        service = build_service(log, model=model, index=index, llm=llm, readings_at_once=config.workers)
        app = create_app(service, config, cores=os.cpu_count() or 1)
        log_to(sys.stderr)
        app = mount_pages(app, service) if page else app
        uvicorn.run(
            app,
            host=host,
            port=port,
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,  # a client could give itself another address for each request
            timeout_keep_alive=10,
            timeout_graceful_shutdown=config.shutdown_seconds,
        )
    finally:
        log.close()


@errors_are_lines
def mcp(
    transport: Annotated[str, typer.Option(help="stdio, or http for streamable HTTP.")] = "stdio",
    host: Host = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port, with http.")] = 8001,
    db: Database = None,
    key_file: KeyFile = None,
    without_keys: WithoutKeys = False,
    model: ModelFolder = None,
    index: IndexFolder = None,
) -> None:
    """Serve the coach to a language model's host over MCP (extra lesson-nudge[mcp])."""
    if transport not in ("stdio", "http"):
        raise InputError(f"There is no transport {transport!r}; use stdio or http.")
    with _extra("mcp"):
        from chatbot.mcp_server import build_server, http_app  # noqa: PLC0415 - an extra
    if transport == "stdio":
        log = open_database(db)
        with log:
            build_server(build_service(log, model=model, index=index)).run("stdio")
        return
    with _extra("serve"):
        import uvicorn  # noqa: PLC0415 - an extra

        from chatbot.api.logs import log_to  # noqa: PLC0415
    config = bound_config(host, keys=key_file, without_keys=without_keys)
    log = open_database(db)
    with log:
        app = http_app(build_service(log, model=model, index=index), config)
        log_to(sys.stderr)
        uvicorn.run(
            app, host=host, port=port, log_config=None, access_log=False, server_header=False, proxy_headers=False
        )


@keys.command("add")
@errors_are_lines
def add_key(
    owner: Annotated[str, typer.Argument(help="Whose key it is.")],
    key_file: Annotated[Path, typer.Option("--keys", help="The file; made where it is missing.")],
) -> None:
    """Make a key and print it once; the file keeps its hash alone."""
    with _extra("serve"):
        from chatbot.api.keys import KeyRing  # noqa: PLC0415 - the package is an extra

    ring = KeyRing.load(key_file) if key_file.exists() else KeyRing()
    ring, key = ring.add(owner)
    ring.save(key_file)
    typer.echo(key)


@keys.command("list")
@errors_are_lines
def list_keys(key_file: Annotated[Path, typer.Option("--keys", help="The file.")]) -> None:
    """Print the owner of each key."""
    with _extra("serve"):
        from chatbot.api.keys import KeyRing  # noqa: PLC0415 - the package is an extra

    for owner in KeyRing.load(key_file).owners:
        typer.echo(owner)


@keys.command("remove")
@errors_are_lines
def remove_key(
    owner: Annotated[str, typer.Argument(help="Whose keys.")],
    key_file: Annotated[Path, typer.Option("--keys", help="The file.")],
    but_newest: Annotated[bool, typer.Option("--but-newest", help="Leave the one made last.")] = False,
) -> None:
    """Remove the keys of an owner; a running service forgets them when it starts again."""
    with _extra("serve"):
        from chatbot.api.keys import KeyRing  # noqa: PLC0415 - the package is an extra

    KeyRing.load(key_file).remove(owner, keep_newest=but_newest).save(key_file)


def bound_config(
    host: str,
    *,
    keys: Path | None,
    without_keys: bool = False,
    rate: float = 100.0,
    burst: int = 200,
    workers: int | None = None,
) -> ServerConfig:
    """Settings that fit an address: without keys this computer alone is served.

    Args:
        host: Address to listen on.
        keys: File of API keys.
        without_keys: Whether other computers are served without keys.
        rate: Requests a second for each owner.
        burst: Requests at once for each owner.
        workers: Threads that read plans; ``None`` takes the default.

    Returns:
        The settings.

    Raises:
        InputError: If other computers would be served without keys and nobody asked for it, or a number is
            out of range.
    """
    from pydantic import ValidationError  # noqa: PLC0415 - beside its one use

    from chatbot.api.config import LOOPBACK, ServerConfig  # noqa: PLC0415 - the package is an extra

    local = host in LOOPBACK
    if not local and keys is None and not without_keys:
        raise InputError(
            f"{host} is reached by other computers, and no keys are given. Add --keys FILE, or --without-keys to "
            "let anyone in."
        )
    given = {"requests_per_second": rate, "burst": burst, **({} if workers is None else {"workers": workers})}
    try:
        return ServerConfig(keys=keys, hosts=LOOPBACK if local and keys is None else None, **given)
    except ValidationError as error:
        first = error.errors()[0]
        raise InputError(f"{first['loc'][0]}: {first['msg']}.") from error


def default_database() -> str:
    """The database that is used where none is named: a file in the user's own data folder."""
    folder = user_data_path("lesson-nudge")
    folder.mkdir(parents=True, exist_ok=True)
    return f"sqlite:///{folder / 'coach.sqlite3'}"


def build_service(
    log: EventLog,
    *,
    model: Path | None = None,
    index: Path | None = None,
    llm: str | None = None,
    readings_at_once: int = 1,
) -> CoachService:
    """Load what the service needs, and hold one conversation that nobody sees, so that the first is not slow.

    Args:
        log: Where conversations are kept.
        model: Folder of a trained model; ``None`` takes the shipped one.
        index: Folder of a saved index; ``None`` builds one of the shipped templates.
        llm: A language model that rephrases nudges, as ``provider:model``; ``None`` leaves the composed words.
        readings_at_once: How many plans are read beside each other.

    Returns:
        The service.

    Raises:
        InputError: If there is no such language model.
    """
    from chatbot.service import CoachService  # noqa: PLC0415 - seconds to import

    phraser = loading.load_phraser(llm)
    reader = loading.load_model(model)
    templates = loading.load_index(index, encoder=reader.encoder)
    understand = message_reader(reader.encoder)
    loading.warm_up(reader, templates, understand=understand)
    return CoachService(
        reader,
        templates,
        log,
        clock=lambda: datetime.now(UTC),
        ids=lambda: uuid4().hex,
        understand=understand,
        phraser=phraser,
        finder=name_finder(reader.encoder),
        readings_at_once=readings_at_once,
    )


def open_database(url: str | None) -> EventLog:
    """Open where conversations are kept.

    Args:
        url: Of the database; ``None`` takes a file in the user's own data folder.

    Returns:
        The log.

    Raises:
        InputError: If the extra is not installed, or the address cannot be used.
        ArtifactError: If the database cannot be reached.
    """
    with _extra("serve"):
        from chatbot.store.sql import open_log  # noqa: PLC0415 - an extra
    with _extra("postgres"):
        return open_log(url or default_database())


@contextmanager
def _extra(name: str) -> Iterator[None]:
    """Say which extra is missing where an import fails."""
    try:
        yield
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("chatbot"):
            raise
        raise InputError(
            f"{error.name} is not installed. Install the extra: pip install 'lesson-nudge[{name}]'"
        ) from error
