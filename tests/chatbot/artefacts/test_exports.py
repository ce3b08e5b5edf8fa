from __future__ import annotations

import io
import re
import zipfile
from types import SimpleNamespace

import docx
import pptx
import pytest
from docx.oxml.ns import qn
from hypothesis import HealthCheck, example, given, settings
from made_plans import FRACTIONS, LONG, PLANS, TEXTS, document_of, reading_of

from chatbot.artefacts import FORMATS, ExportedFile, PlanDocument, export_plan, plan_document
from mtl_core.errors import InputError

SLOW = settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def exported(plan: PlanDocument, wanted: str) -> ExportedFile | None:
    """The file, or nothing where the plan holds nothing for it; then the reason is one sentence."""
    try:
        return export_plan(plan, wanted)  # type: ignore[arg-type]
    except InputError as error:
        reason = str(error)
    assert wanted in ("png-timeline", "png-organiser", "exit-ticket")
    assert "\n" not in reason
    return None


def words(text: str) -> list[str]:
    return re.findall(r"[^\W_]+", text)


def word_file_text(data: bytes) -> str:
    document = docx.Document(io.BytesIO(data))
    marks = {qn("w:p"): "\n", qn("w:br"): " ", qn("w:tab"): " "}
    pieces = [marks.get(e.tag, e.text) for e in document.element.body.iter(qn("w:t"), *marks)]
    return "".join(piece or "" for piece in pieces)


def slide_texts(data: bytes) -> str:
    presentation = pptx.Presentation(io.BytesIO(data))
    return "\n".join(s.text_frame.text for slide in presentation.slides for s in slide.shapes if s.has_text_frame)


@SLOW
@given(TEXTS)
def test_any_text_exports_in_every_format(text: str) -> None:
    plan = document_of(text)
    for wanted in FORMATS:
        file = exported(plan, wanted)
        if file is not None:
            assert file.data or (wanted == "md" and not text)
            assert re.fullmatch(r"[a-z0-9-]+\.(?:docx|md|pptx|pdf|png)", file.name)


@SLOW
@given(TEXTS)
def test_markdown_is_byte_exact(text: str) -> None:
    assert export_plan(document_of(text), "md").data == text.encode()


@SLOW
@given(TEXTS)
@example("```\n```0")
@example("~~~\ncode\n~~~ no end\n")
def test_the_word_file_holds_every_line_in_order(text: str) -> None:
    # letter by letter: where marks go, as in `a`b, two words become one
    found = "".join(words(word_file_text(export_plan(document_of(text), "docx").data)))
    at = 0
    for line in text.splitlines():
        wanted = "".join(words(re.sub(r"<br ?/?>|\[[xX]\]", " ", line, flags=re.IGNORECASE)))
        place = found.find(wanted, at)
        assert place >= 0, line
        at = place + len(wanted)


@pytest.mark.parametrize("name", PLANS)
@pytest.mark.parametrize("wanted", FORMATS)
def test_the_same_plan_gives_the_same_bytes(name: str, wanted: str) -> None:
    first, second = (exported(document_of(PLANS[name]), wanted) for _ in range(2))
    assert first == second


def test_headings_lists_tables_and_faces_stay_in_the_word_file() -> None:
    document = docx.Document(io.BytesIO(export_plan(document_of(FRACTIONS), "docx").data))
    styles = {paragraph.text: paragraph.style.name for paragraph in document.paragraphs}
    assert styles["Adding fractions with unlike denominators"] == "Heading 1"
    assert styles["Materials"] == "Heading 2"
    assert styles["Fraction strips"] == "List Bullet"
    assert "2.\tEach pupil solves two alone." in styles
    assert [[cell.text for cell in row.cells] for row in document.tables[0].rows] == [
        ["Level", "Task"],
        ["support", "½ + ¼"],
        ["stretch", "⅔ + ⅗"],
    ]
    italic = [run.text for paragraph in document.paragraphs for run in paragraph.runs if run.italic]
    assert italic == ["unlike"]


def test_a_wrapped_paragraph_is_one_paragraph() -> None:
    document = docx.Document(io.BytesIO(export_plan(document_of(PLANS["history"]), "docx").data))
    texts = [paragraph.text for paragraph in document.paragraphs]
    assert any("tells a partner why" in text and "price of the bridge." in text for text in texts)
    assert "Grade: 8" in texts


def test_hostile_text_is_text_and_nothing_else() -> None:
    text = (
        "# Plan <script>alert(1)</script>\n\n## Objectives\n\n- =cmd|' /C calc'!A0\n- [click](javascript:alert(1))\n"
        "- costs $5 or $x^2$ \x00\x1b\n\n## Starter (5 minutes)\n\n"
        + "long " * 4_000
        + "\n\n## End (5 minutes)\n\n"
        + "x" * 20_000
        + "\n"
    )
    plan = document_of(text)
    assert export_plan(plan, "md").data == text.encode()
    word = export_plan(plan, "docx").data
    assert "javascript:alert(1)" in word_file_text(word)
    for data in (word, export_plan(plan, "pptx").data):
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            links = b"".join(archive.read(name) for name in archive.namelist() if name.endswith(".rels"))
        assert b"javascript" not in links
        assert b'TargetMode="External"' not in links
    assert "alert(1)" in slide_texts(export_plan(plan, "pptx").data)
    assert b"/JavaScript" not in export_plan(plan, "pdf").data
    assert export_plan(plan, "png-timeline").alt_text.startswith("Time line of Plan <script>")


def test_a_turn_is_exported_with_a_title_of_its_own() -> None:
    turn = SimpleNamespace(text=FRACTIONS, analysis=reading_of(FRACTIONS))
    file = export_plan(turn, "pptx", title="Fractions **on** Monday")
    assert file.name == "fractions-on-monday-slides.pptx"
    assert slide_texts(file.data).startswith("Fractions on Monday")


def test_an_unknown_format_and_a_plan_without_content_are_refused() -> None:
    with pytest.raises(InputError, match="is no format; give one of docx, md"):
        export_plan(document_of(FRACTIONS), "exe")  # type: ignore[arg-type]
    empty = document_of("Pupils do things.")
    for wanted, said in (
        ("png-timeline", "minutes"),
        ("png-organiser", "objectives"),
        ("exit-ticket", "exit question"),
    ):
        with pytest.raises(InputError, match=said):
            export_plan(empty, wanted)  # type: ignore[arg-type]


def test_half_a_character_and_a_foreign_reading_are_refused() -> None:
    with pytest.raises(InputError, match="half of a character"):
        document_of("Pupils \ud800 draw.")
    with pytest.raises(InputError, match="another version"):
        plan_document("x" + FRACTIONS, reading_of(FRACTIONS))


def test_a_long_plan_stays_quick_to_use() -> None:
    presentation = pptx.Presentation(io.BytesIO(export_plan(document_of(LONG), "pptx").data))
    assert len(presentation.slides) <= 42
    notes = [slide.notes_slide.notes_text_frame.text for slide in presentation.slides if slide.has_notes_slide]
    assert any("beaker 30 " in note for note in notes)
    assert "More in the notes." in slide_texts(export_plan(document_of(LONG), "pptx").data)
