"""Routes beside the threads: search, an owner's settings and farewell, health and figures."""

from __future__ import annotations

from fastapi import APIRouter, Response
from fastapi.responses import PlainTextResponse
from starlette.concurrency import run_in_threadpool

from chatbot.api.context import Asked, Owner
from chatbot.api.models import (
    ChangeSettings,
    Deleted,
    Health,
    SearchFound,
    SearchQuery,
    SearchResult,
    SettingsView,
)
from chatbot.api.problems import problem_response
from chatbot.store.base import OwnerSettings

__all__ = ["router", "watching"]

router = APIRouter(prefix="/v1")
watching = APIRouter(tags=["watching"])


@router.post("/search", tags=["search"], summary="Search the lesson templates")
async def search(body: SearchQuery, asked: Asked) -> SearchFound:
    """Templates for a few words, best first."""
    hits = await asked.work(
        lambda: asked.service.search(
            body.query,
            k=body.k,
            subject=body.subject,
            grade=body.grade,
            minutes=body.minutes,
            measure=body.measure,
        )
    )
    results = [SearchResult(score=round(hit.score, 4), template=hit.template) for hit in hits]
    return SearchFound(query=body.query, results=results)


@router.get("/owner", tags=["owner"], summary="What you chose")
async def settings(asked: Asked, owner: Owner) -> SettingsView:
    """Your settings, the defaults where you chose nothing."""
    return _settings_view(await asked.work(lambda: asked.service.settings(owner)))


@router.patch("/owner", tags=["owner"], summary="Choose")
async def change_settings(body: ChangeSettings, asked: Asked, owner: Owner) -> SettingsView:
    """Change what is given; the rest stays."""
    changed = await asked.work(
        lambda: asked.service.change_settings(
            owner,
            masking=body.masking,
            keep_labels=body.keep_labels,
            retention_days=body.retention_days,
            keep_forever=body.keep_forever,
        )
    )
    return _settings_view(changed)


@router.delete("/owner", tags=["owner"], summary="Forget me")
async def forget(asked: Asked, owner: Owner) -> Deleted:
    """Delete everything that is kept of you: threads, labels, settings."""
    return Deleted(threads=await asked.work(lambda: asked.service.forget(owner)))


@watching.get("/healthz", summary="Whether the service runs")
async def healthz() -> Health:
    """Answers as long as the process does."""
    return Health()


@watching.get("/readyz", summary="Whether the service takes work", response_model=Health)
async def readyz(asked: Asked) -> Health | Response:
    """Reaches the database, and says no while the service stops or has all the work that it can take."""
    if asked.stopping or asked.pool.full:
        return problem_response(503, "The service takes no work now. Try again soon.", headers={"Retry-After": "1"})
    try:
        await run_in_threadpool(asked.service.threads, "readiness")
    except Exception:  # noqa: BLE001 - whatever the database says, the answer is no
        return problem_response(503, "The database cannot be reached.", headers={"Retry-After": "5"})
    return Health()


@watching.get(
    "/metrics",
    summary="Figures for Prometheus",
    response_class=PlainTextResponse,
    responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}},
)
async def metrics(asked: Asked) -> Response:
    """Requests, times, turns, decisions, refusals; no label holds what a client sent."""
    return PlainTextResponse(asked.metrics.text())


def _settings_view(chosen: OwnerSettings) -> SettingsView:
    return SettingsView(masking=chosen.masking, keep_labels=chosen.keep_labels, retention_days=chosen.retention_days)
