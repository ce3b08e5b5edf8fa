"""The profile of the 14 measures as HTML: a word, a sign and a quote for each, never colour alone."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from chatbot.nudges import shorten
from demo.highlight import NUMBERS, numbers_of
from demo.profile_picture import render_picture
from mtl_core.rubric import RUBRIC, Measure

if TYPE_CHECKING:
    from mtl_core.reading import Analysis, Evidence, MeasureReading, Verdict

__all__ = ["VERDICTS", "render_profile"]

VERDICTS: dict[Verdict, str] = {"present": "Found", "unsure": "Not sure", "absent": "Not found"}
"""How a verdict is called on the page."""

_SIGNS: dict[Verdict, str] = {
    "present": '<path d="M3 8.5l3.2 3.2L13 4.8"/>',
    "unsure": '<path d="M5.4 6a2.6 2.6 0 1 1 3.9 2.2C8.4 8.8 8 9.3 8 10.2M8 12.6v.2"/>',
    "absent": '<path d="M4 8h8"/>',
}


def render_profile(analysis: Analysis | None) -> str:
    """Show every measure with its verdict, its quote and, on demand, what counts.

    Args:
        analysis: The reading; ``None`` before the first one, where the measures are named only.

    Returns:
        HTML.
    """
    if analysis is None:
        return f'<p class="ln-hint">What I look for:</p>{_rows(None)}'
    if not analysis.is_lesson_plan:
        return '<p class="ln-hint">No judgement: this text does not read as a lesson plan in English.</p>'
    return f"{_summary(analysis)}{render_picture(analysis)}{_rows(analysis)}"


def _summary(analysis: Analysis) -> str:
    verdicts = [reading.verdict for reading in analysis.measures.values()]
    counts = " · ".join(
        f"<strong>{verdicts.count(verdict)}</strong> {VERDICTS[verdict].lower()}" for verdict in VERDICTS
    )
    return f'<p class="ln-counts">{counts}</p>'


def _rows(analysis: Analysis | None) -> str:
    if analysis is None:
        rows = "".join(_row(NUMBERS[measure.key], measure, None) for measure in RUBRIC)
    else:
        numbers = numbers_of(analysis)
        rows = "".join(_row(numbers[key], analysis.rubric[key], one) for key, one in analysis.measures.items())
    return f'<ol class="ln-profile">{rows}</ol>'


def _row(number: int, measure: Measure, reading: MeasureReading | None) -> str:
    quotes = [_quote(evidence) for evidence in reading.evidence] if reading else []
    first, others = "".join(quotes[:1]), "".join(quotes[1:])
    more = f"<p>Also considered:</p>{others}" if others else ""
    less = f"<p>Not enough: {escape(measure.near_misses)}.</p>" if measure.near_misses else ""
    return (
        f'<li class="ln-measure{f" ln-{reading.verdict}" if reading else ""}"><details><summary>'
        f'<span class="ln-number">{number}</span><span class="ln-title">{escape(measure.title)}</span>'
        f"{_verdict(reading.verdict) if reading else ''}</summary>"
        f'<div class="ln-detail"><p>A plan shows it when it states {escape(measure.definition)}.</p>'
        f"{less}{more}</div></details>{first}</li>"
    )


def _verdict(verdict: Verdict) -> str:
    sign = f'<svg viewBox="0 0 16 16" aria-hidden="true">{_SIGNS[verdict]}</svg>'
    return f'<span class="ln-verdict">{sign}{VERDICTS[verdict]}</span>'


def _quote(evidence: Evidence) -> str:
    kept = shorten(evidence.quote)
    rest = "" if kept == evidence.quote else " …"
    return f'<blockquote class="ln-quote" title="{escape(evidence.quote)}">“{escape(kept)}{rest}”</blockquote>'
