"""How the browser tests find, press and read the parts of the page."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Locator, Page, expect

CHROMIUM = Path("/usr/bin/chromium")
DESKTOP = {"width": 1280, "height": 900}
PHONE = {"width": 360, "height": 740}
ANSWERS = ("Use it", "Edit first", "Not now", "Not relevant")
NOT_EMPTY = re.compile(r"\S")

needs_browser = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM.exists(), reason=f"there is no Chromium at {CHROMIUM}"),
]


def plan_box(page: Page) -> Locator:
    return page.locator("#plan textarea")


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


def give_reason(page: Page, words: str) -> Locator:
    """Open the box for a reason and type into it."""
    page.get_by_role("button", name="Why not relevant?").click()
    box = page.get_by_role("textbox", name="In a few words")
    # Gradio builds the box when it is opened, and takes no notice of what a program fills in at the same moment
    box.press_sequentially(words, delay=30)
    expect(box).to_have_value(words)
    return box


def turn_to(page: Page, part: str) -> None:
    """Turn to a part of the page."""
    page.get_by_role("tab", name=part, exact=True).press("Enter")


def fill_plan(page: Page, text: str) -> None:
    turn_to(page, "Plan")
    plan_box(page).fill(text)


def read_plan_in_box(page: Page) -> Page:
    """Read the plan in the box and wait until the page has turned to what it shows."""
    turn_to(page, "Plan")
    press(page, "Read the plan")
    expect(page.locator(".ln-plan")).to_be_visible()
    return page


def read_sample(page: Page) -> Page:
    """Read the sample plan and wait for a suggestion."""
    press(page, "Sample plan")
    expect(plan_box(page)).to_have_value(NOT_EMPTY)
    read_plan_in_box(page)
    expect(page.locator(".ln-verdict")).to_have_count(14)
    expect(button(page, "Use it")).to_be_enabled()
    return page


def plan_now(page: Page) -> str:
    """Content of the plan's box, whichever part is shown."""
    return page.locator("#plan textarea").input_value()


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
