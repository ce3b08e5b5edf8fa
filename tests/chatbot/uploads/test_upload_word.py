from __future__ import annotations

from typing import TYPE_CHECKING, Any

import docx
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls
from made_files import word_bytes

from chatbot.uploads.word import word_text

if TYPE_CHECKING:
    from docx.document import Document

W = nsdecls("w")


def append(document: Any, xml: str) -> None:
    document.element.body.insert(0, parse_xml(xml))


def test_headings_stand_below_the_title_and_letters_are_kept(word_plan: Document) -> None:
    text = word_text(word_bytes(word_plan))
    assert text == "# Water moves around\n\n## Objectives\n\nPupils explain évaporation – in ½ a page.\n"


def test_lists_keep_marks_numbers_and_depth() -> None:
    document = docx.Document()
    for text in ("sun", "sea"):
        document.add_paragraph(text, style="List Bullet")
    for text in ("heat", "cool"):
        document.add_paragraph(text, style="List Number")
    assert word_text(word_bytes(document)) == "- sun\n- sea\n1. heat\n2. cool\n"


def test_tables_become_rows_and_a_form_becomes_headed_text() -> None:
    document = docx.Document()
    table = document.add_table(rows=3, cols=3)
    for row, cells in enumerate([("Time", "Teacher", "Pupils"), ("5 min", "Shows a | b", "Predict"), ("", "", "")]):
        for column, text in enumerate(cells):
            table.cell(row, column).text = text
    document.add_paragraph("Between.")
    form = document.add_table(rows=2, cols=2)
    form.cell(0, 0).text = "Objectives"
    cell = form.cell(0, 1)
    cell.text = "Explain rain"
    cell.add_paragraph("Label clouds")
    cell.add_paragraph("Draw a river")
    form.cell(1, 0).merge(form.cell(1, 1)).text = "A sentence over both columns."
    assert word_text(word_bytes(document)) == (
        "| Time | Teacher | Pupils |\n| --- | --- | --- |\n| 5 min | Shows a / b | Predict |\n\nBetween.\n\n"
        "**Objectives**\n\nExplain rain\n\nLabel clouds\n\nDraw a river\n\nA sentence over both columns.\n"
    )


def test_a_cell_merged_over_rows_is_read_once() -> None:
    document = docx.Document()
    table = document.add_table(rows=2, cols=2)
    table.cell(0, 0).merge(table.cell(1, 0)).text = "Starter"
    table.cell(0, 1).text = "ask"
    table.cell(1, 1).text = "answer"
    text = word_text(word_bytes(document))
    assert text.count("Starter") == 1
    assert text.index("ask") < text.index("answer")


def test_insertions_are_read_deletions_and_hidden_text_are_not() -> None:
    document = docx.Document()
    append(
        document,
        f"<w:p {W}><w:r><w:t>kept </w:t></w:r><w:ins><w:r><w:t>added</w:t></w:r></w:ins>"
        "<w:del><w:r><w:delText>gone</w:delText></w:r></w:del>"
        "<w:r><w:rPr><w:vanish/></w:rPr><w:t>secret</w:t></w:r><w:r><w:tab/><w:t>end</w:t></w:r></w:p>",
    )
    assert word_text(word_bytes(document)) == "kept added end\n"


def test_content_controls_and_text_boxes_are_read_once() -> None:
    document = docx.Document()
    inner = "<w:p><w:r><w:t>in a box</w:t></w:r></w:p>"
    append(
        document,
        f'<w:p {W} xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006"><w:r><w:t>before</w:t></w:r>'
        f"<w:r><mc:AlternateContent><mc:Choice><w:txbxContent>{inner}</w:txbxContent></mc:Choice>"
        f"<mc:Fallback><w:pict><w:txbxContent>{inner}</w:txbxContent></w:pict></mc:Fallback></mc:AlternateContent></w:r></w:p>",
    )
    append(document, f"<w:sdt {W}><w:sdtContent><w:p><w:r><w:t>controlled</w:t></w:r></w:p></w:sdtContent></w:sdt>")
    assert word_text(word_bytes(document)) == "controlled\n\nbefore\n\nin a box\n"


def test_a_bold_line_heads_what_follows() -> None:
    document = docx.Document()
    document.add_paragraph().add_run("Main activity (30 minutes)").bold = True
    paragraph = document.add_paragraph()
    paragraph.add_run("Partly").bold = True
    paragraph.add_run(" bold")
    assert word_text(word_bytes(document)) == "**Main activity (30 minutes)**\n\nPartly bold\n"
