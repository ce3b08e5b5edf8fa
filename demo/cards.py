"""Small pieces of the page as HTML: the conversation, the suggestion that waits, a message about the plan."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from chatbot.nudges import Nudge

__all__ = ["render_log", "render_notice", "render_suggestion"]

_LEAD = re.compile(r"\*\*(?P<title>[^*\n]+)\*\*\s*")


def render_log(messages: Iterable[Mapping[str, str]]) -> list[dict[str, str]]:
    """Messages as ``gr.Chatbot`` shows them.

    Args:
        messages: With ``role`` and ``content`` as plain text.

    Returns:
        The same messages, escaped: Gradio takes even plain text as HTML, drops tags that it
        thinks dangerous and would load the pictures of others.
    """
    return [{"role": message["role"], "content": escape(message["content"], quote=False)} for message in messages]


def render_suggestion(nudge: Nudge | None) -> str:
    """Show the text that would go into the plan.

    Args:
        nudge: The suggestion that waits for an answer, if any.

    Returns:
        HTML; empty where nothing waits.
    """
    if nudge is None:
        return ""
    lead = _LEAD.match(nudge.suggestion)
    title = f"<strong>{escape(lead['title'])}</strong> " if lead else ""
    body = escape(nudge.suggestion[lead.end() :] if lead else nudge.suggestion)
    return f'<div class="ln-suggestion"><p class="ln-label">Would go into your plan</p><p>{title}{body}</p></div>'


def render_notice(message: str) -> str:
    """Show one sentence about the plan, announced to screen readers.

    Args:
        message: The sentence; empty for none.

    Returns:
        HTML; empty for no message.
    """
    return f'<p class="ln-notice" role="alert">{escape(message)}</p>' if message else ""
