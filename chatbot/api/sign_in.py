"""How a browser shows its key: a form instead of a header, and the key in a cookie that scripts cannot read."""

from __future__ import annotations

import asyncio
import re
from html import escape
from http.cookies import SimpleCookie
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

from starlette.datastructures import Headers
from starlette.requests import cookie_parser
from starlette.responses import HTMLResponse, RedirectResponse

from chatbot.api.problems import problem_response

if TYPE_CHECKING:
    from starlette.responses import Response
    from starlette.types import Receive, Scope

    from chatbot.api.keys import KeyRing

__all__ = ["COOKIE", "SIGN_IN", "SIGN_OUT", "SignIn"]

COOKIE = "lesson_nudge_key"
"""Name of the cookie that holds a browser's key."""

SIGN_IN = "/page/sign-in"
SIGN_OUT = "/page/sign-out"

_MOST_BYTES = 4_096
_THREAD = re.compile(r"thread=[A-Za-z0-9_-]{1,200}")
_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; "
    "frame-ancestors 'none'; base-uri 'none'",
}
_UNKNOWN = "This key is not known here. Copy the whole key, from ln_ to its last character."
_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Sign in · Lesson Nudge</title><style>
body {{ margin: 0; padding: 8vh 16px; background: #f3f6f5; color: #1d2b2a; font: 1rem/1.5 system-ui, sans-serif }}
main {{ max-width: 30rem; margin: 0 auto; padding: 24px; border: 1px solid #dbe2e0; border-radius: 14px;
  background: #fff }}
h1 {{ margin: 0 0 8px; color: #0f6b5f; font-size: 1.5rem }}
label {{ display: block; margin: 16px 0 4px; font-weight: 700 }}
input {{ box-sizing: border-box; width: 100%; min-height: 44px; padding: 8px 10px; border: 1px solid #52625f;
  border-radius: 8px; font: inherit }}
button {{ min-height: 44px; margin-top: 12px; padding: 8px 20px; border: 0; border-radius: 8px; background: #0f766e;
  color: #fff; font: inherit; font-weight: 700; cursor: pointer }}
:focus-visible {{ outline: 3px solid #2f5fb3; outline-offset: 2px }}
.hint {{ margin: 12px 0 0; color: #52625f; font-size: 0.9rem }}
.wrong {{ margin: 12px 0 0; padding: 8px 12px; border-radius: 8px; background: #fdeceb; color: #a02b2b }}
</style></head><body><main><h1>Lesson Nudge</h1>
<p>This page asks for a key. You get yours from whoever runs this service.</p>{wrong}
<form method="post" action="{action}">
<label for="key">Your key</label>
<input id="key" name="key" type="password" required autofocus autocomplete="current-password" spellcheck="false">
<button>Sign in</button></form>
<p class="hint">It is kept in a cookie until you sign out or close the browser.</p></main></body></html>"""


class SignIn:
    """Lets requests with a key pass, and gives browsers a way to show theirs.

    The cookie opens pages alone. The API takes a header, so no foreign page can use the cookie against it.

    Args:
        keys: The keys of the service.
        seconds: The time that the form may take to arrive.
    """

    def __init__(self, keys: KeyRing, *, seconds: float) -> None:
        self._keys = keys
        self._seconds = seconds

    def owner(self, headers: Headers, key: str | None, *, page: bool) -> str | None:
        """Whose request this is.

        Args:
            headers: Of the request.
            key: That a header gives.
            page: Whether the request is for a page, where the cookie counts too.

        Returns:
            The owner, or ``None`` where no known key came.
        """
        given = key or (cookie_parser(headers.get("cookie", "")).get(COOKIE) if page else None)
        return self._keys.owner_of(given) if given else None

    async def answer(self, scope: Scope, headers: Headers, receive: Receive, *, page: bool) -> Response | None:
        """Answer a request that signs in or out, or that came without a known key.

        Args:
            scope: Of the request; its state names the owner, if there is one.
            headers: Of the request.
            receive: Gives the body.
            page: Whether the request is for a page.

        Returns:
            The answer; ``None`` where the request may pass.
        """
        if page and scope["method"] == "POST" and scope["path"] == SIGN_IN:
            return await self._signed_in(scope, receive)
        if page and scope["method"] == "POST" and scope["path"] == SIGN_OUT:
            return _redirect(scope, "", _cookie(scope, ""))
        if scope["state"].get("owner") is not None:
            return None
        if page and scope["method"] == "GET" and "text/html" in headers.get("accept", ""):
            return _form(scope)
        detail = "This service needs an API key; send it as Authorization: Bearer KEY."
        return problem_response(401, detail, headers={"WWW-Authenticate": "Bearer"})

    async def _signed_in(self, scope: Scope, receive: Receive) -> Response:
        try:
            async with asyncio.timeout(self._seconds):
                body = await _small_body(receive)
        except TimeoutError:
            return problem_response(408, f"The form did not arrive within {self._seconds:g} seconds.")
        key = parse_qs(body.decode("utf-8", "replace")).get("key", [""])[0].strip() if body else ""
        if self._keys.owner_of(key) is None:
            return _form(scope, wrong=_UNKNOWN)
        return _redirect(scope, _thread(scope), _cookie(scope, key))


async def _small_body(receive: Receive) -> bytes:
    """The body of a form; empty where it is no such thing."""
    parts, size = [], 0
    while size <= _MOST_BYTES:
        message = await receive()
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if message["type"] == "http.disconnect":
            return b""
        if not message.get("more_body", False):
            return b"".join(parts) if size <= _MOST_BYTES else b""
    return b""


def _form(scope: Scope, *, wrong: str = "") -> Response:
    action = f"{scope.get('root_path', '')}{SIGN_IN}{_thread(scope)}"
    told = f'<p class="wrong" role="alert">{wrong}</p>' if wrong else ""
    content = _PAGE.format(action=escape(action), wrong=told)
    return HTMLResponse(content, 401, {**_HEADERS, "WWW-Authenticate": "Bearer"})


def _redirect(scope: Scope, query: str, cookie: str) -> Response:
    address = f"{scope.get('root_path', '')}/{query}"
    return RedirectResponse(address, 303, {"Set-Cookie": cookie, "Cache-Control": "no-store"})


def _thread(scope: Scope) -> str:
    """The part of a query that names a plan, so that a link to one survives signing in."""
    query = scope.get("query_string", b"").decode("latin-1")
    return f"?{query}" if _THREAD.fullmatch(query) else ""


def _cookie(scope: Scope, key: str) -> str:
    """The cookie with a key, or the one that ends it."""
    cookie: SimpleCookie = SimpleCookie()
    cookie[COOKIE] = key
    morsel = cookie[COOKIE]
    # lax and not strict: a link in a message must not ask for the key again
    morsel["path"], morsel["samesite"], morsel["httponly"] = "/", "Lax", True
    if not key:
        morsel["max-age"] = "0"
    # behind a proxy the connection itself is plain, and the browser says where its page came from
    if scope.get("scheme") == "https" or Headers(scope=scope).get("origin", "").startswith("https://"):
        morsel["secure"] = True
    return morsel.OutputString()
