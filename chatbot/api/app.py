"""The HTTP service as one FastAPI app."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from chatbot.api.context import Context
from chatbot.api.gate import Gate
from chatbot.api.keys import KeyRing
from chatbot.api.limits import TokenBuckets
from chatbot.api.metrics import Metrics
from chatbot.api.openapi import DESCRIPTION, PROBLEMS, with_problem_types
from chatbot.api.other_routes import router as others
from chatbot.api.other_routes import watching
from chatbot.api.problems import add_problem_handlers
from chatbot.api.stream_routes import router as streams
from chatbot.api.thread_routes import router as threads
from chatbot.api.workers import WorkPool, share_cores

if TYPE_CHECKING:
    from chatbot.api.config import ServerConfig
    from chatbot.service import CoachService

__all__ = ["create_app"]


def create_app(
    service: CoachService,
    config: ServerConfig,
    *,
    clock: Callable[[], float] = time.monotonic,
    cores: int | None = None,
) -> FastAPI:
    """Build the service.

    Args:
        service: The conversations; it stays the caller's to close.
        config: Settings.
        clock: Seconds that only grow, for the limit of requests.
        cores: Cores that the workers share; ``None`` leaves torch's threads as they are.

    Returns:
        The app, with the API under ``/v1`` and no page.

    Raises:
        ArtifactError: If the file of keys cannot be read.
    """
    keys = KeyRing.load(config.keys) if config.keys is not None else None
    metrics = Metrics()
    pool = WorkPool(workers=config.workers, queue=config.queue, seconds=config.work_seconds)
    metrics.watch_work(lambda: pool.inside)
    context = Context(service, config, pool, metrics)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        if cores is not None:
            share_cores(config.workers, cores)
        yield
        context.stopping = True
        pool.close()

    app = FastAPI(
        title="Lesson Nudge",
        version=version("lesson-nudge"),
        description=DESCRIPTION,
        docs_url=None,  # the pages of the framework load scripts from elsewhere
        redoc_url=None,
        lifespan=lifespan,
        redirect_slashes=False,
    )
    app.state.context = context
    buckets = TokenBuckets(rate=config.requests_per_second, burst=config.burst, clock=clock)
    app.add_middleware(Gate, config=config, keys=keys, buckets=buckets, metrics=metrics)
    add_problem_handlers(app)
    for router in (threads, streams, others):
        app.include_router(router, responses=PROBLEMS)
    app.include_router(watching, responses={status: PROBLEMS[status] for status in (401, 403, 429, 503)})
    app.openapi = _described(app, keys=keys is not None)  # type: ignore[method-assign] # FastAPI's own way to do it
    return app


def _described(app: FastAPI, *, keys: bool) -> Callable[[], dict[str, Any]]:
    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            made = get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes)
            app.openapi_schema = with_problem_types(made, keys=keys)
        return app.openapi_schema

    return openapi
