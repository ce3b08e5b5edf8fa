"""The whole plan as a Word file: every line, with its headings, lists and tables."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import docx
from docx.enum.text import WD_BREAK
from docx.shared import Cm, Pt

from chatbot.artefacts.archive import fix_properties, repacked
from chatbot.artefacts.blocks import LABEL_LEVEL, Block, BlockKind
from chatbot.artefacts.inline import safe_text, spans

if TYPE_CHECKING:
    from docx.document import Document
    from docx.text.paragraph import Paragraph

    from chatbot.artefacts.plan_document import PlanDocument

__all__ = ["word_file"]

_BULLETS = frozenset("-*+•◦▪●○‣→➢–✓")
_BULLET_STYLES = ("List Bullet", "List Bullet 2", "List Bullet 3", "List Bullet 3")
_INDENT = Cm(0.63)


def word_file(plan: PlanDocument) -> bytes:
    """Write the plan as .docx.

    Words, their order and the numbers of lists are those of the plan; marks of markdown become
    headings, lists, tables, bold and italic. A link stays words with its address.

    Args:
        plan: The plan.

    Returns:
        The file.
    """
    document = docx.Document()
    fix_properties(document.core_properties, title=safe_text(plan.title))
    for section in document.sections:
        section.page_width, section.page_height = Cm(21), Cm(29.7)
        section.left_margin = section.right_margin = Cm(2.2)
        section.top_margin = section.bottom_margin = Cm(2)
    styles = {style.name: style for style in document.styles}
    styles["Normal"].font.name = "Calibri"
    styles["Normal"].font.size = Pt(11)
    for block in plan.blocks:
        if block.kind is BlockKind.TABLE:
            _table(document, block, styles)
        elif block.kind is BlockKind.CODE:
            _code(document, block)
        else:
            _paragraph(document, block, styles)
    buffer = io.BytesIO()
    document.save(buffer)
    return repacked(buffer.getvalue())


def _paragraph(document: Document, block: Block, styles: dict[str, Any]) -> None:
    paragraph = document.add_paragraph()
    if block.kind is BlockKind.HEADING and block.level < LABEL_LEVEL:
        paragraph.style = styles[f"Heading {block.level}"]
    elif block.mark in _BULLETS and block.mark:
        paragraph.style = styles[_BULLET_STYLES[block.level % LABEL_LEVEL]]
    elif block.mark:
        # the plan's own number or box is kept as it is written
        paragraph.paragraph_format.left_indent = _INDENT * (block.level % LABEL_LEVEL + 1)
        paragraph.paragraph_format.first_line_indent = -_INDENT
        paragraph.add_run(f"{block.mark}\t")
    if block.kind is BlockKind.HEADING:
        paragraph.paragraph_format.keep_with_next = True
    if block.kind is BlockKind.ITEM:
        paragraph.paragraph_format.space_after = Pt(3)
    _add_spans(paragraph, block.text, bold=block.kind is BlockKind.HEADING and block.level == LABEL_LEVEL)


def _add_spans(paragraph: Paragraph, text: str, *, bold: bool = False) -> None:
    for span in spans(text):
        first = True
        for line in span.text.split("\n"):
            run = paragraph.add_run()
            if not first:
                run.add_break(WD_BREAK.LINE)
            run.add_text(line)
            first = False
            if bold or span.bold:
                run.bold = True
            if span.italic:
                run.italic = True
            if span.code:
                run.font.name = "Courier New"


def _code(document: Document, block: Block) -> None:
    paragraph = document.add_paragraph()
    paragraph.paragraph_format.left_indent = _INDENT
    for number, line in enumerate(safe_text(block.text).split("\n")):
        run = paragraph.add_run()
        if number:
            run.add_break(WD_BREAK.LINE)
        run.add_text(line)
        run.font.name = "Courier New"
        run.font.size = Pt(10)


def _table(document: Document, block: Block, styles: dict[str, Any]) -> None:
    columns = max(map(len, block.rows))
    table = document.add_table(rows=0, cols=columns)
    table.style = styles["Table Grid"]
    for number, row in enumerate(block.rows):
        cells = table.add_row().cells
        for cell, text in zip(cells, row, strict=False):
            paragraph = cell.paragraphs[0]
            paragraph.paragraph_format.space_after = Pt(2)
            _add_spans(paragraph, text, bold=number == 0 and len(block.rows) > 1)
    document.add_paragraph().paragraph_format.space_after = Pt(2)
