"""The text of a Word file: paragraphs, lists, tables and text boxes in reading order."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import docx
from docx.oxml.ns import qn

from chatbot.uploads.pieces import Piece, PieceKind, is_short_title, plan_text, table_pieces
from chatbot.uploads.word_archive import check_archive
from chatbot.uploads.word_styles import TITLE_LEVEL, Numbering, Styles

if TYPE_CHECKING:
    from lxml.etree import _Element

__all__ = ["word_text"]

_MC = "{http://schemas.openxmlformats.org/markup-compatibility/2006}"
_P, _TBL, _TR, _TC, _TEXT_BOX = qn("w:p"), qn("w:tbl"), qn("w:tr"), qn("w:tc"), qn("w:txbxContent")
_LEFT_OUT = {qn("w:del"), qn("w:moveFrom"), qn("w:pPr"), qn("w:rPr"), qn("w:txbxContent"), f"{_MC}Fallback"}
_LEFT_OUT |= {qn("w:sdtPr"), qn("w:rt"), qn("w:instrText"), qn("w:delText"), qn("w:pict")}
_CHARACTERS = {qn("w:tab"): " ", qn("w:br"): "\n", qn("w:cr"): "\n", qn("w:noBreakHyphen"): "-", qn("w:softHyphen"): ""}
_TEXTS = {qn("w:t"), qn("m:t")}
_BARE_MARK = re.compile(r"(?P<mark>[•◦▪●○■□➢✓–-])[ \t]+(?=\S)")


def word_text(data: bytes) -> str:
    """Read a Word file.

    Tracked insertions are read and deletions are not; hidden text, headers, footers and notes are
    left out.

    Args:
        data: The .docx file.

    Returns:
        The text of the plan.

    Raises:
        InputError: If the archive is refused, see ``check_archive``.
    """
    check_archive(data)
    document = docx.Document(io.BytesIO(data))
    reader = _Reader(Styles.of(document.styles.element), Numbering.of(document.part))
    return plan_text(_under_title(list(reader.blocks(document.element.body))))


def _under_title(pieces: list[Piece]) -> list[Piece]:
    """A title stands above all headings, so that they go one level down."""
    if not any(piece.kind is PieceKind.HEADING and piece.level == TITLE_LEVEL for piece in pieces):
        return pieces
    return [replace(piece, level=piece.level + 1) if piece.kind is PieceKind.HEADING else piece for piece in pieces]


class _Reader:
    def __init__(self, styles: Styles, numbering: Numbering) -> None:
        self._styles = styles
        self._numbering = numbering

    def blocks(self, parent: Any) -> Iterator[Piece]:
        for child in parent:
            if child.tag == _P:
                yield from self._paragraph(child)
            elif child.tag == _TBL:
                yield from table_pieces([list(self._cells(row)) for row in _children(child, _TR)])
            elif isinstance(child.tag, str) and child.tag not in _LEFT_OUT:
                # content controls, insertions and custom XML only wrap blocks
                yield from self.blocks(child)

    def _cells(self, row: _Element) -> Iterator[list[Piece]]:
        for cell in _children(row, _TC):
            merge = cell.find(f"{qn('w:tcPr')}/{qn('w:vMerge')}")
            goes_on = merge is not None and merge.get(qn("w:val"), "continue") == "continue"
            yield [] if goes_on else list(self.blocks(cell))

    def _paragraph(self, paragraph: _Element) -> Iterator[Piece]:
        text = "".join(_text(paragraph)).strip()
        if text:
            yield self._piece(paragraph, text)
        for box in _text_boxes(paragraph):
            yield from self.blocks(box)

    def _piece(self, paragraph: _Element, text: str) -> Piece:
        style = self._styles.of_paragraph(paragraph)
        if style.heading is not None:
            return Piece(PieceKind.HEADING, text, style.heading)
        mark = self._numbering.mark(style.number, style.level) if style.number else None
        if mark:
            return Piece(PieceKind.ITEM, text, style.level, mark)
        if bare := _BARE_MARK.match(text):
            return Piece(PieceKind.ITEM, text[bare.end() :])
        if is_short_title(text) and _is_bold(paragraph):
            return Piece(PieceKind.TITLE, text)
        return Piece(PieceKind.TEXT, text)


def _children(parent: _Element, tag: str) -> Iterator[_Element]:
    """Children of a tag, those inside content controls and insertions included."""
    for child in parent:
        if child.tag == tag:
            yield child
        elif child.tag in (qn("w:sdt"), qn("w:sdtContent"), qn("w:ins"), qn("w:customXml")):
            yield from _children(child, tag)


def _text(element: Any) -> Iterator[str]:
    for child in element:
        if child.tag in _LEFT_OUT or (child.tag == qn("w:r") and _is_hidden(child)):
            continue
        if child.tag in _TEXTS:
            yield child.text or ""
        elif child.tag in _CHARACTERS:
            yield _CHARACTERS[child.tag]
        else:
            yield from _text(child)


def _text_boxes(paragraph: _Element) -> Iterator[_Element]:
    for box in paragraph.iter(_TEXT_BOX):
        above = [ancestor.tag for ancestor in box.iterancestors()]
        inside = above[: above.index(_P)] if _P in above else above
        # a box is written twice, for new and for old programs
        if f"{_MC}Fallback" not in inside and _nearest(box, paragraph):
            yield box


def _nearest(box: _Element, paragraph: _Element) -> bool:
    return next((a for a in box.iterancestors() if a.tag == _P), None) is paragraph


def _is_on(run: _Element, name: str) -> bool:
    mark = run.find(f"{qn('w:rPr')}/{qn(name)}")
    return mark is not None and mark.get(qn("w:val"), "true") not in ("0", "false", "none")


def _is_hidden(run: _Element) -> bool:
    return _is_on(run, "w:vanish")


def _is_bold(paragraph: _Element) -> bool:
    runs = [run for run in paragraph.iter(qn("w:r")) if "".join(_text(run)).strip()]
    return bool(runs) and all(_is_on(run, "w:b") for run in runs)
