"""Signing in with a browser: the form, the cookie, and what it does not open."""

from __future__ import annotations

from pathlib import Path

import pytest
from starlette.testclient import TestClient

from chatbot.api import ServerConfig, create_app
from chatbot.api.keys import KeyRing
from chatbot.api.sign_in import COOKIE, SIGN_IN, SIGN_OUT
from chatbot.service import CoachService

HTML = {"Accept": "text/html,*/*"}


@pytest.fixture
def key(tmp_path: Path) -> str:
    ring, key = KeyRing().add("anna")
    ring.save(tmp_path / "keys.json")
    return key


@pytest.fixture
def client(service: CoachService, tmp_path: Path, key: str) -> TestClient:
    app = create_app(service, ServerConfig(keys=tmp_path / "keys.json", workers=1))
    app.state.page = True

    @app.get("/", include_in_schema=False)
    def page() -> str:
        return "the page"

    return TestClient(app, follow_redirects=False)


def test_a_browser_is_asked_for_a_key_and_a_program_is_told(client: TestClient) -> None:
    asked = client.get("/", headers=HTML)
    assert (asked.status_code, asked.headers["content-type"]) == (401, "text/html; charset=utf-8")
    assert "default-src 'none'" in asked.headers["content-security-policy"]
    assert asked.headers["www-authenticate"] == "Bearer"
    for path in ("/", "/v1/threads"):
        told = client.get(path, headers=HTML if path != "/" else {})
        assert (told.status_code, told.headers["content-type"]) == (401, "application/problem+json")


def test_a_key_becomes_a_cookie_that_opens_the_page_alone(client: TestClient, key: str) -> None:
    answer = client.post(f"{SIGN_IN}?thread=abc-1", data={"key": f" {key} "})
    assert (answer.status_code, answer.headers["location"]) == (303, "/?thread=abc-1")
    assert {"HttpOnly", "SameSite=lax", "Path=/"} <= {
        part.replace("Lax", "lax") for part in answer.headers["set-cookie"].split("; ")
    }
    assert "Secure" not in answer.headers["set-cookie"]
    assert client.get("/", headers=HTML).text == '"the page"'
    assert client.get("/v1/threads").status_code == client.get("/metrics").status_code == 401
    out = client.post(SIGN_OUT)
    assert (out.status_code, out.headers["location"]) == (303, "/")
    assert client.get("/", headers=HTML).status_code == 401


@pytest.mark.parametrize("body", [b"", b"key=", b"key=ln_made-up", b"\xff", b"key=" + b"x" * 5_000, b"other=1"])
def test_what_is_no_key_signs_nobody_in(client: TestClient, body: bytes) -> None:
    answer = client.post(SIGN_IN, content=body, headers={"Content-Type": "application/x-www-form-urlencoded"})
    assert answer.status_code == 401
    assert "not known here" in answer.text
    assert "set-cookie" not in answer.headers


def test_a_foreign_page_signs_nobody_in_or_out(client: TestClient, key: str) -> None:
    foreign = {"Origin": "http://evil.example"}
    assert client.post(SIGN_IN, data={"key": key}, headers=foreign).status_code == 403
    assert client.post(SIGN_OUT, headers=foreign).status_code == 403


@pytest.mark.parametrize("query", ["thread=a%22b", "thread=//evil", "next=//evil.example", "thread=a&x=1"])
def test_only_a_plan_survives_in_the_address(client: TestClient, key: str, query: str) -> None:
    assert client.post(f"{SIGN_IN}?{query}", data={"key": key}).headers["location"] == "/"
    assert "evil" not in client.get(f"/?{query}", headers=HTML).text


def test_over_https_the_cookie_never_travels_openly(client: TestClient, key: str) -> None:
    client.base_url = client.base_url.copy_with(scheme="https")
    assert "Secure" in client.post(SIGN_IN, data={"key": key}).headers["set-cookie"]


def test_behind_a_proxy_with_tls_the_cookie_never_travels_openly(client: TestClient, key: str) -> None:
    page = {"Origin": "https://testserver"}
    assert "Secure" in client.post(SIGN_IN, data={"key": key}, headers=page).headers["set-cookie"]


def test_without_a_page_there_is_nothing_to_sign_in_to(service: CoachService, tmp_path: Path, key: str) -> None:
    client = TestClient(create_app(service, ServerConfig(keys=tmp_path / "keys.json", workers=1)))
    assert client.get("/", headers=HTML).headers["content-type"] == "application/problem+json"
    assert client.post(SIGN_IN, data={"key": key}).status_code == 401
    assert client.get("/nothing", headers={"Cookie": f"{COOKIE}={key}"}).status_code == 401
