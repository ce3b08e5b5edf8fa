"""Files made for these tests: Word, PDF and archives of every bad kind."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from typing import TYPE_CHECKING

from reportlab.lib.pagesizes import A4
from reportlab.pdfgen.canvas import Canvas

if TYPE_CHECKING:
    from docx.document import Document


def word_bytes(document: Document) -> bytes:
    buffer = io.BytesIO()
    document.save(buffer)
    return buffer.getvalue()


def changed_archive(data: bytes, **parts: bytes) -> bytes:
    """The archive with parts added or replaced; ``__`` in a name stands for a slash, ``_DOT_`` for a dot."""
    named = {name.replace("__", "/").replace("_DOT_", "."): content for name, content in parts.items()}
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as new:
        for entry in old.infolist():
            if entry.filename not in named:
                new.writestr(entry, old.read(entry))
        for name, content in named.items():
            new.writestr(name, content)
    return buffer.getvalue()


def pdf_bytes(draw: Callable[[Canvas, int], None], *, pages: int = 1) -> bytes:
    buffer = io.BytesIO()
    canvas = Canvas(buffer, pagesize=A4, invariant=1)
    for page in range(pages):
        draw(canvas, page)
        canvas.showPage()
    canvas.save()
    return buffer.getvalue()


def write_lines(canvas: Canvas, lines: list[str], *, top: float = 700, x: float = 60, font: str = "Helvetica") -> None:
    canvas.setFont(font, 11)
    for number, line in enumerate(lines):
        canvas.drawString(x, top - 14 * number, line)
