"""Put the page beside the API of a service."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from fastapi import FastAPI, Request  # noqa: TC002 - the framework reads the types of a route when it runs
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import PlainTextResponse, Response

from demo.owners import OwnerCookie, owner_of
from mtl_core.errors import InputError, LessonNudgeError

if TYPE_CHECKING:
    from chatbot.artefacts import ExportedFile, ExportFormat
    from chatbot.service import CoachService

__all__ = ["mount"]

_MAX_UPLOAD = "10mb"


def mount(app: FastAPI, service: CoachService) -> FastAPI:
    """Mount the page at ``/``. What the app answers already, it goes on to answer.

    Where the service asks for keys, a browser shows its own and sees what the owner of the key has. Else each
    browser is an owner of its own, by a random id in a cookie that scripts cannot read.

    Args:
        app: With the routes of the API.
        service: Keeps the conversations of all browsers.

    Returns:
        The app to serve.
    """
    # read when Gradio is imported: nothing is asked of other computers
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    import gradio as gr  # noqa: PLC0415

    from demo.look import LOOK  # noqa: PLC0415
    from demo.page import build_page  # noqa: PLC0415

    @app.get("/page/files/{thread_id}/{kind}", include_in_schema=False)
    async def file(request: Request, thread_id: str, kind: str) -> Response:
        try:
            made = await run_in_threadpool(_made, service, owner_of(request), thread_id, kind)
        except InputError as error:
            return PlainTextResponse(str(error), status_code=422)
        except LessonNudgeError as error:
            return PlainTextResponse(str(error), status_code=404)
        headers = {"Content-Disposition": f'attachment; filename="{made.name}"', "Cache-Control": "no-store"}
        return Response(made.data, media_type=made.media_type, headers=headers)

    app.add_middleware(OwnerCookie)
    return gr.mount_gradio_app(  # type: ignore[no-any-return]
        app,
        build_page(service),
        path="",
        footer_links=[],
        run_history=False,
        ssr_mode=False,
        mcp_server=False,
        enable_monitoring=False,
        max_file_size=_MAX_UPLOAD,
        **LOOK,
    )


def _made(service: CoachService, owner: str, thread_id: str, kind: str) -> ExportedFile:
    from chatbot.artefacts import FORMATS, export_plan  # noqa: PLC0415 - its libraries are an extra

    known: dict[str, ExportFormat] = {key: key for key in FORMATS}
    if kind not in known:
        raise InputError(f"{kind} is no file that a plan is made into; take one of {', '.join(known)}.")
    thread = service.view(owner, thread_id)
    return export_plan(thread.turn, known[kind], title=thread.title)
