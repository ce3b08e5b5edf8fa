"""The lines of one page of a PDF, in the order in which the page draws them."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pypdf import PageObject

__all__ = ["Line", "page_lines"]

_EDGE = 0.12
_EM_BY_KIND = {"upper": 0.68, "other": 0.5, "narrow": 0.28}
_LIGATURES = {ord(ligature): unicodedata.normalize("NFKC", ligature) for ligature in "ﬀﬁﬂﬃﬄﬅﬆ"}


@dataclass(frozen=True, slots=True)
class Line:
    """One line of text.

    Args:
        text: Its words.
        cells: Its parts, where wide gaps part it like the row of a table.
        page: Number of the page.
        starts: Left ends of the cells, in points.
        x: Left end, in points.
        y: Height of the baseline, in points.
        end: Estimated right end, in points.
        right: Estimated right margin of the page's text, in points.
        size: Size of most of its letters, in points, rounded to half a point.
        bold: Whether every letter is bold.
        at_edge: Whether it stands where running headers and footers do.
    """

    text: str
    cells: tuple[str, ...]
    starts: tuple[float, ...]
    page: int
    x: float
    y: float
    end: float
    right: float
    size: float
    bold: bool
    at_edge: bool = False


@dataclass(frozen=True, slots=True)
class _Span:
    text: str
    x: float
    y: float
    size: float
    bold: bool
    broken: bool = False

    @property
    def end(self) -> float:
        return self.x + self.size * sum(_EM_BY_KIND[_kind(character)] for character in self.text)


def page_lines(page: PageObject) -> list[Line]:
    """Read the lines of a page.

    Args:
        page: The page.

    Returns:
        Lines in drawing order, which is the reading order of what word processors write.
    """
    spans: list[_Span] = []

    def visit(text: str, cm: Sequence[float], tm: Sequence[float], font: Any, size: float | None) -> None:
        words = text.strip("\n")
        if words.strip():
            spans.append(_span(words, cm, tm, font, size or 0.0, broken=text.endswith("\n")))
        elif spans and words and not spans[-1].text.endswith(" "):
            last = spans[-1]
            spans[-1] = replace(last, text=last.text + " ")

    page.extract_text(visitor_text=visit)
    groups: list[list[_Span]] = []
    for span in spans:
        if groups and _same_line(groups[-1][-1], span):
            groups[-1].append(span)
        else:
            groups.append([span])
    right = max((span.end for span in spans), default=0.0)
    number = page.page_number or 0
    bottom, top = float(page.mediabox.bottom), float(page.mediabox.top)
    edge = _EDGE * (top - bottom)
    lines = [_line(group, number, right) for group in groups]
    return [replace(line, at_edge=not bottom + edge < line.y < top - edge) for line in lines]


def _span(text: str, cm: Sequence[float], tm: Sequence[float], font: Any, size: float, *, broken: bool) -> _Span:
    x = tm[4] * cm[0] + tm[5] * cm[2] + cm[4]
    y = tm[4] * cm[1] + tm[5] * cm[3] + cm[5]
    scale = abs(tm[3] * cm[3]) or abs(tm[1] * cm[2]) or 1.0
    name = str(font.get("/BaseFont", "")) if hasattr(font, "get") else ""
    bold = any(mark in name.lower() for mark in ("bold", "black", "heavy", "semibold"))
    return _Span(text.translate(_LIGATURES), x, y, max(size * scale, 0.1), bold, broken)


def _same_line(before: _Span, span: _Span) -> bool:
    return abs(before.y - span.y) <= 0.35 * max(before.size, span.size) and span.x >= before.x - before.size


def _line(spans: Sequence[_Span], page: int, right: float) -> Line:
    cells = [spans[0].text]
    starts = [spans[0].x]
    for before, span in pairwise(spans):
        estimated = before.end - before.x
        gap = span.x - before.end
        # the estimate of a long part is less sure, a part that was drawn apart is surer
        wide = (1.2 if before.broken else 2.2) * span.size + 0.12 * estimated
        if gap > wide and len(before.text.strip()) > 2:
            cells.append(span.text)
            starts.append(span.x)
        elif cells[-1].endswith(" ") or span.text.startswith(" ") or gap < 0.2 * span.size:
            cells[-1] += span.text
        else:
            cells[-1] += " " + span.text
    longest = max(spans, key=lambda span: len(span.text))
    cleaned = tuple(" ".join(cell.split()) for cell in cells)
    return Line(
        text=" ".join(cleaned),
        cells=cleaned,
        starts=tuple(starts),
        page=page,
        x=spans[0].x,
        y=spans[0].y,
        end=spans[-1].end,
        right=right,
        size=round(longest.size * 2) / 2,
        bold=all(span.bold for span in spans if any(map(str.isalnum, span.text))),
    )


def _kind(character: str) -> str:
    if character.isupper():
        return "upper"
    return "narrow" if character in " iljtfI.,:;'|!()" else "other"
