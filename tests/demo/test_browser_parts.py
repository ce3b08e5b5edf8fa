"""Files, templates, map and take-away in a real browser."""

from __future__ import annotations

import io
import zipfile

from docx import Document
from page_driver import button, needs_browser, plan_box, plan_now, press, turn_to
from playwright.sync_api import expect

pytestmark = needs_browser


def test_a_word_file_is_read(page, tmp_path):
    document = Document()
    document.add_heading("Rivers", 1)
    document.add_paragraph("Pupils label the source, the mouth and a meander on a map.")
    document.add_paragraph("Main (20 minutes): the teacher labels the Thames. Pupils label the Severn alone.")
    file = tmp_path / "rivers.docx"
    document.save(str(file))
    page.locator("input[type=file]").set_input_files(file)
    expect(page.locator(".ln-plan")).to_be_visible()
    assert "a meander on a map." in plan_now(page)


def test_undo_of_an_uploaded_text_is_exact(page, tmp_path):
    file = tmp_path / "rivers.md"
    file.write_bytes(
        b"# Rivers\r\n\r\nPupils label the source, the mouth and a meander on a map.\r\n\r\n"
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


def test_a_file_that_is_not_what_it_says_is_one_sentence(page, tmp_path):
    file = tmp_path / "plan.pdf"
    file.write_bytes(b"%PDF-1.7 nothing")
    page.locator("input[type=file]").set_input_files(file)
    expect(page.get_by_role("alert").filter(has_text="plan.pdf")).to_be_visible()
    assert plan_now(page) == ""


def test_templates_are_found_under_filters(page):
    turn_to(page, "Templates")
    page.get_by_label("What are you looking for?").fill("exit ticket")
    press(page, "Search")
    expect(page.locator("#found .ln-template").first).to_be_visible()
    everything = page.locator("#found .ln-title").all_inner_texts()
    page.get_by_label("Measure").click()
    page.get_by_role("option", name="Misconceptions").click()
    press(page, "Search")
    expect(page.locator("#found .ln-title").first).not_to_have_text(everything[0])
    shown = page.locator("#found .ln-template")
    assert shown.count() == shown.filter(has_text="Misconceptions").count()
    shown.first.locator("summary").press("Enter")
    expect(shown.first.locator(".ln-detail")).to_be_visible()


def test_the_plan_lies_on_the_map_with_its_neighbours_in_words(read):
    turn_to(read, "Map")
    expect(read.get_by_role("img", name="Your plan on the map")).to_be_visible()
    expect(read.locator("#neighbours .ln-template")).to_have_count(8)


def test_every_file_can_be_taken_away_by_its_owner_alone(read, open_page):
    turn_to(read, "Take away")
    with read.expect_download() as download:
        read.get_by_role("link", name="Plan for Word").click()
    content = download.value.path().read_bytes()
    assert "word/document.xml" in zipfile.ZipFile(io.BytesIO(content)).namelist()
    links = [link.get_attribute("href") for link in read.locator("#downloads a").all()]
    answers = {link: read.request.get(f"{read.url.split('?')[0]}{link.lstrip('/')}") for link in links}
    assert {link.rsplit("/", 1)[1]: answer.status for link, answer in answers.items() if not answer.ok} == {}
    stranger = open_page()
    assert stranger.request.get(f"{stranger.url}{links[0].lstrip('/')}").status == 404
