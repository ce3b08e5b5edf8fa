"""What goes on each slide: lines of the plan, split so that none is too full."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from chatbot.artefacts.fonts import wrapped
from chatbot.artefacts.inline import safe_text, shortened
from chatbot.artefacts.parts import Passage, passages_of

if TYPE_CHECKING:
    from chatbot.artefacts.plan_document import PlanDocument

__all__ = ["BODY_SIZE", "BODY_WIDTH", "MOST_LINES", "SlideLine", "SlidePage", "slide_pages"]

MOST_LINES = 12
"""The most rendered lines on a slide."""

BODY_SIZE = 20.0
"""Size of the letters in points."""

BODY_WIDTH = 800.0
"""Width of a line in points, the indent of a bullet left out."""

MOST_SLIDES_A_PART = 3
MOST_SLIDES = 40
_LARGER = ((28.0, 7), (24.0, 9))
_MOST_TITLE = 90
_MOST_NOTES = 6_000


@dataclass(frozen=True, slots=True)
class SlideLine:
    """One paragraph on a slide.

    Args:
        text: Its words.
        rendered: How many lines it takes.
        bold: Whether it is strong.
        bullet: Whether a bullet stands before it; not where it goes on from the slide before.
        mark: The plan's own number, which stands in the place of the bullet.
    """

    text: str
    rendered: int
    bold: bool = False
    bullet: bool = True
    mark: str = ""


@dataclass(frozen=True, slots=True)
class SlidePage:
    """One slide.

    Args:
        title: Its heading.
        lines: What it shows.
        notes: The plan's own passage, for the speaker.
        size: Size of the letters in points.
    """

    title: str
    lines: tuple[SlideLine, ...]
    notes: str = ""
    size: float = BODY_SIZE


def slide_pages(plan: PlanDocument) -> list[SlidePage]:
    """Sort a plan into slides: objectives, what is needed, key words, the phases, the exit question.

    A phase takes three slides at most; its whole text stands in the notes of its first slide, and
    the last slide says so. A plan without phases shows its sections instead.

    Args:
        plan: The plan.

    Returns:
        The slides after the title, at most ``MOST_SLIDES``.
    """
    pages: list[SlidePage] = []
    pages += _pages("Objectives", plan.objectives)
    pages += _pages("You need", plan.materials)
    words = [Passage(f"{w.term}: {w.meaning}" if w.meaning else w.term, w.start, w.start) for w in plan.key_words]
    pages += _pages("Key words", words)
    parts = [(_titled(a.title, a.minutes), a.steps, plan.text[a.start : a.end]) for a in plan.activities]
    if not parts:
        parts = list(_sections(plan))
    for title, texts, source in parts:
        pages += _pages(title, texts, notes=source)
    closing = _pages("Exit question", [plan.exit_question]) if plan.exit_question else []
    room = MOST_SLIDES - len(closing)
    if len(pages) > room:
        left_out = len({page.title.rsplit(" (", 1)[0] for page in pages[room - 1 :]})
        says = f"{left_out} more {'part is' if left_out == 1 else 'parts are'} in the plan itself."
        pages = [*pages[: room - 1], SlidePage("More in the plan", (_line(says),))]
    return pages + closing


def _sections(plan: PlanDocument) -> Iterator[tuple[str, tuple[Passage, ...], str]]:
    shown = {passage.start for passage in (*plan.objectives, *plan.materials)} | {w.start for w in plan.key_words}
    for section in plan.sections:
        texts = tuple(p for block in section.blocks if block.start not in shown for p in passages_of(block))
        if texts:
            yield section.title or plan.title, texts, plan.text[section.start : section.end]


def _titled(title: str, minutes: int | None) -> str:
    return f"{title} ({minutes} min)" if minutes else title


def _pages(title: str, texts: Sequence[Passage], *, notes: str = "") -> list[SlidePage]:
    title = shortened(" ".join(safe_text(title).split()), characters=_MOST_TITLE)
    groups = list(_grouped([line for text in texts if text.text.strip() for line in _split(text)]))
    left_out = len(groups) > MOST_SLIDES_A_PART
    groups = groups[:MOST_SLIDES_A_PART]
    if left_out:
        more = SlideLine("More in the plan." if not notes else "More in the notes.", 1, bold=True, bullet=False)
        last = groups[-1]
        while sum(line.rendered for line in last) >= MOST_LINES:
            last = last[:-1]
        groups[-1] = [*last, more]
    pages = []
    for number, lines in enumerate(groups, 1):
        head = f"{title} ({number} of {len(groups)})" if len(groups) > 1 else title
        pages.append(SlidePage(head, tuple(lines), size=_size(lines) if len(groups) == 1 else BODY_SIZE))
    if pages and notes:
        pages[0] = replace(pages[0], notes=shortened(safe_text(notes), characters=_MOST_NOTES))
    return pages


def _size(lines: Sequence[SlideLine]) -> float:
    """Larger letters where few lines leave room."""
    for size, most in _LARGER:
        if sum(len(wrapped(line.text, width=BODY_WIDTH, size=size)) for line in lines) <= most:
            return size
    return BODY_SIZE


def _line(text: str, *, bullet: bool = True) -> SlideLine:
    return SlideLine(text, len(wrapped(text, width=BODY_WIDTH, size=BODY_SIZE)), bullet=bullet)


def _split(passage: Passage) -> Iterator[SlideLine]:
    """A passage as paragraphs of at most half a slide each, cut at the end of a rendered line."""
    text, mark = safe_text(passage.text), passage.mark
    rendered = wrapped(text, width=BODY_WIDTH, size=BODY_SIZE)
    most = MOST_LINES // 2
    if len(rendered) <= most:
        yield SlideLine(text, len(rendered), bullet=not mark, mark=mark)
        return
    for start in range(0, len(rendered), most):
        piece = rendered[start : start + most]
        yield SlideLine(" ".join(piece), len(piece), bullet=start == 0 and not mark, mark="" if start else mark)


def _grouped(lines: Sequence[SlideLine]) -> Iterator[list[SlideLine]]:
    group: list[SlideLine] = []
    used = 0
    for line in lines:
        if group and used + line.rendered > MOST_LINES:
            yield group
            group, used = [], 0
        group.append(line)
        used += line.rendered
    if group:
        yield group
