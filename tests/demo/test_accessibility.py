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
    plan_box,
    press,
    read_plan_in_box,
    serious_violations,
)
from playwright.sync_api import expect

pytestmark = needs_browser


def test_the_page_works_by_keyboard_alone(page):
    plan_box(page).focus()
    page.keyboard.press("Tab")
    expect(button(page, "Read the plan")).to_be_focused()
    page.keyboard.press("Enter")
    expect(button(page, "Use it")).to_be_enabled()
    before = plan_box(page).input_value()
    for _ in range(40):
        if button(page, "Use it").evaluate("button => button === document.activeElement"):
            break
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator(".ln-added")).to_be_visible()
    assert plan_box(page).input_value() != before


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_every_state_is_accessible_and_fits(open_page, viewport, scheme, tmp_path):
    page = open_page(viewport, color_scheme=scheme)
    assert serious_violations(page) == []
    read_plan_in_box(page)
    page.screenshot(path=tmp_path / "read.png")
    boxes = {name: button(page, name).bounding_box() for name in (*ANSWERS, "Why this?", "Another idea", "Send")}
    assert len({(round(boxes[name]["width"]), round(boxes[name]["height"])) for name in ANSWERS}) == 1
    assert not [pair for pair in combinations(boxes, 2) if overlap(*(boxes[name] for name in pair))]
    assert serious_violations(page) == []
    press(page, "Use it")
    expect(page.locator(".ln-added")).to_be_visible()
    if button(page, "Edit first").is_enabled():
        press(page, "Edit first")
        expect(button(page, "Put my version in")).to_be_visible()
    page.locator(".ln-measure summary").first.press("Enter")
    press(page, "Read the plan")
    expect(page.get_by_role("alert").filter(has_text="has not changed")).to_be_visible()
    page.screenshot(path=tmp_path / "edited.png", full_page=True)
    assert serious_violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= viewport["width"]


def test_on_a_phone_the_answer_comes_into_view(open_page):
    page = read_plan_in_box(open_page(PHONE))
    expect(page.get_by_role("heading", name="Coach")).to_be_in_viewport()
    expect(button(page, "Use it")).to_be_in_viewport()
