"""The page of a service that asks for keys: a person signs in, sees what the key opens, and signs out."""

from __future__ import annotations

import json
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from page_driver import (
    NOT_EMPTY,
    button,
    give_reason,
    needs_browser,
    plan_box,
    press,
    read_sample,
    serious_violations,
    turn_to,
)
from playwright.sync_api import Browser, BrowserContext, Page, expect

from chatbot.api.keys import KeyRing

pytestmark = needs_browser


@dataclass(frozen=True)
class Served:
    address: str
    keys: dict[str, str]
    database: Path


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A service with the keys of two owners, started as its operator would."""
    folder = tmp_path_factory.mktemp("keyed")
    ring, keys = KeyRing(), {}
    for owner in ("anna", "ben"):
        ring, keys[owner] = ring.add(owner)
    ring.save(folder / "keys.json")
    database = folder / "log.sqlite3"
    command = [
        str(Path(sys.executable).with_name("lesson-nudge")),
        "serve",
        "--port=0",
        f"--keys={folder / 'keys.json'}",
        f"--db=sqlite:///{database}",
    ]
    errors = folder / "stderr.txt"
    with errors.open("w") as stderr, subprocess.Popen(command, stderr=stderr) as server:
        yield Served(_address(errors, server), keys, database)
        server.send_signal(signal.SIGTERM)
        server.wait(timeout=60)
    log = errors.read_text()
    assert not any(key in log for key in keys.values())


def _address(errors: Path, server: subprocess.Popen[bytes]) -> str:
    """Where the service runs, once it says so."""
    while server.poll() is None:
        for line in errors.read_text().splitlines():
            event = json.loads(line)["event"] if line.startswith("{") and line.endswith("}") else ""
            if "running on" in event:
                return event.split("running on ")[1].split()[0] + "/"
    raise AssertionError(errors.read_text())


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    made = browser.new_context()
    made.set_default_timeout(60_000)
    yield made
    made.close()


def sign_in(page: Page, address: str, key: str) -> Page:
    page.goto(address)
    page.get_by_label("Your key").fill(key)
    press(page, "Sign in")
    return page


def test_a_person_without_a_key_is_told_what_to_do(served: Served, context: BrowserContext, tmp_path: Path) -> None:
    page = context.new_page()
    assert page.goto(served.address).status == 401
    expect(page.get_by_text("This page asks for a key.")).to_be_visible()
    page.screenshot(path=tmp_path / "sign-in.png")
    assert serious_violations(page) == []
    sign_in(page, served.address, "ln_made-up")
    expect(page.get_by_role("alert")).to_contain_text("not known here")
    assert context.cookies() == []
    assert page.request.get(f"{served.address}v1/threads").status == 401


def test_whoever_signs_in_sees_what_the_key_opens_until_signing_out(served: Served, context: BrowserContext) -> None:
    wrong: list[str] = []
    page = sign_in(context.new_page(), served.address, served.keys["anna"])
    page.on("console", lambda m: wrong.append(m.text) if m.type == "error" else None)
    expect(page.locator("body[data-ready]")).to_have_count(1)
    expect(page.get_by_text("Plans are kept for anna")).to_be_visible()
    read_sample(page)
    give_reason(page, "We have no whiteboards.")
    press(page, "Not relevant")
    expect(page.get_by_role("log")).to_contain_text("for this plan")
    assert "We have no whiteboards." in _reasons(served.database)
    (cookie,) = context.cookies()
    assert (cookie["httpOnly"], cookie["sameSite"]) == (True, "Lax")
    with_key = {"Authorization": f"Bearer {served.keys['anna']}"}
    (thread,) = page.request.get(f"{served.address}v1/threads", headers=with_key).json()
    assert thread["id"] in page.url
    assert page.request.get(f"{served.address}page/files/{thread['id']}/md").ok
    # the cookie opens the page alone: no other page can use it against the API
    assert page.request.get(f"{served.address}v1/threads").status == 401
    assert wrong == []
    link = page.url
    press(page, "Sign out")
    expect(page.get_by_label("Your key")).to_be_visible()
    assert context.cookies() == []
    sign_in(page, link, served.keys["anna"])
    expect(button(page, "Undo")).to_be_visible()
    expect(plan_box(page)).to_have_value(NOT_EMPTY)


def test_another_key_opens_nothing_of_it(served: Served, browser: Browser, context: BrowserContext) -> None:
    page = sign_in(context.new_page(), served.address, served.keys["anna"])
    expect(page.locator("body[data-ready]")).to_have_count(1)
    read_sample(page)
    link = page.url
    press(page, "Sign out")
    sign_in(page, link, served.keys["ben"])
    expect(page.get_by_role("alert").filter(has_text="not kept here")).to_be_visible()
    turn_to(page, "My plans")
    expect(page.locator("#plans li")).to_have_count(0)


def _reasons(database: Path) -> list[str]:
    with sqlite3.connect(database) as connection:
        rows = [json.loads(content) for (content,) in connection.execute("select event from coach_events")]
    connection.close()
    return [row["reason"] for row in rows if row["kind"] == "decided"]
