"""A page that is left and opened again, slow answers, and what the small parts say; in a real browser."""

from __future__ import annotations

import re

import pytest
from page_driver import (
    NOT_EMPTY,
    button,
    conversation,
    give_reason,
    needs_browser,
    plan_box,
    plan_now,
    press,
    read_plan_in_box,
    turn_to,
    type_message,
)
from playwright.sync_api import Page, Route, expect

pytestmark = needs_browser


@pytest.fixture
def held(browser, address):
    """A page whose first question to the server waits until it is let go, with the question."""
    context = browser.new_context()
    page, waiting = context.new_page(), []

    def hold(route: Route) -> None:
        waiting.append(route)
        if len(waiting) > 1:
            route.continue_()

    page.set_default_timeout(60_000)
    page.route("**/run/predict*", hold)

    def opened(url: str = address) -> tuple[Page, list[Route]]:
        waiting.clear()
        page.goto(url)
        while not waiting:
            page.wait_for_timeout(20)
        return page, waiting

    yield opened
    context.close()


def test_a_press_before_the_first_answer_counts(held):
    page, waiting = held()
    press(page, "Sample plan")
    expect(plan_box(page)).to_have_value(NOT_EMPTY)
    read_plan_in_box(page)
    expect(button(page, "Use it")).to_be_enabled()
    with page.expect_response("**/run/predict*"):
        waiting[0].continue_()
    type_message(page, "why")
    expect(conversation(page)).to_contain_text("template")
    expect(page.locator(".ln-plan")).to_have_count(1)
    assert "thread=" in page.url


def test_until_a_kept_plan_is_there_nothing_can_be_pressed(held):
    page, waiting = held()
    waiting[0].continue_()
    expect(page.locator("body[data-ready=yes]")).to_be_attached()
    press(page, "Sample plan")
    expect(plan_box(page)).to_have_value(NOT_EMPTY)
    read_plan_in_box(page)
    expect(button(page, "Use it")).to_be_enabled()
    page, waiting = held(page.url)
    expect(page.locator("#columns[inert]")).to_have_count(1)
    waiting[0].continue_()
    expect(button(page, "Use it")).to_be_enabled()
    expect(page.locator("#columns[inert]")).to_have_count(0)


def test_what_was_added_is_marked_after_a_reload_and_a_question(read):
    press(read, "Use it")
    expect(read.locator(".ln-added")).to_be_visible()
    added = read.locator(".ln-added").all_text_contents()
    press(read, "Why this?")
    expect(conversation(read)).to_contain_text("Sentences considered")
    expect(read.locator(".ln-added")).to_have_count(len(added))
    read.reload()
    expect(button(read, "Undo")).to_be_enabled()
    turn_to(read, "What it shows")
    assert read.locator(".ln-added").all_text_contents() == added
    press(read, "Undo")
    expect(read.locator(".ln-added")).to_have_count(0)


def test_not_relevant_may_be_given_a_reason_and_takes_one_press(read):
    before = plan_now(read)
    waiting = read.locator(".ln-suggestion").inner_text()
    reason = give_reason(read, "We have no whiteboards.")
    press(read, "Not relevant")
    expect(read.get_by_text(waiting)).to_have_count(0)
    expect(reason).to_have_count(0)
    press(read, "Not relevant")
    expect(conversation(read)).to_contain_text(re.compile("for this plan.*for this plan", re.DOTALL))
    assert plan_now(read) == before


def test_the_history_shows_no_sign_without_words(read, tmp_path):
    press(read, "Use it")
    expect(read.locator(".ln-added")).to_be_visible()
    turn_to(read, "History")
    changes = read.locator(".ln-diff ins, .ln-diff del")
    expect(changes).not_to_have_count(0)
    read.screenshot(path=tmp_path / "history.png")
    assert all(re.search(r"\w", words.split(":", 1)[1]) for words in changes.all_text_contents())
