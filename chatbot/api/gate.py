"""The gate before every request: log and figures, names, keys, rate, size, and headers of safety."""

from __future__ import annotations

import asyncio
import base64
import binascii
import logging
import math
import re
import secrets
import time
from typing import TYPE_CHECKING

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException

from chatbot.api.config import LOCAL_OWNER
from chatbot.api.problems import problem_response, unexpected
from chatbot.api.sign_in import SignIn

if TYPE_CHECKING:
    from starlette.responses import Response
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from chatbot.api.config import ServerConfig
    from chatbot.api.keys import KeyRing
    from chatbot.api.limits import TokenBuckets
    from chatbot.api.metrics import Metrics

__all__ = ["Gate"]

_LOG = logging.getLogger("lesson_nudge.api")
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_OPEN = frozenset({"/healthz", "/readyz"})
_API = re.compile(r"/(v1/.*|v1|healthz|readyz|metrics|openapi\.json|mcp)")
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")


class Gate:
    """What every request passes, in plain ASGI so that a refusal costs little.

    Behind it, ``request.state.owner`` is the owner of a request, and ``request.state.keyed`` says whether
    the service asks for keys.

    Args:
        app: What lies behind.
        config: Limits.
        keys: API keys; ``None`` asks for none.
        buckets: How often a client may ask.
        metrics: What is counted.
    """

    def __init__(
        self, app: ASGIApp, *, config: ServerConfig, keys: KeyRing | None, buckets: TokenBuckets, metrics: Metrics
    ) -> None:
        self._app = app
        self._config = config
        self._sign_in = SignIn(keys, seconds=config.body_seconds) if keys is not None else None
        self._buckets = buckets
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer or pass on one request.

        Args:
            scope: Of the connection.
            receive: Gives the body.
            send: Takes the answer.
        """
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        given = headers.get("x-request-id", "")
        request_id = given if _REQUEST_ID.fullmatch(given) else secrets.token_hex(8)
        strict = bool(_API.fullmatch(scope["path"]))
        page = not strict and _has_page(scope)
        answer = _Answer(send, request_id=request_id, strict=strict, page=page)
        began = time.perf_counter()
        try:
            await self._pass(scope, headers, receive, answer.send, page=page)
        except Exception as error:
            if answer.started:
                raise
            await unexpected(error)(scope, receive, answer.send)
        finally:
            self._record(scope, headers, answer, time.perf_counter() - began)

    async def _pass(self, scope: Scope, headers: Headers, receive: Receive, send: Send, *, page: bool) -> None:
        state = scope.setdefault("state", {})
        refusal = self._refusal(scope, headers, state, page=page)
        if refusal is None and self._sign_in is not None and scope["path"] not in _OPEN:
            refusal = await self._sign_in.answer(scope, headers, receive, page=page)
        if refusal is not None:
            await refusal(scope, receive, send)
            return
        if scope["path"].startswith("/v1"):
            body = await self._body(receive)
            if not isinstance(body, bytes):
                await body(scope, receive, send)
                return
            if body and headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
                await problem_response(415, "Send the body as JSON, with Content-Type: application/json.")(
                    scope, receive, send
                )
                return
            receive = _Replay(body, receive)
        else:
            receive = _Counted(receive, most=self._config.upload_bytes)
        await self._app(scope, receive, send)

    def _refusal(self, scope: Scope, headers: Headers, state: dict[str, object], *, page: bool) -> Response | None:
        """The answer to a request that breaks a limit; sets the owner of every request that has one."""
        keyed = self._sign_in is not None
        owner = self._sign_in.owner(headers, _key(headers), page=page) if self._sign_in is not None else LOCAL_OWNER
        state["owner"], state["keyed"] = owner, keyed
        address = scope["client"][0] if scope.get("client") else "unknown"
        wait = self._buckets.take(f"owner {owner}" if owner and keyed else f"address {address}")
        if wait:
            self._metrics.refused.labels("rate").inc()
            return problem_response(
                429,
                f"At most {self._config.requests_per_second:g} requests a second; go on in {math.ceil(wait)} s.",
                headers={"Retry-After": str(math.ceil(wait))},
            )
        if scope["path"] in _OPEN:
            return None
        if not _host_known(headers, self._config.hosts) or not _same_origin(scope, headers):
            return problem_response(403, "The request comes from a page of another address; use this service's own.")
        most = self._config.body_bytes if scope["path"].startswith("/v1") else self._config.upload_bytes
        if _length(headers) > most:
            self._metrics.refused.labels("size").inc()
            return _too_large(most)
        return None

    async def _body(self, receive: Receive) -> bytes | Response:
        """The whole body, or the answer to one that is too large or too slow."""
        parts, size = [], 0
        try:
            async with asyncio.timeout(self._config.body_seconds):
                while True:
                    message = await receive()
                    if message["type"] == "http.disconnect":
                        return problem_response(400, "The connection ended before the body.")
                    part = message.get("body", b"")
                    size += len(part)
                    if size > self._config.body_bytes:
                        self._metrics.refused.labels("size").inc()
                        return _too_large(self._config.body_bytes)
                    parts.append(part)
                    if not message.get("more_body", False):
                        return b"".join(parts)
        except TimeoutError:
            self._metrics.refused.labels("time").inc()
            return problem_response(408, f"The body did not arrive within {self._config.body_seconds:g} seconds.")

    def _record(self, scope: Scope, headers: Headers, answer: _Answer, seconds: float) -> None:
        route = getattr(scope.get("route"), "path", None) or "other"
        method = scope["method"] if scope["method"] in {*_SAFE, "POST", "PUT", "PATCH", "DELETE"} else "other"
        self._metrics.requests.labels(method, route, str(answer.status)).inc()
        self._metrics.seconds.labels(route).observe(answer.seconds(seconds))
        fields = {
            "request": answer.request_id,
            "method": method,
            "route": route,
            "status": answer.status,
            "ms": round(seconds * 1000, 1),
            "bytes_in": _length(headers),
            "owner": scope["state"].get("owner"),
            "client": scope["client"][0] if scope.get("client") else None,
        }
        _LOG.info("request", extra=fields)


class _Answer:
    """Sends an answer with the headers that every answer has, and remembers its status."""

    def __init__(self, send: Send, *, request_id: str, strict: bool, page: bool) -> None:
        self._send = send
        self._strict = strict
        # with no-referrer a browser hides from us, too, that a form is our own
        self._referrer = "same-origin" if page else "no-referrer"
        self._began = time.perf_counter()
        self._first: float | None = None
        self.request_id = request_id
        self.status = 500

    @property
    def started(self) -> bool:
        """Whether the answer has begun."""
        return self._first is not None

    def seconds(self, otherwise: float) -> float:
        """Time to the first byte of the answer."""
        return otherwise if self._first is None else self._first

    async def send(self, message: Message) -> None:
        """Send one message of the answer."""
        if message["type"] == "http.response.start":
            self._first = time.perf_counter() - self._began
            self.status = message["status"]
            headers = MutableHeaders(scope=message)
            headers["X-Request-ID"] = self.request_id
            headers["X-Content-Type-Options"] = "nosniff"
            headers["Referrer-Policy"] = self._referrer
            headers["X-Frame-Options"] = "SAMEORIGIN"
            headers["Cross-Origin-Resource-Policy"] = "same-origin"
            if self._strict:
                headers["Cache-Control"] = "no-store"
                headers["Content-Security-Policy"] = "default-src 'none'; frame-ancestors 'none'"
        await self._send(message)


class _Replay:
    """Gives a body that was read already, then what the connection says next."""

    def __init__(self, body: bytes, receive: Receive) -> None:
        self._body: bytes | None = body
        self._receive = receive

    async def __call__(self) -> Message:
        if self._body is None:
            return await self._receive()
        body, self._body = self._body, None
        return {"type": "http.request", "body": body, "more_body": False}


class _Counted:
    """Passes a body on until it is too large."""

    def __init__(self, receive: Receive, *, most: int) -> None:
        self._receive = receive
        self._most = most
        self._size = 0

    async def __call__(self) -> Message:
        message = await self._receive()
        self._size += len(message.get("body", b""))
        if self._size > self._most:
            raise HTTPException(413, f"The body has more than {self._most:,} bytes; send less.")
        return message


def _too_large(most: int) -> Response:
    # the rest of the body is not read, so the connection cannot go on
    return problem_response(
        413, f"The body has more than {most:,} bytes; give one lesson at a time.", headers={"Connection": "close"}
    )


def _length(headers: Headers) -> int:
    given = headers.get("content-length", "")
    return int(given) if given.isascii() and given.isdigit() and len(given) < 16 else 0


def _has_page(scope: Scope) -> bool:
    app = scope.get("app")
    return bool(getattr(app.state, "page", False)) if app is not None else False


def _key(headers: Headers) -> str | None:
    """The key that a header gives: a bearer token, X-API-Key, or the password of a Basic header."""
    kind, _, value = headers.get("authorization", "").partition(" ")
    if kind.lower() == "bearer" and value:
        return value.strip()
    if kind.lower() == "basic" and value:
        try:
            return base64.b64decode(value, validate=True).decode("utf-8").partition(":")[2] or None
        except (binascii.Error, UnicodeDecodeError):
            return None
    return headers.get("x-api-key")


def _host_known(headers: Headers, hosts: frozenset[str] | None) -> bool:
    if hosts is None:
        return True
    name = re.sub(r":\d+$", "", headers.get("host", "")).strip("[]").lower()
    return name in hosts


def _same_origin(scope: Scope, headers: Headers) -> bool:
    """Whether a request that changes something was not sent by a page of another site."""
    origin = headers.get("origin")
    if scope["method"] in _SAFE or origin is None:
        return True
    return origin.partition("://")[2] == headers.get("host", "")
