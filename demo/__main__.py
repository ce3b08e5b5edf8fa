"""Serve the page on this computer."""

from __future__ import annotations

import os
import socket
import threading
from pathlib import Path
from typing import Annotated

import typer

from mtl_core.errors import LessonNudgeError

_ADDRESS = "127.0.0.1"
_MAX_UPLOAD = "4mb"


def main(
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port on 127.0.0.1; 0 takes a free one.")] = 7860,
    open_browser: Annotated[bool, typer.Option("--open/--no-open", help="Open the page in the browser.")] = True,
    model: Annotated[
        Path | None, typer.Option("--model", help="Folder of a trained model instead of the shipped one.")
    ] = None,
) -> None:
    """Open the page of Lesson Nudge. Nothing is sent to another computer."""
    try:
        serve(port=port, open_browser=open_browser, model=model)
    except ModuleNotFoundError as error:
        if error.name != "gradio":
            raise
        _fail("the page needs Gradio; install it with: pip install 'lesson-nudge[demo]'.")
    except (LessonNudgeError, OSError) as error:
        _fail(str(error))


def serve(*, port: int, open_browser: bool, model: Path | None) -> None:
    """Load the model, start the server, print its address, and wait for Ctrl-C.

    Args:
        port: Port on 127.0.0.1; 0 takes a free one.
        open_browser: Open the page in the browser.
        model: Folder of a trained model; ``None`` takes the shipped one.

    Raises:
        ArtifactError: If the model cannot be loaded.
        OSError: If the port is taken.
    """
    number = _free_port(port)
    _stay_offline()
    from chatbot.coach import LessonCoach  # noqa: PLC0415 - Gradio and torch read the environment at import
    from demo.page import LOOK, build_page  # noqa: PLC0415
    from mtl_core.quality import QualityModel  # noqa: PLC0415
    from retrieval import TemplateIndex, TemplateLibrary  # noqa: PLC0415

    reader = QualityModel.from_pretrained(model)
    index = TemplateIndex.build(TemplateLibrary.shipped(), encoder=reader.encoder)
    page = build_page(lambda: LessonCoach(reader, index))
    _, address, _ = page.launch(
        server_name=_ADDRESS,
        server_port=number,
        inbrowser=open_browser,
        prevent_thread_lock=True,
        quiet=True,
        share=False,
        run_history=False,
        ssr_mode=False,
        mcp_server=False,
        enable_monitoring=False,
        max_file_size=_MAX_UPLOAD,
        footer_links=[],
        **LOOK,
    )
    typer.echo(address)
    try:
        threading.Event().wait()
    except KeyboardInterrupt:
        page.close(verbose=False)


def _stay_offline() -> None:
    """Switch off what Gradio and the hub would ask of other computers; read when they are imported."""
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
    os.environ["HF_HUB_OFFLINE"] = "1"
    # Gradio asks its own server whether it is up; a school's proxy must not answer for it
    for name in ("NO_PROXY", "no_proxy"):
        os.environ[name] = ",".join(filter(None, [os.environ.get(name, ""), _ADDRESS]))


def _free_port(port: int) -> int:
    """The port, or a free one for 0.

    Raises:
        OSError: If the port is taken.
    """
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((_ADDRESS, port))
        except OSError as error:
            raise OSError(f"port {port} cannot be used ({error.strerror}); give another one with --port.") from error
        number: int = probe.getsockname()[1]
        return number


def _fail(message: str) -> None:
    typer.echo(f"error: {message}", err=True)
    raise typer.Exit(1)


if __name__ == "__main__":
    typer.run(main)
