"""The plan as slides (.pptx)."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

from pptx import Presentation
from pptx.dml.color import RGBColor
from pptx.enum.text import PP_ALIGN
from pptx.oxml.ns import qn
from pptx.util import Inches, Pt

from chatbot.artefacts.archive import fix_properties, repacked
from chatbot.artefacts.fonts import BOLD, fitted
from chatbot.artefacts.inline import safe_text
from chatbot.artefacts.pictures import PictureKind
from chatbot.artefacts.slide_pages import SlideLine, SlidePage, slide_pages

if TYPE_CHECKING:
    from pptx.slide import Slide

    from chatbot.artefacts.pictures import PictureProvider
    from chatbot.artefacts.plan_document import PlanDocument

__all__ = ["slide_file"]

_WIDTH, _HEIGHT = Inches(13.333), Inches(7.5)
_MARGIN = Inches(0.75)
_BODY_TOP, _BODY_HEIGHT = Inches(1.55), Inches(5.5)
_TITLE_LAYOUT, _BODY_LAYOUT, _TITLE_ONLY_LAYOUT = 0, 1, 5
# narrower than the face that lines are measured with, and on every computer
_FONT = "Arial"
_DARK = "1A1A1A"
_BLUE = "005A8C"
_TITLE_SIZES = (30.0, 26.0, 24.0, 22.0, 20.0)
_INDENT = Pt(30)


def slide_file(plan: PlanDocument, *, pictures: PictureProvider) -> bytes:
    """Write the plan as slides, at most twelve rendered lines on each.

    Args:
        plan: The plan.
        pictures: Makes the time line that the second slide shows, where the plan gives minutes.

    Returns:
        The .pptx file.
    """
    presentation = Presentation()
    presentation.slide_width, presentation.slide_height = _WIDTH, _HEIGHT
    fix_properties(presentation.core_properties, title=safe_text(plan.title))
    _first(presentation, plan)
    timeline = pictures.picture(PictureKind.TIMELINE, plan)
    if timeline is not None:
        slide = presentation.slides.add_slide(presentation.slide_layouts[_TITLE_ONLY_LAYOUT])
        _title(slide, "Time line")
        room_width, room_height = _WIDTH - 2 * _MARGIN, _BODY_HEIGHT
        scale = min(room_width / timeline.width, room_height / timeline.height)
        width, height = int(timeline.width * scale), int(timeline.height * scale)
        left = int((_WIDTH - width) / 2)
        shown = slide.shapes.add_picture(io.BytesIO(timeline.data), left, _BODY_TOP, width, height)
        properties = shown._element.nvPicPr.cNvPr  # noqa: SLF001 - the library has no setter for a description
        properties.set("descr", safe_text(timeline.alt_text))
    for page in slide_pages(plan):
        _page(presentation, page)
    buffer = io.BytesIO()
    presentation.save(buffer)
    return repacked(buffer.getvalue())


def _first(presentation: Any, plan: PlanDocument) -> None:
    slide = presentation.slides.add_slide(presentation.slide_layouts[_TITLE_LAYOUT])
    title, subtitle = slide.shapes.title, slide.placeholders[1]
    _place(title, top=Inches(2.2), height=Inches(2))
    _write_title(title, safe_text(plan.title), sizes=(44.0, 40.0, 36.0, 32.0, 28.0, 24.0), height=Inches(2))
    facts = [plan.facts.grade_phrase, (plan.facts.subject or "").replace("_", " ")]
    words = " · ".join(fact for fact in facts if fact)
    if not words:
        subtitle._element.getparent().remove(subtitle._element)  # noqa: SLF001 - the library cannot delete a shape
        return
    _place(subtitle, top=Inches(4.4), height=Inches(1))
    subtitle.text_frame.paragraphs[0].alignment = PP_ALIGN.LEFT
    _run(subtitle.text_frame.paragraphs[0], safe_text(words[:1].upper() + words[1:]), size=24)


def _page(presentation: Any, page: SlidePage) -> None:
    slide = presentation.slides.add_slide(presentation.slide_layouts[_BODY_LAYOUT])
    _title(slide, page.title)
    body = slide.placeholders[1]
    _place(body, top=_BODY_TOP, height=_BODY_HEIGHT)
    frame = body.text_frame
    frame.word_wrap = True
    for number, line in enumerate(page.lines):
        paragraph = frame.paragraphs[0] if number == 0 else frame.add_paragraph()
        _bullet(paragraph, line)
        paragraph.space_before = Pt(0)
        paragraph.space_after = Pt(5)
        paragraph.line_spacing = 1.0
        _run(paragraph, f"{line.mark}\t{line.text}" if line.mark else line.text, size=page.size, bold=line.bold)
    if page.notes:
        slide.notes_slide.notes_text_frame.text = page.notes


def _title(slide: Slide, words: str) -> None:
    title = slide.shapes.title
    if title is not None:
        _place(title, top=Inches(0.4), height=Inches(1))
        _write_title(title, words, sizes=_TITLE_SIZES, height=Inches(1))


def _place(shape: Any, *, top: int, height: int) -> None:
    shape.left, shape.top, shape.width, shape.height = _MARGIN, top, _WIDTH - 2 * _MARGIN, height


def _write_title(shape: Any, words: str, *, sizes: tuple[float, ...], height: int) -> None:
    frame = shape.text_frame
    frame.word_wrap = True
    width = (_WIDTH - 2 * _MARGIN) / Pt(1) - 20
    size, lines = fitted(words, width=width, height=height / Pt(1) - 8, sizes=sizes, font=BOLD)
    frame.paragraphs[0].alignment = PP_ALIGN.LEFT
    _run(frame.paragraphs[0], " ".join(lines), size=size, bold=True, colour=_BLUE)


def _bullet(paragraph: Any, line: SlideLine) -> None:
    properties = paragraph._p.get_or_add_pPr()  # noqa: SLF001 - the library has no setter for bullets
    properties.set("marL", str(_INDENT))
    properties.set("indent", str(-_INDENT if line.bullet or line.mark else 0))
    if not line.bullet:
        properties.append(properties.makeelement(qn("a:buNone"), {}))


def _run(paragraph: Any, words: str, *, size: float, bold: bool = False, colour: str = _DARK) -> None:
    run = paragraph.add_run()
    run.text = words.replace("\n", " ")
    run.font.size = Pt(size)
    run.font.name = _FONT
    run.font.bold = bold
    run.font.color.rgb = RGBColor.from_string(colour)  # type: ignore[no-untyped-call] # the library's own gap
