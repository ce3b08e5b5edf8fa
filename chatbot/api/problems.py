"""Errors as problem details (RFC 9457): one clear sentence, and never a word of the plan."""

from __future__ import annotations

import json
import logging
import math
from collections.abc import Mapping
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException
from starlette.responses import Response

from chatbot.api.workers import BusyError
from chatbot.errors import StateError
from chatbot.store.base import ConflictError, NotFoundError
from mtl_core.errors import ArtifactError, InputError

if TYPE_CHECKING:
    from fastapi import FastAPI, Request

__all__ = ["Problem", "add_problem_handlers", "describe", "problem_response", "unexpected"]

_LOG = logging.getLogger("lesson_nudge.api")
_STATUS: tuple[tuple[type[Exception], int], ...] = (
    (NotFoundError, 404),
    (ConflictError, 409),
    (StateError, 409),
    (BusyError, 503),
    (InputError, 422),
    (ArtifactError, 503),
)
_RETRY_SECONDS = 1.0


class Problem(BaseModel):
    """What went wrong (RFC 9457, media type ``application/problem+json``)."""

    model_config = ConfigDict(extra="forbid")

    type: str = Field(default="about:blank", description="Kind of the problem; the status says all there is.")
    title: str = Field(description="Name of the status.")
    status: int = Field(description="HTTP status.")
    detail: str = Field(description="One sentence that says what is wrong and how to mend it.")


def problem_response(status: int, detail: str, *, headers: Mapping[str, str] | None = None) -> Response:
    """Build an answer that says what is wrong.

    Args:
        status: HTTP status.
        detail: One sentence.
        headers: More headers.

    Returns:
        The response.
    """
    problem = Problem(title=HTTPStatus(status).phrase, status=status, detail=detail)
    content = json.dumps(problem.model_dump(), ensure_ascii=True)
    return Response(content, status, dict(headers or {}), "application/problem+json")


def describe(error: RequestValidationError) -> str:
    """One sentence on the first thing that is wrong with a request; what was sent is not repeated.

    Args:
        error: Of the validation.

    Returns:
        The sentence.
    """
    first, *others = error.errors()
    where = ".".join(str(part) for part in first["loc"] if part != "body") or "the body"
    more = f" ({len(others)} more of this kind.)" if others else ""
    if first["type"] == "json_invalid":
        return "The body is no valid JSON; send one JSON object in UTF-8."
    if first["type"] == "extra_forbidden":
        return f"There is no field {where[:80]!r}; leave it out.{more}"
    return f"{where[:80]}: {first['msg'].removeprefix('Value error, ').rstrip('.')}.{more}"


def add_problem_handlers(app: FastAPI) -> None:
    """Answer every error of an app with problem details.

    Args:
        app: The app.
    """

    async def refused(_: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)  # noqa: S101 - what it is registered for
        return problem_response(422, describe(error))

    async def http(_: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)  # noqa: S101 - what it is registered for
        # the framework calls a body that it cannot decode 400; here every bad body is 422
        status = 422 if error.status_code == 400 else error.status_code
        return problem_response(status, _SENTENCES.get(status, str(error.detail)), headers=error.headers)

    app.add_exception_handler(RequestValidationError, refused)
    app.add_exception_handler(HTTPException, http)
    for kind, status in _STATUS:
        app.add_exception_handler(kind, _expected(status))


_SENTENCES = {
    422: "The body cannot be read; send one JSON object in UTF-8.",
    404: "There is nothing at this address; /openapi.json lists what there is.",
    405: "This address does not take this method; the header Allow names those it takes.",
}


def _expected(status: int) -> Any:
    async def handle(_: Request, error: Exception) -> Response:
        headers = {"Retry-After": str(math.ceil(_RETRY_SECONDS))} if status == 503 else None
        return problem_response(status, str(error), headers=headers)

    return handle


def unexpected(error: Exception) -> Response:
    """Log an error that nobody foresaw, and answer it.

    Args:
        error: Its message and values may hold words of a plan; its kind and place do not.

    Returns:
        The response.
    """
    trace, places = error.__traceback__, []
    while trace is not None:
        places.append(f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}")
        trace = trace.tb_next
    _LOG.error("unexpected", extra={"error": type(error).__name__, "places": places[-6:]})
    return problem_response(500, "The service failed on this request; nothing that was kept is lost. Try it again.")
