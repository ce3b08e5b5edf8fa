"""The 14 measures as one picture: how clearly each is shown, by place, shape and colour."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mtl_core.reading import Analysis, MeasureReading, Verdict

__all__ = ["render_picture"]

_WIDTH, _ROW, _TOP, _LEFT, _RIGHT = 340, 19, 20, 168, 12
_WORDS: dict[Verdict, str] = {"present": "found", "unsure": "not sure", "absent": "not found"}


def render_picture(analysis: Analysis) -> str:
    """Draw one row a measure; the further right its sign, the clearer the evidence.

    Args:
        analysis: The reading of a lesson plan.

    Returns:
        An SVG with the same in words for screen readers. A filled circle is found, a ring with a dot is
        not sure, an empty ring is not found.
    """
    height = _TOP + _ROW * len(analysis.measures)
    rows = "".join(
        _row(analysis.rubric[key].title, reading, _TOP + _ROW * number + _ROW / 2)
        for number, (key, reading) in enumerate(analysis.measures.items())
    )
    words = "; ".join(f"{analysis.rubric[key].title}: {_WORDS[one.verdict]}" for key, one in analysis.measures.items())
    ends = (
        f'<text x="{_LEFT}" y="12" class="ln-axis">no evidence</text>'
        f'<text x="{_WIDTH - _RIGHT}" y="12" text-anchor="end" class="ln-axis">clear evidence</text>'
    )
    return (
        f'<svg class="ln-picture" viewBox="0 0 {_WIDTH} {height}" role="img" '
        f'aria-label="How clearly each measure is shown. {escape(words)}.">{ends}{rows}</svg>'
    )


def _row(title: str, reading: MeasureReading, y: float) -> str:
    x = _LEFT + 6 + min(max(reading.probability, 0.0), 1.0) * (_WIDTH - _LEFT - _RIGHT - 12)
    dot = f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2" class="ln-core"/>' if reading.verdict == "unsure" else ""
    return (
        f'<g class="ln-{reading.verdict}">'
        f'<text x="{_LEFT - 10}" y="{y + 4:.1f}" text-anchor="end">{escape(title)}</text>'
        f'<line x1="{_LEFT}" y1="{y:.1f}" x2="{_WIDTH - _RIGHT}" y2="{y:.1f}"/>'
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="5.5"/>{dot}</g>'
    )
