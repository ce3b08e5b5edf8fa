"""The pictures that come with the program: a time line and a graphic organiser, of the plan's own words alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from chatbot.artefacts.drawing import COLOURS, Sheet
from chatbot.artefacts.fonts import BOLD, fitted
from chatbot.artefacts.inline import shortened
from chatbot.artefacts.pictures import Picture, PictureKind

if TYPE_CHECKING:
    from chatbot.artefacts.plan_document import PlanDocument

__all__ = ["DiagramPictures", "organiser_sheet", "timeline_sheet"]

_MARGIN = 30.0
_WIDTH = 792.0
_MOST_PHASES = 14
_MOST_BOXES = 6
_PALE = "#F4F7FA"
_TICKS = (1, 2, 5, 10, 15, 20, 30, 60, 120, 240, 480)


class DiagramPictures:
    """Draws diagrams; the same plan gives the same bytes."""

    def picture(self, kind: PictureKind, plan: PlanDocument) -> Picture | None:
        """Draw one picture.

        Args:
            kind: Which one.
            plan: The plan.

        Returns:
            The picture; ``None`` where the plan gives fewer than two phases with minutes for a time
            line, or neither objectives, key words nor phases for an organiser.
        """
        drawn = timeline_sheet(plan) if kind is PictureKind.TIMELINE else organiser_sheet(plan)
        return drawn[0].picture(drawn[1]) if drawn else None


def timeline_sheet(plan: PlanDocument) -> tuple[Sheet, str] | None:
    """Draw the phases one under another, each as long as it lasts.

    Args:
        plan: The plan.

    Returns:
        The sheet and its description, or ``None`` where there are fewer than two phases.
    """
    phases = plan.timings[:_MOST_PHASES]
    if len(phases) < 2:
        return None
    left_out = len(plan.timings) - len(phases)
    total = sum(phase.minutes for phase in phases)
    row, head, foot = 34.0, 70.0, 56.0 + (18.0 if left_out else 0.0)
    sheet = Sheet(width=_WIDTH, height=head + row * len(phases) + foot)
    sheet.text(plan.title, _MARGIN, 20, _WIDTH - 2 * _MARGIN, 40, sizes=(18, 16, 14), bold=True)
    names, left = 270.0, _MARGIN + 282.0
    scale = (_WIDTH - _MARGIN - 60 - left) / total
    bottom = head + row * len(phases)
    step = next(tick for tick in _TICKS if total / tick <= 9 or tick == _TICKS[-1])
    for minute in range(0, total + 1, step):
        x = left + minute * scale
        sheet.line(x, head - 4, x, bottom + 4, colour="#C8CDD2", width=0.7, behind=True)
        sheet.text(str(minute), x - 20, bottom + 8, 40, 14, sizes=(10,), centred=True)
    sheet.text("minutes", left, bottom + 24, 200, 14, sizes=(10,))
    start = 0
    for number, phase in enumerate(phases):
        y = head + number * row
        sheet.text(phase.label, _MARGIN, y, names, row - 2, sizes=(12, 11, 10), middle=True)
        x, width = left + start * scale, phase.minutes * scale
        sheet.bar(x, y + 5, width, row - 12, fill=COLOURS[number % len(COLOURS)])
        # words beside the bar are read on white, whatever the colour of the bar
        beside = x + width + 5
        sheet.text(f"{phase.minutes} min", beside, y, _WIDTH - beside - 4, row - 2, sizes=(11,), middle=True, bold=True)
        start += phase.minutes
    if left_out:
        words = f"and {left_out} more in the plan"
        sheet.text(words, _MARGIN, bottom + 42, _WIDTH - 2 * _MARGIN, 16, sizes=(11,))
    listed = "; ".join(f"{phase.label}, {phase.minutes} minutes" for phase in phases)
    more = f"; and {left_out} more in the plan" if left_out else ""
    return sheet, shortened(f"Time line of {plan.title}: {listed}{more}. {total} minutes in all.", characters=1_000)


def organiser_sheet(plan: PlanDocument) -> tuple[Sheet, str] | None:
    """Draw objectives, key words and phases in columns under the title, and the exit question with lines to write on.

    Args:
        plan: The plan.

    Returns:
        The sheet and its description, or ``None`` where the plan has none of the three.
    """
    words = [f"{word.term}: {word.meaning}" if word.meaning else f"{word.term}:" for word in plan.key_words]
    steps = [f"{a.title} ({a.minutes} min)" if a.minutes else a.title for a in plan.activities if a.title]
    columns = [
        (name, texts)
        for name, texts in (
            ("Objectives", [passage.text for passage in plan.objectives]),
            ("Key words", words),
            ("Steps", steps or [timing.label for timing in plan.timings]),
        )
        if texts
    ]
    if not columns:
        return None
    question = plan.exit_question.text if plan.exit_question else ""
    height = 560.0 if question else 470.0
    sheet = Sheet(width=_WIDTH, height=height)
    sheet.box(_MARGIN, 22, _WIDTH - 2 * _MARGIN, 52, fill=COLOURS[0])
    sheet.text(
        plan.title,
        _MARGIN + 12,
        24,
        _WIDTH - 2 * _MARGIN - 24,
        48,
        sizes=(20, 18, 16, 14),
        bold=True,
        centred=True,
        middle=True,
        colour="white",
    )
    gap = 16.0
    width = (_WIDTH - 2 * _MARGIN - gap * (len(columns) - 1)) / len(columns)
    for number, (name, texts) in enumerate(columns):
        x = _MARGIN + number * (width + gap)
        sheet.line(x + width / 2, 74, x + width / 2, 92, width=1.4)
        _column(sheet, name, texts, x=x, width=width, arrows=name == "Steps")
    if question:
        _question(sheet, question, y=452)
    described = "; ".join(f"{name}: {', '.join(texts[:_MOST_BOXES])}" for name, texts in columns)
    asked = f" Exit question: {question}" if question else ""
    return sheet, shortened(f"Graphic organiser of {plan.title}. {described}.{asked}", characters=1_500)


def _column(sheet: Sheet, name: str, texts: Sequence[str], *, x: float, width: float, arrows: bool) -> None:
    sheet.text(name, x, 96, width, 18, sizes=(13,), bold=True, centred=True)
    shown = texts[:_MOST_BOXES]
    left_out = len(texts) - len(shown)
    top, bottom, gap = 120.0, 432.0 - (18.0 if left_out else 0.0), 12.0
    room = (bottom - top - gap * (len(shown) - 1)) / len(shown)
    room = min(room, 96.0)
    sizes = (13, 12, 11, 10, 9, 8)
    # one size for the whole column reads better than one for each box
    size = min(fitted(text, width=width - 20, height=room - 10, sizes=sizes, font=BOLD)[0] for text in shown)
    for number, text in enumerate(shown):
        y = top + number * (room + gap)
        sheet.box(x, y, width, room, fill=_PALE)
        below = sheet.text(
            text,
            x + 10,
            y + 5,
            width - 20,
            room - 10,
            sizes=tuple(s for s in sizes if s <= size),
            middle=not text.endswith(":"),
        )
        if text.endswith(":"):
            for line in range(int(below + 20), int(y + room - 4), 18):
                sheet.line(x + 12, line, x + width - 12, line, colour="#8A9097", width=0.8)
        if arrows and number < len(shown) - 1:
            sheet.arrow_down(x + width / 2, y + room + 2, 8)
    if left_out:
        sheet.text(f"and {left_out} more in the plan", x, 418, width, 16, sizes=(10,), centred=True)


def _question(sheet: Sheet, question: str, *, y: float) -> None:
    sheet.box(_MARGIN, y, _WIDTH - 2 * _MARGIN, 88, fill="white")
    below = sheet.text(
        question, _MARGIN + 12, y + 8, _WIDTH - 2 * _MARGIN - 24, 40, sizes=(13, 12, 11, 10, 9), bold=True
    )
    for line in range(int(below + 20), int(y + 84), 20):
        sheet.line(_MARGIN + 12, line, _WIDTH - _MARGIN - 12, line, colour="#8A9097", width=0.8)
