"""Routes that give more than JSON: the stream of a thread's events, and a plan as a file."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated, Literal
from urllib.parse import quote

from fastapi import APIRouter, Header, Query, Response
from sse_starlette import EventSourceResponse, ServerSentEvent
from starlette.concurrency import run_in_threadpool

from chatbot.api.context import Asked, Context, Owner, ThreadId
from chatbot.api.sse import follow, sent
from chatbot.api.workers import BusyError
from chatbot.store.base import StoredEvent
from mtl_core.errors import InputError

__all__ = ["router"]

router = APIRouter(prefix="/v1/threads", tags=["threads"])

_FAR = 10**15
_FILES = {
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    "application/pdf",
    "text/markdown",
}
_BINARY = {"schema": {"type": "string", "format": "binary"}}


@router.get(
    "/{thread_id}/events",
    summary="Follow a thread",
    response_class=EventSourceResponse,
    responses={200: {"content": {"text/event-stream": {"schema": {"type": "string"}}}}},
)
async def events(
    thread_id: ThreadId,
    asked: Asked,
    owner: Owner,
    last_event_id: Annotated[int, Header(ge=0, le=_FAR, description="Id of the last event that you have.")] = 0,
    wait: Annotated[
        float | None, Query(ge=0, le=300, description="Seconds to stay after the last event; 0 gives what is kept.")
    ] = None,
) -> EventSourceResponse:
    """Server-sent events: what is kept, then what comes.

    Each has an id that never changes, so a client that lost the connection goes on with `Last-Event-ID`. `done` says
    that nothing more is kept at the moment.
    """
    stay = asked.config.stream_seconds if wait is None else min(wait, asked.config.stream_seconds)

    async def read(after: int) -> list[StoredEvent]:
        return await run_in_threadpool(lambda: asked.service.events(owner, thread_id, after=after))

    first = await read(0)
    told = follow(
        read,
        first=first,
        thread_id=thread_id,
        after=last_event_id,
        changes=asked.changes,
        poll=asked.config.poll_seconds,
        stay=stay,
    )
    if asked.streams >= asked.config.streams:
        asked.metrics.refused.labels("streams").inc()
        raise BusyError("As many streams are open as the service can hold. Try again in a second.")
    return EventSourceResponse(_counted(asked, (sent(event) async for event in told)), ping=15)


@router.get(
    "/{thread_id}/export",
    summary="Take the plan away as a file",
    response_class=Response,
    responses={200: {"content": dict.fromkeys(sorted(_FILES), _BINARY)}},
)
async def export(
    thread_id: ThreadId,
    asked: Asked,
    owner: Owner,
    file_format: Annotated[Literal["docx", "pptx", "pdf", "md"], Query(alias="format", description="Kind of file.")],
) -> Response:
    """The plan as a Word file, slides, a one-page handout, or markdown."""

    def work() -> Response:
        from chatbot.artefacts import export_plan, plan_document  # noqa: PLC0415 - the file libraries are an extra

        turned = asked.service.view(owner, thread_id)
        document = plan_document(turned.turn.text, turned.turn.analysis, title=turned.title)
        try:
            made = export_plan(document, file_format, title=turned.title)
        except ModuleNotFoundError as error:
            raise InputError(
                f"This service cannot write {file_format}, since {error.name} is not installed where it runs "
                "(lesson-nudge[files]); ask for md."
            ) from error
        name = quote(made.name, safe="")
        return Response(
            made.data,
            media_type=made.media_type,
            headers={"Content-Disposition": f"attachment; filename*=UTF-8''{name}"},
        )

    return await asked.work(work)


async def _counted(asked: Context, events: AsyncIterator[ServerSentEvent]) -> AsyncIterator[ServerSentEvent]:
    asked.streams += 1
    asked.metrics.streams.set(asked.streams)
    try:
        async for event in events:
            yield event
    finally:
        asked.streams -= 1
        asked.metrics.streams.set(asked.streams)
