"""The OpenAPI description: every error is a problem, and keys are named where they are used."""

from __future__ import annotations

from typing import Any

from chatbot.api.problems import Problem

__all__ = ["DESCRIPTION", "PROBLEMS", "with_problem_types"]

DESCRIPTION = """Reads a lesson plan, praises what it shows with the teacher's own words, and offers one repair at a
time. The plan changes only when the teacher says use or edit, and undo is byte-exact."""

_MEANINGS = {
    401: "A key is needed.",
    403: "Sent by a page of another address.",
    404: "There is no such thread of this owner.",
    408: "The body came too slowly.",
    409: "It does not fit where the thread stands, or the thread went on elsewhere; look again.",
    413: "The body is too large.",
    415: "The body is no JSON.",
    422: "Something that was sent cannot be used.",
    429: "Too many requests; Retry-After says when to go on.",
    503: "The service has all the work that it can take; Retry-After says when to go on.",
}
_PROBLEM = f"#/components/schemas/{Problem.__name__}"
PROBLEMS: dict[int | str, dict[str, Any]] = {
    status: {"model": Problem, "description": meaning} for status, meaning in _MEANINGS.items()
}
"""Answers that every route of the API may give."""


def with_problem_types(schema: dict[str, Any], *, keys: bool) -> dict[str, Any]:
    """Give errors their media type, and name the keys.

    Args:
        schema: As FastAPI made it.
        keys: Whether the service asks for keys.

    Returns:
        The schema.
    """
    for path in schema["paths"].values():
        for operation in path.values():
            for status, response in operation["responses"].items():
                if int(status) >= 400:
                    response["content"] = {"application/problem+json": {"schema": {"$ref": _PROBLEM}}}
    unused = ("HTTPValidationError", "ValidationError")
    for name in unused:
        schema.get("components", {}).get("schemas", {}).pop(name, None)
    if keys:
        schemes = {"key": {"type": "http", "scheme": "bearer"}}
        schema.setdefault("components", {})["securitySchemes"] = schemes
        for name, path in schema["paths"].items():
            for operation in path.values():
                if name not in ("/healthz", "/readyz"):
                    operation["security"] = [{"key": []}]
    return schema
