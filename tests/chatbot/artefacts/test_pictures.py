from __future__ import annotations

import io
from itertools import combinations, pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from made_plans import PLANS, TEXTS, document_of
from matplotlib.text import Text
from PIL import Image

from chatbot.artefacts import Picture, PictureKind, PlanDocument, export_plan
from chatbot.artefacts.diagrams import DiagramPictures, organiser_sheet, timeline_sheet
from chatbot.artefacts.drawing import COLOURS, Sheet

STRESS = "\n".join(
    [
        "# " + "A title that goes on and on about many things at once and never really ends " * 3,
        "## Objectives",
        *(f"- Explain {'antidisestablishmentarianism ' * n}number {n}" for n in range(1, 10)),
        "## Key words",
        *(f"- word{n}: {'meaning ' * 3 * n}" for n in range(1, 12)),
        *(f"## Phase {n} {'with a long name ' * (n % 5)}({n * 3} minutes)\n\nPupils do {n}." for n in range(1, 20)),
        "## Exit ticket",
        "Why does this question go on for so long that it takes many lines to write down " * 4 + "?",
    ]
)


def check_sheet(sheet: Sheet) -> None:
    """No two texts touch, and none leaves the sheet."""
    renderer = sheet.figure.canvas.get_renderer()  # type: ignore[attr-defined]
    boxes = [text.get_window_extent(renderer) for text in sheet.figure.findobj(Text) if text.get_text().strip()]
    width, height = sheet.figure.canvas.get_width_height()
    for box in boxes:
        assert box.x0 >= -1
        assert box.y0 >= -1
        assert box.x1 <= width + 1
        assert box.y1 <= height + 1
    for first, second in combinations(boxes, 2):
        apart = (
            first.x1 <= second.x0 + 1
            or second.x1 <= first.x0 + 1
            or first.y1 <= second.y0 + 2
            or second.y1 <= first.y0 + 2
        )
        assert apart


@pytest.mark.parametrize("draw", [timeline_sheet, organiser_sheet])
@pytest.mark.parametrize("text", [*PLANS.values(), STRESS], ids=[*PLANS, "stress"])
def test_no_text_overlaps_in_whole_plans(draw, text: str) -> None:
    drawn = draw(document_of(text))
    if drawn is not None:
        check_sheet(drawn[0])


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(TEXTS)
def test_no_text_overlaps_whatever_the_plan_says(text: str) -> None:
    plan = document_of(text)
    for draw in (timeline_sheet, organiser_sheet):
        drawn = draw(plan)
        if drawn is not None:
            check_sheet(drawn[0])
            drawn[0].picture(drawn[1])


def test_pictures_are_png_with_words_for_what_they_show() -> None:
    for wanted in ("png-timeline", "png-organiser"):
        file = export_plan(document_of(PLANS["fractions"]), wanted)
        picture = Image.open(io.BytesIO(file.data))
        assert picture.format == "PNG"
        assert picture.size[0] == 1650
        assert picture.text["Description"][:20] == file.alt_text[:20]
    assert "40 minutes in all" in export_plan(document_of(PLANS["fractions"]), "png-timeline").alt_text


def test_neighbouring_bars_differ_for_every_kind_of_colour_vision() -> None:
    def lightness(colour: str) -> float:
        red, green, blue = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
        return 0.2126 * red**2.2 + 0.7152 * green**2.2 + 0.0722 * blue**2.2

    assert len(set(COLOURS)) == 7
    assert all(abs(lightness(a) - lightness(b)) > 0.03 for a, b in pairwise([*COLOURS, COLOURS[0]]))


def test_another_maker_of_pictures_can_be_plugged_in() -> None:
    made: list[PictureKind] = []

    class Counting:
        def picture(self, kind: PictureKind, plan: PlanDocument) -> Picture | None:
            made.append(kind)
            return DiagramPictures().picture(kind, plan)

    export_plan(document_of(PLANS["fractions"]), "png-organiser", pictures=Counting())
    export_plan(document_of(PLANS["fractions"]), "pptx", pictures=Counting())
    assert made == [PictureKind.ORGANISER, PictureKind.TIMELINE]
