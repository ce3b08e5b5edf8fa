"""What is kept of a browser's plans, and what a teacher takes away, as HTML."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING
from urllib.parse import quote

if TYPE_CHECKING:
    from chatbot.service import ThreadSummary

__all__ = ["FORMATS", "render_downloads", "render_plans", "render_who"]

FORMATS = {
    "docx": ("Plan for Word", ".docx", "The improved plan, to go on editing."),
    "md": ("Plan as plain text", ".md", "The same words, exactly."),
    "pptx": ("Slides", ".pptx", "Objectives, key words and each phase of the lesson."),
    "pdf": ("One-page handout", ".pdf", "For pupils or for a colleague."),
    "exit-ticket": ("Exit ticket", ".pdf", "Two to a page, from what your plan asks at the end."),
    "png-timeline": ("Time line", ".png", "The phases with their minutes, as a picture."),
    "png-organiser": ("Graphic organiser", ".png", "Key words and steps, as a picture."),
}
"""What can be taken away: title, ending, what it is."""


def render_downloads(thread_id: str, root: str = "") -> str:
    """Links to the files of a plan.

    Args:
        thread_id: Of the open thread; empty where none is open.
        root: Path that the service is served under.

    Returns:
        HTML.
    """
    if not thread_id:
        return '<p class="ln-hint">Read a plan first; then you can take it with you as a file.</p>'
    links = "".join(
        f'<li><a href="{escape(root)}/page/files/{quote(thread_id, safe="")}/{key}" download>'
        f'<span class="ln-title">{title}</span><span class="ln-minutes">{ending}</span></a>'
        f'<p class="ln-for">{words}</p></li>'
        for key, (title, ending, words) in FORMATS.items()
    )
    return f'<p class="ln-hint">Made from your plan’s own words as they stand now.</p><ul class="ln-files">{links}</ul>'


def render_plans(threads: Sequence[ThreadSummary], *, here: str = "") -> str:
    """The plans that this browser gave, as links.

    Args:
        threads: The one that changed last first.
        here: Id of the open one.

    Returns:
        HTML.
    """
    if not threads:
        return '<p class="ln-hint">No plan is kept yet.</p>'
    rows = "".join(
        f'<li><a href="?thread={quote(thread.id, safe="")}"{_current(thread.id == here)}>'
        f'<span class="ln-title">{escape(thread.title)}</span>'
        f"<time>{thread.changed.strftime('%Y-%m-%d %H:%M UTC')}</time></a></li>"
        for thread in threads
    )
    return f'<ul class="ln-files">{rows}</ul>'


def render_who(owner: str | None, root: str = "") -> str:
    """Say for whom plans are kept, and how to sign out.

    Args:
        owner: Of the key that the browser showed; ``None`` where none is asked for.
        root: Path that the service is served under.

    Returns:
        HTML.
    """
    if owner is None:
        return '<p class="ln-foot">Runs on this service alone. Plans are kept for this browser and sent nowhere.</p>'
    return (
        f'<form class="ln-foot" method="post" action="{escape(root)}/page/sign-out">Runs on this service alone. '
        f"Plans are kept for {escape(owner)} and sent nowhere. <button>Sign out</button></form>"
    )


def _current(here: bool) -> str:  # noqa: FBT001 - one flag
    return ' aria-current="page"' if here else ""
