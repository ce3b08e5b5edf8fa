"""A browser gets one id, and no name of an API key can be claimed with it."""

from __future__ import annotations

import re
from types import SimpleNamespace

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from demo.owners import COOKIE, OwnerCookie, key_owner, owner_of
from mtl_core.errors import InputError


def asking(cookies, **state):
    return SimpleNamespace(cookies=cookies, state=SimpleNamespace(**state))


@pytest.fixture
def app():
    made = FastAPI()
    made.add_middleware(OwnerCookie)

    @made.get("/")
    @made.get("/v1/threads")
    def answer():
        return {}

    return made


def test_the_first_page_gives_an_id_that_scripts_cannot_read(app):
    with TestClient(app) as client:
        header = client.get("/").headers["set-cookie"]
        assert re.match(rf"{COOKIE}=[0-9a-f]{{32}};", header)
        assert {"HttpOnly", "SameSite=Lax", "Path=/"} <= set(header.split("; "))
        assert "set-cookie" not in client.get("/").headers


def test_two_browsers_get_two_ids_and_the_api_none(app):
    first, second = TestClient(app), TestClient(app)
    assert "set-cookie" not in first.get("/v1/threads").headers
    first.get("/"), second.get("/")
    assert owner_of(asking(dict(first.cookies))) != owner_of(asking(dict(second.cookies)))


def test_over_https_the_cookie_never_travels_openly(app):
    assert "Secure" in TestClient(app, base_url="https://testserver").get("/").headers["set-cookie"]


@pytest.mark.parametrize("value", ["", "local", "browser:1", "A" * 32, "0" * 31, "0" * 33])
def test_a_made_up_id_is_refused_and_replaced(app, value):
    with pytest.raises(InputError, match="cookie"):
        owner_of(asking({COOKIE: value}, keyed=False, owner="local"))
    client = TestClient(app, cookies={COOKIE: value})
    assert "set-cookie" in client.get("/").headers


def test_no_key_s_owner_can_be_claimed():
    assert owner_of(asking({COOKIE: "0" * 32})) == "browser:" + "0" * 32


def test_behind_keys_the_owner_is_that_of_the_key():
    request = asking({COOKIE: "0" * 32}, keyed=True, owner="anna")
    assert owner_of(request) == key_owner(request) == "anna"
    assert key_owner(asking({}, keyed=False, owner="local")) is None
