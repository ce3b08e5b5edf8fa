"""The map of the template library as two SVG layers, and the same in words."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

import numpy as np

from demo.library_map import LibraryMap
from demo.template_cards import render_template

if TYPE_CHECKING:
    from mtl_core.reading import Analysis
    from retrieval.templates import TemplateLibrary

__all__ = ["render_base", "render_neighbours", "render_overlay"]

NEAREST = 8
"""How many templates near the plan are numbered."""

_WIDTH, _HEIGHT, _EDGE = 720, 440, 26
_FEWEST = 12
_SUBJECTS = {
    "mathematics": "Mathematics",
    "science": "Science",
    "english": "English",
    "history": "History",
    "geography": "Geography",
    "languages": "Languages",
    "music": "Music",
    "pe": "PE",
    "computing": "Computing",
}


def render_base(library_map: LibraryMap, library: TemplateLibrary) -> str:
    """Draw every template as a dot.

    Args:
        library_map: The places.
        library: The templates.

    Returns:
        HTML; the overlay lies above it.
    """
    dots = "".join(
        f'<circle cx="{x:.0f}" cy="{y:.0f}" r="3.5" class="ln-dot ln-dot-{library[key].kind}">'
        f"<title>{escape(library[key].title)}</title></circle>"
        for key, (x, y) in zip(library_map.ids, _pixels(library_map.points), strict=True)
    )
    label = f"Map of {len(library_map.ids)} templates; what lies together is alike in its words"
    return _svg(dots, label)


def render_overlay(library_map: LibraryMap, library: TemplateLibrary, analysis: Analysis | None) -> str:
    """Draw the names of subjects where their templates lie, this plan, and the numbers of its neighbours.

    Args:
        library_map: The places.
        library: The templates.
        analysis: The reading of the plan; ``None`` draws the names alone.

    Returns:
        HTML.
    """
    if analysis is None or not analysis.is_lesson_plan:
        return _svg(_names(library_map, library, []), "Names of subjects where their templates lie")
    points = _pixels(library_map.points)
    x, y = _pixels(np.array([library_map.place(analysis.vector)]))[0]
    rows = library_map.nearest(analysis.vector, k=NEAREST)
    names = _names(library_map, library, [(x, y), (x + 60, y - 12), *(points[row] for row in rows)])
    lines = "".join(
        f'<line x1="{x:.0f}" y1="{y:.0f}" x2="{points[row][0]:.0f}" y2="{points[row][1]:.0f}" class="ln-tie"/>'
        for row in rows
    )
    numbers = "".join(
        f'<g class="ln-near"><circle cx="{points[row][0]:.0f}" cy="{points[row][1]:.0f}" r="10"/>'
        f'<text x="{points[row][0]:.0f}" y="{points[row][1] + 4:.0f}">{number}</text></g>'
        for number, row in reversed(list(enumerate(rows, start=1)))
    )
    # the words stand inside the picture wherever the plan lies
    side, shift = ("end", -14) if x > _WIDTH * 0.8 else ("start", 14)
    here = (
        f'<path d="M{x:.0f} {y - 11:.0f}l9 11l-9 11l-9-11z" class="ln-here"/>'
        f'<text x="{x + shift:.0f}" y="{y - 12:.0f}" text-anchor="{side}" class="ln-here-name">Your plan</text>'
    )
    return _svg(
        names + lines + numbers + here,
        f"Your plan on the map, and the {len(rows)} templates nearest to it, as listed below",
    )


def render_neighbours(library_map: LibraryMap, library: TemplateLibrary, analysis: Analysis | None) -> str:
    """List the templates nearest to the plan: the map in words.

    Args:
        library_map: The places.
        library: The templates.
        analysis: The reading of the plan; ``None`` asks for one.

    Returns:
        HTML.
    """
    if analysis is None or not analysis.is_lesson_plan:
        return '<p class="ln-hint">Read a plan to see where it lies among the templates.</p>'
    rows = library_map.nearest(analysis.vector, k=NEAREST)
    cards = "".join(render_template(library[library_map.ids[row]], number=n) for n, row in enumerate(rows, start=1))
    return f'<p class="ln-hint">Nearest to your plan:</p><ol class="ln-results">{cards}</ol>'


def _svg(content: str, label: str) -> str:
    return (
        f'<svg class="ln-map" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{escape(label)}">{content}</svg>'
    )


def _pixels(points: np.ndarray) -> list[tuple[float, float]]:
    half_width, half_height = _WIDTH / 2 - _EDGE, _HEIGHT / 2 - _EDGE
    return [(_WIDTH / 2 + x * half_width, _HEIGHT / 2 - y * half_height) for x, y in points.tolist()]


def _names(library_map: LibraryMap, library: TemplateLibrary, taken: list[tuple[float, float]]) -> str:
    """Names of subjects at the middle of their templates; one that would cover something else is left out."""
    shown = ""
    for subject, name in _SUBJECTS.items():
        rows = [row for row, key in enumerate(library_map.ids) if library[key].subjects == (subject,)]
        if len(rows) < _FEWEST:
            continue
        x, y = _pixels(np.median(library_map.points[rows], axis=0)[None])[0]
        if not any(abs(y - up) < 24 and abs(x - across) < 90 for across, up in taken):
            taken = [*taken, (x, y)]
            shown += f'<text x="{x:.0f}" y="{y:.0f}" class="ln-area">{name}</text>'
    return shown
