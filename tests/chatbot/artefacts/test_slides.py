from __future__ import annotations

import io
from itertools import pairwise

import pptx
import pytest
from hypothesis import HealthCheck, given, settings
from made_plans import PLANS, TEXTS, document_of
from pptx.util import Pt

from chatbot.artefacts import export_plan
from chatbot.artefacts.fonts import BOLD, REGULAR, text_width, wrapped
from chatbot.artefacts.slide_pages import MOST_LINES, MOST_SLIDES, slide_pages

INSET = 15.0


def check_slides(data: bytes) -> None:
    """Every text fits its box, measured with a face that is wider than the one on the slide."""
    presentation = pptx.Presentation(io.BytesIO(data))
    assert len(presentation.slides) <= MOST_SLIDES + 2
    for slide in presentation.slides:
        assert slide.shapes.title is not None
        boxes = sorted((s.top, s.top + s.height) for s in slide.shapes)
        assert all(first[1] <= second[0] for first, second in pairwise(boxes))
        for shape in slide.shapes:
            assert 0 <= shape.left <= shape.left + shape.width <= presentation.slide_width
            assert 0 <= shape.top <= shape.top + shape.height <= presentation.slide_height
            if shape.has_text_frame:
                check_box(shape, is_title=shape == slide.shapes.title)


def check_box(shape: pptx.shapes.base.BaseShape, *, is_title: bool) -> None:
    height, lines = 8.0, 0
    for paragraph in shape.text_frame.paragraphs:
        for run in paragraph.runs:
            size = run.font.size / Pt(1)
            indent = 0 if is_title else 30
            words = run.text.rpartition("\t")[2]
            made = wrapped(
                words, width=shape.width / Pt(1) - INSET - indent, size=size, font=BOLD if is_title else REGULAR
            )
            lines += len(made)
            height += len(made) * size * 1.2 + (0 if is_title else 5)
    assert lines <= MOST_LINES
    assert height <= shape.height / Pt(1)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(TEXTS)
def test_no_slide_of_any_text_is_too_full(text: str) -> None:
    check_slides(export_plan(document_of(text), "pptx").data)


@pytest.mark.parametrize("name", PLANS)
def test_slides_of_whole_plans_fit(name: str) -> None:
    check_slides(export_plan(document_of(PLANS[name]), "pptx").data)


def test_slides_follow_the_lesson() -> None:
    titles = [page.title for page in slide_pages(document_of(PLANS["fractions"]))]
    assert titles == [
        "Objectives",
        "You need",
        "Key words",
        "Starter (5 min)",
        "Modelling (15 min)",
        "Practice (20 min)",
        "Exit question",
    ]


def test_the_time_line_has_words_for_those_who_do_not_see_it() -> None:
    presentation = pptx.Presentation(io.BytesIO(export_plan(document_of(PLANS["fractions"]), "pptx").data))
    pictures = [shape for shape in presentation.slides[1].shapes if not shape.has_text_frame]
    description = pictures[0]._element.nvPicPr.cNvPr.get("descr")
    assert "Starter, 5 minutes; Modelling, 15 minutes; Practice, 20 minutes" in description


@given(TEXTS)
@settings(max_examples=60, deadline=None)
def test_lines_are_never_wider_than_their_width_and_lose_no_letter(text: str) -> None:
    for width, size in ((90.0, 20.0), (400.0, 11.0)):
        lines = wrapped(text, width=width, size=size)
        assert all(text_width(line, size=size) <= width + 1e-6 for line in lines if len(line) > 1)
        assert "".join("".join(lines).split()) == "".join(text.split())
