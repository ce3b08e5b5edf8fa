"""The page by keyboard, at two widths, in light and dark, and under the rules of axe."""

from __future__ import annotations

from itertools import combinations

import pytest
from page_driver import (
    ANSWERS,
    DESKTOP,
    PHONE,
    button,
    needs_browser,
    overlap,
    press,
    read_sample,
    serious_violations,
    turn_to,
)
from playwright.sync_api import expect

pytestmark = needs_browser

PARTS = ("Plan", "What it shows", "Templates", "Map", "History", "Take away", "My plans")


def _tab_to(page, name: str, *, most: int = 60) -> None:
    for _ in range(most):
        if button(page, name).evaluate("button => button === document.activeElement"):
            return
        page.keyboard.press("Tab")
    pytest.fail(f"{name} is not reached by keyboard")


def test_the_page_works_by_keyboard_alone(page):
    _tab_to(page, "Sample plan")
    page.keyboard.press("Enter")
    expect(page.locator("#plan textarea")).not_to_have_value("")
    page.locator("#plan textarea").focus()
    _tab_to(page, "Read the plan")
    page.keyboard.press("Enter")
    expect(button(page, "Use it")).to_be_enabled()
    _tab_to(page, "Use it")
    page.keyboard.press("Enter")
    expect(page.locator(".ln-added")).to_be_visible()


@pytest.mark.parametrize(("viewport", "scheme"), [(DESKTOP, "light"), (PHONE, "dark")], ids=["desktop", "phone"])
def test_every_part_is_accessible_and_fits(open_page, viewport, scheme, tmp_path):
    page = open_page(viewport, color_scheme=scheme)
    assert serious_violations(page) == []
    read_sample(page)
    if viewport == PHONE:
        expect(page.get_by_role("heading", name="Coach")).to_be_in_viewport()
    boxes = {name: button(page, name).bounding_box() for name in (*ANSWERS, "Why this?", "Another idea", "Send")}
    assert len({(round(boxes[name]["width"]), round(boxes[name]["height"])) for name in ANSWERS}) == 1
    assert not [pair for pair in combinations(boxes, 2) if overlap(*(boxes[name] for name in pair))]
    press(page, "Edit first")
    expect(button(page, "Put my version in")).to_be_visible()
    for part in PARTS:
        turn_to(page, part)
        page.screenshot(path=tmp_path / f"{part}.png", full_page=True)
        assert (part, serious_violations(page)) == (part, [])
        assert page.evaluate("document.documentElement.scrollWidth") <= viewport["width"], part
