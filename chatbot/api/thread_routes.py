"""Routes of one thread: begin, talk, decide, undo, revise, look, delete."""

from __future__ import annotations

from fastapi import APIRouter, Response
from fastapi.responses import PlainTextResponse

from chatbot.api.context import Asked, Owner, ThreadId
from chatbot.api.models import (
    Conversation,
    GiveDecision,
    NewThread,
    RevisePlan,
    SendMessage,
    ThreadLine,
    TurnView,
    VersionView,
)
from chatbot.api.views import conversation_view

__all__ = ["router"]

router = APIRouter(prefix="/v1/threads", tags=["threads"])


@router.post("", status_code=201, summary="Begin a thread with a plan")
async def begin(body: NewThread, asked: Asked, owner: Owner, response: Response) -> TurnView:
    """Read a plan and answer with true praise and one nudge."""
    turn = await asked.turn("open", lambda: asked.service.open(owner, body.text, title=body.title))
    response.headers["Location"] = f"/v1/threads/{turn.id}"
    return turn


@router.get("", summary="List your threads")
async def list_threads(asked: Asked, owner: Owner) -> list[ThreadLine]:
    """Your threads, the one that changed last first."""
    rows = await asked.work(lambda: asked.service.threads(owner))
    return [
        ThreadLine(id=row.id, title=row.title, created=row.created, changed=row.changed, sequence=row.sequence)
        for row in rows
    ]


@router.get("/{thread_id}", summary="Look at a thread")
async def look(thread_id: ThreadId, asked: Asked, owner: Owner) -> Conversation:
    """Where the thread stands, the nudge that waits, and everything that was said. Nothing is said by looking."""

    def work() -> Conversation:
        turned = asked.service.view(owner, thread_id)
        return conversation_view(turned, asked.service.events(owner, thread_id))

    return await asked.work(work)


@router.post("/{thread_id}/messages", summary="Say something")
async def say(thread_id: ThreadId, body: SendMessage, asked: Asked, owner: Owner) -> TurnView:
    """A typed message; it counts as much as a button."""
    return await asked.turn("say", lambda: asked.service.say(owner, thread_id, body.text))


@router.post("/{thread_id}/decisions", summary="Answer the nudge that waits")
async def decide(thread_id: ThreadId, body: GiveDecision, asked: Asked, owner: Owner) -> TurnView:
    """The plan changes on use and edit alone."""
    turn = await asked.turn(
        "decide",
        lambda: asked.service.decide(
            owner,
            thread_id,
            body.nudge_id,
            body.decision,
            text=body.text,
            quote=body.quote,
            reason=body.reason,
        ),
    )
    asked.metrics.decisions.labels(body.decision).inc()
    return turn


@router.post("/{thread_id}/undo", summary="Take the last change of the plan back")
async def undo(thread_id: ThreadId, asked: Asked, owner: Owner) -> TurnView:
    """The plan is byte for byte what it was before its last change."""
    return await asked.turn("undo", lambda: asked.service.undo(owner, thread_id))


@router.post("/{thread_id}/redo", summary="Make the change again that was undone last")
async def redo(thread_id: ThreadId, asked: Asked, owner: Owner) -> TurnView:
    """The plan is byte for byte what it was before the undo; refused where another change came since."""
    return await asked.turn("redo", lambda: asked.service.redo(owner, thread_id))


@router.get(
    "/{thread_id}/plan",
    summary="The plan now",
    response_class=PlainTextResponse,
    responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}},
)
async def plan(thread_id: ThreadId, asked: Asked, owner: Owner) -> Response:
    """The exact text, and nothing else."""
    versions = await asked.work(lambda: asked.service.versions(owner, thread_id))
    return PlainTextResponse(versions[-1].text)


@router.put("/{thread_id}/plan", summary="Give your own new version of the plan")
async def revise(thread_id: ThreadId, body: RevisePlan, asked: Asked, owner: Owner) -> TurnView:
    """The plan is read again; what is found or lost is named."""
    return await asked.turn("revise", lambda: asked.service.revise(owner, thread_id, body.text))


@router.get("/{thread_id}/versions", summary="Every version of the plan")
async def versions(thread_id: ThreadId, asked: Asked, owner: Owner) -> list[VersionView]:
    """Oldest first; the last one is the plan now."""
    found = await asked.work(lambda: asked.service.versions(owner, thread_id))
    return [VersionView(number=row.number, at=row.at, cause=row.cause, text=row.text) for row in found]


@router.delete("/{thread_id}", status_code=204, summary="Delete a thread")
async def delete(thread_id: ThreadId, asked: Asked, owner: Owner) -> Response:
    """The thread and all that is kept of it."""
    await asked.work(lambda: asked.service.delete(owner, thread_id))
    asked.changes.tell(thread_id)
    return Response(status_code=204)
