"""Who sits at a browser: the owner of its key, else a random id in a cookie that no script of the page can read."""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from http.cookies import SimpleCookie
from typing import TYPE_CHECKING, Any

from mtl_core.errors import InputError

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

__all__ = ["COOKIE", "OwnerCookie", "key_owner", "owner_of"]

COOKIE = "lesson_nudge_browser"
"""Name of the cookie."""

_ID = re.compile(r"[0-9a-f]{32}")
_YEAR = 365 * 24 * 3600


def key_owner(request: Any) -> str | None:
    """The owner of the key that a request came with.

    Args:
        request: Of Starlette or Gradio, behind the gate.

    Returns:
        The owner; ``None`` where the service asks for no keys.
    """
    state = request.state
    return str(state.owner) if getattr(state, "keyed", False) else None


def owner_of(request: Any) -> str:
    """The owner of the threads that a browser sees.

    Args:
        request: Of Starlette or Gradio, behind the gate.

    Returns:
        The owner of its key. Without keys a name that no key can have, since it starts with ``browser:``.

    Raises:
        InputError: If the browser sent neither.
    """
    return key_owner(request) or _browser(request.cookies)


def _browser(cookies: Mapping[str, str]) -> str:
    value = cookies.get(COOKIE, "")
    if not _ID.fullmatch(value):
        raise InputError("The browser keeps no cookie of this page; allow cookies for it, then load the page again.")
    return f"browser:{value}"


class OwnerCookie:
    """Gives a browser its id with the first page, where the service asks for no keys.

    Args:
        app: What lies behind.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on; the answer to the first one for the page carries the cookie.

        Args:
            scope: Of the connection.
            receive: Gives the body.
            send: Takes the answer.
        """
        if scope["type"] != "http" or scope["method"] != "GET" or scope["path"] not in ("", "/") or _known(scope):
            await self._app(scope, receive, send)
            return
        header = _cookie(secure=scope.get("scheme") == "https")

        async def with_cookie(message: Message) -> None:
            if message["type"] == "http.response.start" and not scope.get("state", {}).get("keyed"):
                message["headers"] = [*message.get("headers", []), (b"set-cookie", header)]
            await send(message)

        await self._app(scope, receive, with_cookie)


def _known(scope: Scope) -> bool:
    sent = "; ".join(value.decode("latin-1") for name, value in scope["headers"] if name == b"cookie")
    return any(name == COOKIE and _ID.fullmatch(value) for name, value in _pairs(sent))


def _pairs(header: str) -> list[tuple[str, str]]:
    return [(name.strip(), value.strip()) for name, _, value in (part.partition("=") for part in header.split(";"))]


def _cookie(*, secure: bool) -> bytes:
    cookie: SimpleCookie = SimpleCookie()
    cookie[COOKIE] = secrets.token_hex(16)
    morsel = cookie[COOKIE]
    # lax and not strict: a link in a message must not make the browser look like a new one
    morsel["path"], morsel["samesite"], morsel["max-age"] = "/", "Lax", str(_YEAR)
    morsel["httponly"] = True
    if secure:
        morsel["secure"] = True
    return morsel.OutputString().encode("latin-1")
