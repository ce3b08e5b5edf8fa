"""The conversation in a real browser: what a teacher sees, presses and types."""

from __future__ import annotations

from page_driver import (
    ANSWERS,
    NOT_EMPTY,
    button,
    conversation,
    fill_plan,
    needs_browser,
    plan_as_read,
    plan_box,
    plan_now,
    press,
    read_plan_in_box,
    read_sample,
    turn_to,
    type_message,
)
from playwright.sync_api import expect

pytestmark = needs_browser

HOSTILE = """# Fractions <script>window.hacked = 1</script> ${window.hacked = 2} {{value}}

Objective: pupils explain <img src=x onerror="window.hacked = 3"> ![x](https://elsewhere.example/a.png)
why 1/2 > 1/3 & <b>write</b> it.

Starter (5 minutes): on whiteboards pupils recall <iframe src="https://elsewhere.example"></iframe> halves.
</textarea></mark></div>

Main part (20 minutes): the teacher works 1/2 and 1/3 on the board, thinking aloud. Pupils solve six more alone.
"""


def test_the_sample_is_read_used_and_undone(read):
    verdicts = read.locator(".ln-verdict").all_inner_texts()
    assert set(verdicts) <= {"Found", "Not sure", "Not found"}
    assert read.locator(".ln-plan mark").count() >= 1
    before = plan_now(read)
    assert plan_as_read(read) == before
    for name in (*ANSWERS, "Already there", "Why this?", "Another idea", "Pause", "Stop"):
        expect(button(read, name)).to_be_enabled()
    for name in ("Undo", "Redo"):
        expect(button(read, name)).to_be_disabled()
    press(read, "Use it")
    expect(read.locator(".ln-added")).to_be_visible()
    after = plan_now(read)
    assert len(after) > len(before)
    assert set(before.splitlines()) <= set(after.splitlines())
    assert plan_as_read(read) == after
    turn_to(read, "History")
    expect(read.locator(".ln-version")).to_have_count(2)
    expect(read.locator(".ln-diff ins")).not_to_have_count(0)
    press(read, "Undo")
    expect(plan_box(read)).to_have_value(before)
    expect(button(read, "Undo")).to_be_disabled()
    expect(read.locator(".ln-version")).to_have_count(3)
    press(read, "Redo")
    expect(plan_box(read)).to_have_value(after)
    expect(button(read, "Redo")).to_be_disabled()
    expect(button(read, "Undo")).to_be_enabled()


def test_the_suggestion_and_the_words_survive_a_reload(read):
    press(read, "Why this?")
    expect(conversation(read)).to_contain_text("template")
    waiting = read.locator(".ln-suggestion").inner_text()
    words = conversation(read).inner_text()
    before = plan_now(read)
    assert "thread=" in read.url
    read.reload()
    expect(button(read, "Use it")).to_be_enabled()
    assert read.locator(".ln-suggestion").inner_text() == waiting
    assert conversation(read).inner_text() == words
    assert plan_now(read) == before
    press(read, "Not now")
    expect(read.get_by_text(waiting)).to_have_count(0)


def test_edit_first_and_already_there(read):
    press(read, "Edit first")
    version = read.get_by_role("textbox", name="Your version")
    expect(version).to_have_value(NOT_EMPTY)
    press(read, "Cancel")
    expect(version).to_have_count(0)
    press(read, "Edit first")
    version.fill("Every pupil writes < or > on a slip and hands it in.")
    press(read, "Put my version in")
    expect(read.locator(".ln-added")).to_contain_text("hands it in.")
    assert "Every pupil writes < or > on a slip and hands it in." in plan_now(read)
    if not button(read, "Already there").is_enabled():
        press(read, "Another idea")
    expect(button(read, "Already there")).to_be_enabled()
    after = plan_now(read)
    press(read, "Already there")
    passage = read.get_by_role("textbox", name="Which passage")
    passage.fill("Pupils say what comes next and the teacher writes it down.")
    press(read, "This passage shows it")
    expect(passage).to_have_count(0)
    assert plan_now(read) == after


def test_typed_sentences_count_as_presses(read):
    before = plan_now(read)
    type_message(read, "use it")
    expect(read.locator(".ln-added")).to_be_visible()
    expect(read.get_by_role("textbox", name="Message")).to_have_value("")
    type_message(read, "undo")
    expect(plan_box(read)).to_have_value(before)


def test_pause_stop_and_forget_me(read):
    press(read, "Pause")
    expect(button(read, "Go on")).to_be_visible()
    press(read, "Go on")
    expect(button(read, "Pause")).to_be_visible()
    press(read, "Stop")
    expect(button(read, "Stop")).to_be_disabled()
    turn_to(read, "My plans")
    expect(read.locator("#plans li")).to_have_count(1)
    press(read, "Forget me")
    press(read, "Keep")
    expect(button(read, "Yes, delete")).to_have_count(0)
    press(read, "Forget me")
    press(read, "Yes, delete")
    expect(read.locator("#plans li")).to_have_count(0)
    assert plan_now(read) == ""
    assert "thread=" not in read.url


def test_an_edit_by_hand_is_never_overwritten_and_then_read(read):
    edited = plan_now(read) + "\nExit ticket (5 minutes): every pupil solves one new question alone.\n"
    fill_plan(read, edited)
    press(read, "Use it")
    expect(conversation(read)).to_contain_text("You changed the plan since I read it.")
    assert plan_now(read) == edited
    read_plan_in_box(read)
    assert plan_as_read(read) == edited


def test_before_a_plan_is_read_a_message_gets_a_polite_answer(page):
    type_message(page, "why")
    expect(conversation(page)).to_contain_text("Read a plan first")
    for name in ANSWERS:
        expect(button(page, name)).to_be_disabled()
    press(page, "Read the plan")
    expect(page.get_by_role("alert").filter(has_text="The text is empty")).to_be_visible()


def test_a_text_that_is_no_lesson_plan_gets_no_judgement(page):
    fill_plan(page, "Liebe Eltern, morgen fällt der Unterricht aus. Wir wünschen allen ein schönes langes Wochenende.")
    read_plan_in_box(page)
    expect(page.locator("#profile")).to_contain_text("No judgement")
    expect(page.locator(".ln-verdict")).to_have_count(0)
    expect(page.locator(".ln-plan mark")).to_have_count(0)


def test_a_hostile_plan_is_shown_as_text(page):
    fill_plan(page, HOSTILE)
    read_plan_in_box(page)
    assert plan_as_read(page) == HOSTILE
    type_message(page, "<img src=x onerror='window.hacked = 4'> ![y](https://elsewhere.example/b.png)")
    expect(page.get_by_role("textbox", name="Message")).to_have_value("")
    for part in ("History", "My plans", "Map"):
        turn_to(page, part)
    assert page.evaluate("window.hacked") is None
    parts = page.locator("#reading, #chat, #suggestion, #profile, #history, #plans")
    assert parts.locator("script, img, iframe, b").count() == 0


def test_another_browser_sees_nothing_of_a_thread(open_page):
    first, second = open_page(), open_page()
    read_sample(first)
    second.goto(first.url)
    expect(second.get_by_role("alert").filter(has_text="not kept here")).to_be_visible()
    assert plan_now(second) == ""
    expect(second.locator("#plans li")).to_have_count(0)
