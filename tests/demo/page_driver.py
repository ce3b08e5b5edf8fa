"""How the browser tests find, press and read the parts of the page."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Locator, Page, expect

CHROMIUM = Path("/usr/bin/chromium")
DESKTOP = {"width": 1280, "height": 900}
PHONE = {"width": 390, "height": 844}
ANSWERS = ("Use it", "Edit first", "Not now", "Not relevant")
NOT_EMPTY = re.compile(r"\S")

needs_browser = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM.exists(), reason=f"there is no Chromium at {CHROMIUM}"),
]


def plan_box(page: Page) -> Locator:
    return page.get_by_role("textbox", name="Lesson plan")


def button(page: Page, name: str) -> Locator:
    return page.get_by_role("button", name=name, exact=True)


def press(page: Page, name: str) -> None:
    button(page, name).click()


def conversation(page: Page) -> Locator:
    return page.get_by_role("log")


def type_message(page: Page, message: str) -> None:
    box = page.get_by_role("textbox", name="Message")
    box.fill(message)
    box.press("Enter")


def read_plan_in_box(page: Page) -> Page:
    """Read the plan in the box and wait for a suggestion."""
    press(page, "Read the plan")
    expect(page.locator(".ln-verdict")).to_have_count(14)
    expect(button(page, "Use it")).to_be_enabled()
    return page


def plan_as_read(page: Page) -> str:
    return page.evaluate(
        """() => {
            const shown = document.querySelector(".ln-plan").cloneNode(true);
            shown.querySelectorAll("sup").forEach(note => note.remove());
            return shown.textContent;
        }"""
    )


def serious_violations(page: Page) -> list[str]:
    found = Axe().run(page).response["violations"]
    return [f"{v['id']}: {v['nodes'][0]['html']}" for v in found if v["impact"] in ("serious", "critical")]


def overlap(one: dict[str, float], other: dict[str, float]) -> bool:
    apart = (
        one["x"] + one["width"] <= other["x"]
        or other["x"] + other["width"] <= one["x"]
        or one["y"] + one["height"] <= other["y"]
        or other["y"] + other["height"] <= one["y"]
    )
    return not apart
