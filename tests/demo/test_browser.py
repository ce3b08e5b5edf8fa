"""The page in a real browser: what a teacher sees, presses and types."""

from __future__ import annotations

from page_driver import (
    ANSWERS,
    NOT_EMPTY,
    button,
    conversation,
    needs_browser,
    plan_as_read,
    plan_box,
    press,
    read_plan_in_box,
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


def test_the_sample_is_read_with_a_profile_marks_and_a_suggestion(read):
    verdicts = read.locator(".ln-verdict").all_inner_texts()
    assert set(verdicts) <= {"Found", "Not sure", "Not found"}
    assert "Found" in verdicts
    assert read.locator(".ln-plan mark").count() >= 1
    assert plan_as_read(read) == plan_box(read).input_value()
    assert read.locator(".ln-suggestion").inner_text().strip()
    for name in (*ANSWERS, "Why this?", "Another idea"):
        expect(button(read, name)).to_be_enabled()
    expect(button(read, "Undo")).to_be_disabled()


def test_the_definition_of_a_measure_opens_on_demand(read):
    row = read.locator(".ln-measure").first
    expect(row.locator(".ln-detail")).to_be_hidden()
    row.locator("summary").press("Enter")
    expect(row.locator(".ln-detail")).to_be_visible()


def test_use_it_changes_the_plan_and_undo_brings_it_back(read):
    before = plan_box(read).input_value()
    press(read, "Use it")
    added = read.locator(".ln-added")
    expect(added).to_be_visible()
    after = plan_box(read).input_value()
    assert len(after) > len(before)
    assert set(before.splitlines()) <= set(after.splitlines())
    assert plan_as_read(read) == after
    press(read, "Undo")
    expect(plan_box(read)).to_have_value(before)
    expect(added).to_have_count(0)
    expect(button(read, "Use it")).to_be_disabled()
    expect(button(read, "Undo")).to_be_disabled()


def test_edit_first_puts_the_teacher_s_version_in(read):
    before = plan_box(read).input_value()
    press(read, "Edit first")
    version = read.get_by_role("textbox", name="Your version")
    expect(version).to_be_focused()
    expect(version).to_have_value(NOT_EMPTY)
    press(read, "Cancel")
    expect(version).to_have_count(0)
    press(read, "Edit first")
    version.fill("Every pupil writes < or > on a slip and hands it in.")
    press(read, "Put my version in")
    expect(read.locator(".ln-added")).to_contain_text("hands it in.")
    assert "Every pupil writes < or > on a slip and hands it in." in plan_box(read).input_value()
    assert plan_box(read).input_value() != before
    expect(version).to_have_count(0)


def test_dismissing_and_asking_leave_the_plan_alone(read):
    before = plan_box(read).input_value()
    press(read, "Why this?")
    expect(conversation(read)).to_contain_text("The suggestion is the template")
    press(read, "Not now")
    expect(conversation(read)).to_contain_text("Kept for later.")
    press(read, "Another idea")
    expect(conversation(read).get_by_text("Another idea", exact=True)).to_be_visible()
    if button(read, "Not relevant").is_enabled():
        press(read, "Not relevant")
        expect(conversation(read)).to_contain_text("I will not raise it again for this plan.")
    assert plan_box(read).input_value() == before


def test_hasty_presses_answer_one_suggestion_only(read):
    read.evaluate(
        """() => {
            const all = [...document.querySelectorAll("button")];
            const named = name => all.find(button => button.textContent.trim() === name);
            for (const name of ["Not now", "Not now", "Not relevant"]) named(name).click();
        }"""
    )
    expect(conversation(read)).to_contain_text("That suggestion no longer waits for an answer.")
    expect(conversation(read)).to_contain_text("Kept for later.")
    assert conversation(read).get_by_text("Kept for later.").count() == 1
    expect(conversation(read)).not_to_contain_text("I will not raise it again")


def test_a_typed_message_searches_and_a_typed_answer_counts(read):
    before = plan_box(read).input_value()
    type_message(read, "exit ticket for fractions")
    expect(conversation(read)).to_contain_text("From the templates:")
    expect(read.get_by_role("textbox", name="Message")).to_have_value("")
    type_message(read, "use it")
    expect(read.locator(".ln-added")).to_be_visible()
    assert plan_box(read).input_value() != before
    type_message(read, "undo")
    expect(plan_box(read)).to_have_value(before)


def test_before_a_plan_is_read_a_message_gets_a_polite_answer(page):
    type_message(page, "why")
    expect(conversation(page)).to_contain_text("Read a plan first")
    for name in ANSWERS:
        expect(button(page, name)).to_be_disabled()


def test_an_edit_by_hand_is_never_overwritten_and_then_read(read):
    edited = plan_box(read).input_value() + "\nExit ticket (5 minutes): every pupil solves one new question alone.\n"
    plan_box(read).fill(edited)
    press(read, "Use it")
    expect(conversation(read)).to_contain_text("You changed the plan since I read it.")
    assert plan_box(read).input_value() == edited
    press(read, "Read the plan")
    expect(conversation(read)).to_contain_text("I have read your version.")
    assert plan_as_read(read) == edited
    press(read, "Start over")
    expect(conversation(read)).not_to_contain_text("I have read your version.")
    assert plan_box(read).input_value() == edited


def test_an_uploaded_file_is_read_and_undo_is_exact(page, tmp_path):
    file = tmp_path / "rivers.md"
    file.write_bytes(
        b"# Rivers\r\n\r\nPupils label the source, the mouth and a meander on a map.\r\n\r\n"
        b"Starter (5 minutes): pupils recall three landforms from last week on whiteboards.\r\n\r\n"
        b"Main (20 minutes): the teacher labels the Thames on the board. Pupils label the Severn alone.\r\n"
    )
    text = file.read_text(encoding="utf-8")
    page.locator("input[type=file]").set_input_files(file)
    expect(plan_box(page)).to_have_value(text)
    expect(button(page, "Use it")).to_be_enabled()
    press(page, "Use it")
    expect(page.locator(".ln-added")).to_be_visible()
    press(page, "Undo")
    expect(plan_box(page)).to_have_value(text)


def test_a_file_that_is_no_text_is_one_sentence(page, tmp_path):
    before = plan_box(page).input_value()
    file = tmp_path / "plan.pdf"
    file.write_bytes(b"%PDF-1.7 nothing")
    page.locator("input[type=file]").set_input_files(file)
    expect(page.get_by_role("alert").filter(has_text="plan.pdf is a PDF")).to_be_visible()
    assert plan_box(page).input_value() == before


def test_an_empty_plan_is_one_sentence(page):
    plan_box(page).fill(" ")
    press(page, "Read the plan")
    expect(page.get_by_role("alert").filter(has_text="The text is empty")).to_be_visible()


def test_a_text_that_is_no_lesson_plan_gets_no_judgement(page):
    plan_box(page).fill(
        "Liebe Eltern, morgen fällt der Unterricht aus. Wir wünschen allen ein schönes langes Wochenende."
    )
    press(page, "Read the plan")
    expect(conversation(page)).to_contain_text("I make no judgement")
    expect(page.locator(".ln-verdict")).to_have_count(0)
    expect(page.locator(".ln-plan mark")).to_have_count(0)


def test_a_hostile_plan_is_shown_as_text(page):
    plan_box(page).fill(HOSTILE)
    press(page, "Read the plan")
    expect(page.locator(".ln-plan")).to_be_visible()
    assert plan_as_read(page) == HOSTILE
    if button(page, "Use it").is_enabled():
        press(page, "Use it")
        expect(page.locator(".ln-added")).to_be_visible()
    type_message(page, "<img src=x onerror='window.hacked = 4'> ![y](https://elsewhere.example/b.png)")
    expect(conversation(page)).to_contain_text("<img src=x onerror='window.hacked = 4'> ![y]")
    assert page.evaluate("window.hacked") is None
    assert page.locator("#reading, #chat, #suggestion, #profile").locator("script, img, iframe, b").count() == 0


def test_two_tabs_do_not_share_a_conversation(open_page):
    first, second = open_page(), open_page()
    read_plan_in_box(first)
    press(first, "Use it")
    expect(first.locator(".ln-added")).to_be_visible()
    read_plan_in_box(second)
    expect(second.locator(".ln-added")).to_have_count(0)
    expect(button(second, "Undo")).to_be_disabled()
    assert plan_box(first).input_value() != plan_box(second).input_value()
