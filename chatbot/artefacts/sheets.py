"""A handout on one page, and an exit ticket to cut out, for pupils."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from chatbot.artefacts.inline import shortened
from chatbot.artefacts.pdf_pages import MARGIN, PAGE, WritingLines, fits, heading, one_page, words

if TYPE_CHECKING:
    from reportlab.pdfgen.canvas import Canvas

    from chatbot.artefacts.plan_document import PlanDocument

__all__ = ["exit_ticket", "handout"]

_SIZES = (11.0, 10.5, 10.0, 9.5, 9.0, 8.5)
_NAME = f"Name: {'_' * 34} Date: {'_' * 18}"
_MOST_OBJECTIVES = 6
_MOST_WORDS = 10
_MOST_CHARACTERS = 400
_ASK_BY_OBJECTIVE = "Show what you can do now:"


def handout(plan: PlanDocument) -> bytes:
    """Write a sheet for pupils: objectives, key words, steps, the exit question with lines to write on.

    The letters shrink until the page holds everything; what still does not fit is left out from the
    end of the steps, and the page says how many steps are in the plan.

    Args:
        plan: The plan.

    Returns:
        The PDF, one page.
    """
    steps = _steps(plan)
    for size in _SIZES:
        story = _story(plan, steps, size=size)
        if fits(story):
            return one_page(story, title=plan.title)
    size = _SIZES[-1]
    low, high = 0, len(steps)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if fits(_story(plan, steps, size=size, most=middle)) else (low, middle - 1)
    return one_page(_story(plan, steps, size=size, most=low), title=plan.title)


def exit_ticket(plan: PlanDocument) -> bytes | None:
    """Write two tickets on one page, with the plan's exit question or else its objectives.

    Args:
        plan: The plan.

    Returns:
        The PDF; ``None`` where the plan has neither.
    """
    if plan.exit_question is None and not plan.objectives:
        return None
    half = PAGE[1] / 2 - MARGIN
    ticket: list[Any] = []
    for size in (13.0, 12.0, 11.0, 10.0, 9.0):
        ticket = _ticket(plan, size=size)
        if _height(ticket) <= half - 4 * 24:
            break
    room = half - 30 - _height(ticket)
    ticket.append(WritingLines(max(3, int(room // 24)), step=24))
    second = _ticket(plan, size=size)
    second.append(WritingLines(max(3, int(room // 24)), step=24))
    used = _height(ticket)
    gap = _Gap(max(10.0, PAGE[1] / 2 - MARGIN - used + 24))
    return one_page([*ticket, gap, *second], title=f"Exit ticket: {plan.title}", draw=_cut_line)


def _steps(plan: PlanDocument) -> list[tuple[str, str, str]]:
    """Heading, words and mark of each step; a heading only with its first step."""
    steps: list[tuple[str, str, str]] = []
    for activity in plan.activities:
        head = f"{activity.title} ({activity.minutes} min)" if activity.minutes else activity.title
        for passage in activity.steps:
            steps.append((head, shortened(passage.text, characters=_MOST_CHARACTERS), passage.mark or "•"))
            head = ""
    return steps


def _story(
    plan: PlanDocument, steps: Sequence[tuple[str, str, str]], *, size: float, most: int | None = None
) -> list[Any]:
    story: list[Any] = [words(_NAME, size=size), heading(plan.title, size=size * 1.6)]
    facts = " · ".join(filter(None, [plan.facts.grade_phrase, (plan.facts.subject or "").replace("_", " ")]))
    if facts:
        story.append(words(facts[:1].upper() + facts[1:], size=size, grey=True))
    if plan.objectives:
        story.append(heading("Objectives", size=size * 1.15))
        texts = [shortened(passage.text, characters=_MOST_CHARACTERS) for passage in plan.objectives]
        story += [words(text, size=size, bullet="☐") for text in texts[:_MOST_OBJECTIVES]]
        story += _more(len(texts) - _MOST_OBJECTIVES, "objective", size=size)
    if plan.key_words:
        story.append(heading("Key words", size=size * 1.15))
        for word in plan.key_words[:_MOST_WORDS]:
            meaning = shortened(word.meaning, characters=_MOST_CHARACTERS // 2) or "_" * 40
            story.append(words(meaning, size=size, term=f"{shortened(word.term, characters=60)}:"))
        story += _more(len(plan.key_words) - _MOST_WORDS, "word", size=size)
    shown = steps if most is None else steps[:most]
    for head, text, mark in shown:
        if head:
            story.append(heading(shortened(head, characters=120), size=size * 1.15))
        story.append(words(text, size=size, bullet=mark))
    story += _more(len(steps) - len(shown), "step", size=size)
    if plan.exit_question:
        story.append(heading("Before you go", size=size * 1.15))
        story.append(words(shortened(plan.exit_question.text, characters=_MOST_CHARACTERS), size=size))
        story.append(WritingLines(3))
    return story


def _more(count: int, name: str, *, size: float) -> list[Any]:
    if count <= 0:
        return []
    return [words(f"{count} more {name}{'s' if count > 1 else ''} in the plan.", size=size, grey=True)]


def _ticket(plan: PlanDocument, *, size: float) -> list[Any]:
    story: list[Any] = [
        words(_NAME, size=10),
        heading(f"Exit ticket: {shortened(plan.title, characters=100)}", size=size * 1.2),
    ]
    if plan.exit_question:
        return [*story, words(shortened(plan.exit_question.text, characters=600), size=size)]
    texts = [shortened(passage.text, characters=240) for passage in plan.objectives[:2]]
    return [*story, words(_ASK_BY_OBJECTIVE, size=size), *(words(text, size=size, bullet="☐") for text in texts)]


class _Gap(WritingLines):
    """Empty space."""

    def __init__(self, height: float) -> None:
        super().__init__(0)
        self._height = height

    def wrap(self, width: float, height: float) -> tuple[float, float]:  # noqa: ARG002 - the library's signature
        return width, self._height


def _height(story: Sequence[Any]) -> float:
    width = PAGE[0] - 2 * MARGIN
    return float(sum(part.wrap(width, PAGE[1])[1] + part.getSpaceBefore() + part.getSpaceAfter() for part in story))


def _cut_line(canvas: Canvas) -> None:
    canvas.setDash(4, 4)
    canvas.setLineWidth(0.6)
    canvas.line(MARGIN / 2, PAGE[1] / 2, PAGE[0] - MARGIN / 2, PAGE[1] / 2)
