"""Sheets for pupils as PDF, set in DejaVu so that accents, dashes, fractions, Greek and Cyrillic show."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from typing import Any
from xml.sax.saxutils import escape

from reportlab.lib.colors import HexColor
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Flowable, Frame, Paragraph

from chatbot.artefacts.fonts import BOLD, REGULAR, drawable, font_file
from chatbot.artefacts.inline import safe_text

__all__ = ["MARGIN", "PAGE", "WritingLines", "fits", "heading", "one_page", "words"]

PAGE = A4
"""Width and height of the sheet in points."""

MARGIN = 42.0
"""White border of the sheet in points."""

# the library keeps its fonts in one table for the whole process
_DRAWING = threading.Lock()
_GREY = HexColor("#8A9097")
_QUIET = HexColor("#5A6067")
_BLUE = HexColor("#005A8C")


class WritingLines(Flowable):  # type: ignore[misc] # the library has no types
    """Empty lines to write on.

    Args:
        count: How many.
        step: Distance between them in points.
    """

    def __init__(self, count: int, *, step: float = 22.0) -> None:
        super().__init__()
        self._count, self._step = count, step
        self._width = 0.0

    def wrap(self, width: float, height: float) -> tuple[float, float]:  # noqa: ARG002 - the library's signature
        """Size of the lines in a column of this width."""
        self._width = width
        return width, self._count * self._step

    def draw(self) -> None:
        """Draw them."""
        self.canv.setStrokeColor(_GREY)
        self.canv.setLineWidth(0.6)
        for number in range(self._count):
            self.canv.line(0, number * self._step + 4, self._width, number * self._step + 4)


def heading(text: str, *, size: float) -> Paragraph:
    """A heading.

    Args:
        text: Its words.
        size: Size in points.
    """
    _register()
    style = ParagraphStyle(
        "heading",
        fontName=BOLD,
        fontSize=size,
        leading=size * 1.25,
        spaceBefore=size * 0.6,
        spaceAfter=2,
        textColor=_BLUE,
    )
    return Paragraph(_markup(text), style)


def words(text: str, *, size: float, bullet: str = "", term: str = "", grey: bool = False) -> Paragraph:
    """A paragraph or list item.

    Args:
        text: Its words.
        size: Size in points.
        bullet: The mark before it, empty for none.
        term: Bold words in front.
        grey: Whether it is a remark.
    """
    _register()
    indent = size * 1.5 if bullet else 0
    style = ParagraphStyle(
        "words",
        fontName=REGULAR,
        fontSize=size,
        leading=size * 1.3,
        leftIndent=indent,
        bulletFontName=REGULAR,
        bulletFontSize=size,
        spaceAfter=size * 0.2,
        textColor=_QUIET if grey else HexColor("#1A1A1A"),
        splitLongWords=1,
    )
    front = f'<font name="{BOLD}">{_markup(term)}</font> ' if term else ""
    return Paragraph(front + _markup(text), style, bulletText=drawable(bullet) if bullet else None)


def fits(story: Sequence[Any]) -> bool:
    """Whether a story fits one page.

    Args:
        story: Paragraphs and lines.
    """
    with _DRAWING:
        left = list(story)
        _frame().addFromList(left, Canvas(io.BytesIO(), pagesize=PAGE))
        return not left


def one_page(story: Iterable[Any], *, title: str, draw: Callable[[Canvas], None] | None = None) -> bytes:
    """Write a story on one page.

    Args:
        story: Paragraphs and lines, which fit.
        title: Title of the document.
        draw: Draws besides the story, such as a line to cut along.

    Returns:
        The PDF, the same bytes for the same story.

    Raises:
        ValueError: If the story does not fit.
    """
    with _DRAWING:
        buffer = io.BytesIO()
        canvas = Canvas(buffer, pagesize=PAGE, invariant=1, lang="en")
        canvas.setTitle(drawable(safe_text(title)))
        canvas.setAuthor("Lesson Nudge")
        canvas.setSubject("Sheet for pupils")
        left = list(story)
        _frame().addFromList(left, canvas)
        if left:
            raise ValueError(f"{len(left)} parts do not fit the page.")
        if draw is not None:
            draw(canvas)
        canvas.showPage()
        canvas.save()
        return buffer.getvalue()


def _frame() -> Frame:
    width, height = PAGE
    return Frame(
        MARGIN,
        MARGIN,
        width - 2 * MARGIN,
        height - 2 * MARGIN,
        leftPadding=0,
        rightPadding=0,
        topPadding=0,
        bottomPadding=0,
    )


@cache
def _register() -> None:
    for name in (REGULAR, BOLD):
        pdfmetrics.registerFont(TTFont(name, str(font_file(name))))
    pdfmetrics.registerFontFamily(REGULAR, normal=REGULAR, bold=BOLD, italic=REGULAR, boldItalic=BOLD)


def _markup(text: str) -> str:
    """Words that the library reads as words and never as its markup."""
    return escape(drawable(" ".join(safe_text(text).split())))
