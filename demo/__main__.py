"""Serve the page and the API on this computer."""

from __future__ import annotations

import os
import socket
import threading
import webbrowser
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mtl_core.errors import LessonNudgeError

if TYPE_CHECKING:
    from fastapi import FastAPI

    from chatbot.store.base import EventLog

_ADDRESS = "127.0.0.1"
_GRACE = 5


def main(
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port on 127.0.0.1; 0 takes a free one.")] = 7860,
    open_browser: Annotated[bool, typer.Option("--open/--no-open", help="Open the page in the browser.")] = True,
    model: Annotated[
        Path | None, typer.Option("--model", help="Folder of a trained model instead of the shipped one.")
    ] = None,
    keep: Annotated[
        bool, typer.Option("--keep/--no-keep", help="Keep plans in a file of this user, or until the program ends.")
    ] = True,
) -> None:
    """Open the page of Lesson Nudge. Nothing is sent to another computer."""
    try:
        serve(port=port, open_browser=open_browser, model=model, keep=keep)
    except ModuleNotFoundError as error:
        if (error.name or "").startswith(("chatbot", "demo")):
            raise
        _fail(f"the page needs {error.name}; install it with: pip install 'lesson-nudge[demo]'.")
    except (LessonNudgeError, OSError) as error:
        _fail(str(error))


def serve(*, port: int, open_browser: bool, model: Path | None, keep: bool) -> None:
    """Load the model, serve page and API, print the address, and wait for Ctrl-C.

    Args:
        port: Port on 127.0.0.1; 0 takes a free one.
        open_browser: Open the page in the browser.
        model: Folder of a trained model; ``None`` takes the shipped one.
        keep: Keep plans in the user's data folder; else in memory until the program ends.

    Raises:
        ArtifactError: If the model or what is kept cannot be loaded.
        OSError: If the port is taken.
    """
    with _bound(port) as listener:
        _stay_offline()
        from chatbot.serve_command import default_database  # noqa: PLC0415 - Gradio reads the environment at import
        from chatbot.store.sql import open_log  # noqa: PLC0415

        with open_log(default_database() if keep else "sqlite://") as log:
            _run(_app(log, model), listener, open_browser=open_browser)


def _app(log: EventLog, model: Path | None) -> FastAPI:
    from chatbot.api import create_app  # noqa: PLC0415 - seconds to import
    from chatbot.api.config import LOOPBACK, ServerConfig  # noqa: PLC0415
    from chatbot.serve_command import build_service  # noqa: PLC0415
    from demo.mount import mount  # noqa: PLC0415

    service = build_service(log, model=model)
    return mount(create_app(service, ServerConfig(hosts=LOOPBACK)), service)


def _run(app: FastAPI, listener: socket.socket, *, open_browser: bool) -> None:
    import uvicorn  # noqa: PLC0415 - an extra

    address = f"http://{_ADDRESS}:{listener.getsockname()[1]}/"

    class Announced(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            typer.echo(address)
            if open_browser:
                threading.Thread(target=webbrowser.open, args=(address,), daemon=True).start()

    config = uvicorn.Config(
        app, log_config=None, access_log=False, server_header=False, timeout_graceful_shutdown=_GRACE
    )
    try:
        Announced(config).run(sockets=[listener])
    except KeyboardInterrupt:
        return  # it has ended in order and raises the signal once more


def _stay_offline() -> None:
    """Switch off what Gradio and the hub would ask of other computers; read when they are imported."""
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
    os.environ["HF_HUB_OFFLINE"] = "1"


def _bound(port: int) -> socket.socket:
    """A socket on the port, or on a free one for 0.

    Raises:
        OSError: If the port is taken.
    """
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((_ADDRESS, port))
    except OSError as error:
        listener.close()
        raise OSError(f"port {port} cannot be used ({error.strerror}); give another one with --port.") from error
    return listener


def _fail(message: str) -> None:
    typer.echo(f"error: {message}", err=True)
    raise typer.Exit(1)


if __name__ == "__main__":
    typer.run(main)
