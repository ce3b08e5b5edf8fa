"""The plan as HTML: every character escaped, every quoted passage marked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from itertools import pairwise
from typing import TYPE_CHECKING

from mtl_core.rubric import MEASURES
from mtl_core.segments import Segment, SegmentKind

if TYPE_CHECKING:
    from mtl_core.reading import Analysis

__all__ = ["NUMBERS", "numbers_of", "render_plan"]

NUMBERS = {key: number for number, key in enumerate(MEASURES, start=1)}
"""Number of each of our measures in the profile, which the marks in the plan name."""


def numbers_of(analysis: Analysis) -> dict[str, int]:
    """Number of each measure of a reading; a school's own rubric has numbers of its own."""
    return {key: number for number, key in enumerate(analysis.rubric, start=1)}


@dataclass(frozen=True, slots=True)
class _Passage:
    """A quoted passage, the measures that it was quoted for, and whether it is the best quote for one of them."""

    start: int
    end: int
    measures: tuple[str, ...]
    sure: bool
    best: bool


def render_plan(text: str, analysis: Analysis, *, added: tuple[int, int] | None = None) -> str:
    """Show a plan with its evidence marked and numbered, and what was added last.

    Args:
        text: The plan.
        analysis: The reading of this text; nothing is marked where it is no lesson plan.
        added: Start and end of the last addition.

    Returns:
        HTML whose text, without the numbers, is the plan byte for byte.
    """
    passages = _passages(analysis) if analysis.is_lesson_plan else []
    spans = [(p.start, p.end) for p in passages] + [(s.start, s.end) for s in analysis.segments]
    if added is not None:
        spans.append(added)
    cuts = sorted({0, len(text), *(edge for span in spans for edge in span)})
    parts = []
    for start, end in pairwise(cuts):
        if added is not None and start == added[0]:
            parts.append('<ins class="ln-added" title="Added from a suggestion">')
        parts.append(
            _marked(_plain(text[start:end], _segment_at(start, analysis.segments)), start, end, passages, analysis)
        )
        if added is not None and end == added[1]:
            parts.append("</ins>")
    label = "The plan with its evidence marked"
    return f'<div class="ln-plan" role="region" tabindex="0" aria-label="{label}">{"".join(parts)}</div>'


def _passages(analysis: Analysis) -> list[_Passage]:
    keys: dict[tuple[int, int], list[str]] = {}
    for key, reading in analysis.measures.items():
        for evidence in reading.evidence:
            keys.setdefault((evidence.start, evidence.end), []).append(key)
    best = {(r.evidence[0].start, r.evidence[0].end) for r in analysis.measures.values() if r.evidence}
    return [
        _Passage(*span, tuple(found), any(analysis.measures[key].verdict == "present" for key in found), span in best)
        for span, found in sorted(keys.items())
    ]


def _segment_at(offset: int, segments: Sequence[Segment]) -> Segment | None:
    return next((segment for segment in segments if segment.start <= offset < segment.end), None)


def _plain(text: str, segment: Segment | None) -> str:
    """Escaped text; headings strong, and list and heading marks, which stand outside every segment, faint."""
    shown = escape(text)
    if segment is None:
        return f'<span class="ln-faint">{shown}</span>' if text.strip() else shown
    return f"<strong>{shown}</strong>" if segment.kind is SegmentKind.HEADING else shown


def _marked(shown: str, start: int, end: int, passages: Sequence[_Passage], analysis: Analysis) -> str:
    covering = [passage for passage in passages if passage.start <= start and end <= passage.end]
    if not covering:
        return shown
    titles = "; ".join(analysis.rubric[key].title for passage in covering for key in passage.measures)
    sure = any(passage.sure for passage in covering)
    weight = "" if any(passage.best for passage in covering) else " ln-weak"
    notes = "".join(_note(key, analysis) for passage in covering if passage.end == end for key in passage.measures)
    kind = "ln-found" if sure else "ln-unsure"
    word = "Evidence for" if sure else "Perhaps evidence for"
    return f'<mark class="{kind}{weight}" title="{word}: {escape(titles)}">{shown}{notes}</mark>'


def _note(key: str, analysis: Analysis) -> str:
    title = escape(analysis.rubric[key].title)
    return f'<sup class="ln-note">{numbers_of(analysis)[key]}<span class="ln-sr"> {title}</span></sup>'
