"""The scripted coach and the page itself, served as a user starts it."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from page_driver import CHROMIUM, DESKTOP, read_sample
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright
from scripted_coach import PLAN, ScriptedCoach, analyse

from mtl_core.reading import Analysis

ROOT = Path(__file__).parents[2]


@pytest.fixture
def plan() -> str:
    return PLAN


@pytest.fixture
def reading() -> Callable[..., Analysis]:
    return analyse


@pytest.fixture
def coach() -> ScriptedCoach:
    return ScriptedCoach()


def _heed_interrupts() -> None:
    """A shell that runs the tests in the background has interrupts ignored, and children inherit that."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@pytest.fixture(scope="session")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where the page is served by ``python -m demo``; it must print its address alone and end in order."""
    errors = tmp_path_factory.mktemp("demo") / "stderr.txt"
    command = [sys.executable, "-m", "demo", "--no-open", "--no-keep", "--port", "0"]
    with (
        errors.open("w", encoding="utf-8") as stderr,
        subprocess.Popen(
            command,
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
            preexec_fn=_heed_interrupts,
        ) as server,
    ):
        assert server.stdout is not None
        line = server.stdout.readline()
        assert line.startswith("http://127.0.0.1:"), errors.read_text(encoding="utf-8")
        yield line.strip()
        server.send_signal(signal.SIGINT)
        watchdog = threading.Timer(30, server.kill)
        watchdog.start()
        rest = server.stdout.read()
        assert server.wait() == 0
        watchdog.cancel()
    assert rest == ""
    assert errors.read_text(encoding="utf-8") == ""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    expect.set_options(timeout=60_000)
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=str(CHROMIUM))
        yield started
        started.close()


@pytest.fixture
def open_page(browser: Browser, address: str) -> Iterator[Callable[..., Page]]:
    """Opens tabs, and fails the test for a request to another origin or an error in a console."""
    contexts: list[BrowserContext] = []
    wrong: list[str] = []

    def opened(viewport: dict[str, int] = DESKTOP, **options: str) -> Page:
        contexts.append(browser.new_context(viewport=viewport, **options))
        page = contexts[-1].new_page()
        page.set_default_timeout(60_000)
        page.on("request", lambda r: None if r.url.startswith((address, "data:", "blob:")) else wrong.append(r.url))
        page.on("console", lambda m: wrong.append(m.text) if m.type == "error" else None)
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.goto(address)
        # a press before the first answer of the server may be lost
        expect(page.locator("body[data-ready]")).to_have_count(1)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert wrong == []


@pytest.fixture
def page(open_page: Callable[..., Page]) -> Page:
    return open_page()


@pytest.fixture
def read(page: Page) -> Page:
    return read_sample(page)
