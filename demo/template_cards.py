"""Templates as the page lists them: title, what for, how long, and the steps on demand."""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING

from mtl_core.rubric import MEASURES

if TYPE_CHECKING:
    from retrieval.index import SearchHit
    from retrieval.templates import LessonTemplate

__all__ = ["render_hits", "render_template"]

_WORDS = {"topic": "your topic", "grade": "", "minutes": ""}


def render_hits(hits: Sequence[SearchHit], *, note: str = "") -> str:
    """List what a search found.

    Args:
        hits: Best first.
        note: Said where there are none; empty for the usual words.

    Returns:
        HTML, announced to screen readers.
    """
    if not hits:
        words = note or "No template fits. Leave a filter open, or try other words."
        return f'<p class="ln-hint" role="status">{escape(words)}</p>'
    count = f"{len(hits)} templates, best first" if len(hits) > 1 else "One template"
    cards = "".join(render_template(hit.template) for hit in hits)
    return f'<p class="ln-hint" role="status">{count}</p><ol class="ln-results">{cards}</ol>'


def render_template(template: LessonTemplate, *, number: int | None = None) -> str:
    """Show one template.

    Args:
        template: Which.
        number: Its number on the map.

    Returns:
        HTML of a list item.
    """
    titles = ", ".join(MEASURES[key].title for key in template.measures)
    mark = f'<span class="ln-badge">{number}</span>' if number is not None else ""
    minutes = f"{template.minutes} min" if template.minutes else "no extra time"
    steps = "".join(f"<li>{_filled(step, template)}</li>" for step in template.steps)
    return (
        f'<li class="ln-template"><details><summary>{mark}<span class="ln-title">{_filled(template.title, template)}'
        f'</span><span class="ln-minutes">{minutes}</span></summary>'
        f'<div class="ln-detail"><p>{_filled(template.text, template)}</p><ol>{steps}</ol>'
        f'<p class="ln-for">Licence: {escape(template.licence)}</p></div></details>'
        f'<p class="ln-for">{_filled(template.summary, template)} <em>{escape(titles)}</em></p></li>'
    )


def _filled(pattern: str, template: LessonTemplate) -> str:
    """A template's words without a plan: its slots as plain words."""
    values = _WORDS | {"minutes": str(template.minutes)}
    text = re.sub(r"\{(topic|grade|minutes)\}", lambda slot: values[slot[1]], pattern)
    return escape(re.sub(r" {2,}", " ", text).strip())
