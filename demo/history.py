"""The versions of a plan with what changed in each."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import SequenceMatcher
from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from chatbot.service import PlanVersion

__all__ = ["render_history"]

_CAUSES = {
    "opened": "As you gave it",
    "revised": "Your own change",
    "use": "A suggestion went in",
    "edit": "Your version of a suggestion went in",
    "undone": "A change was taken back",
    "redone": "A change was put back",
}
_CONTEXT = 1
_MOST = 30


def render_history(versions: Sequence[PlanVersion]) -> str:
    """List the versions, newest first, each with its difference from the one before.

    Args:
        versions: Oldest first.

    Returns:
        HTML.
    """
    if not versions:
        return '<p class="ln-hint">Read a plan first; every later version is then listed here.</p>'
    before = [""] + [version.text for version in versions[:-1]]
    rows = [_row(version, earlier) for version, earlier in zip(versions, before, strict=True)]
    shown = "".join(reversed(rows[-_MOST:]))
    note = f'<p class="ln-hint">The last {_MOST} of {len(rows)} versions.</p>' if len(rows) > _MOST else ""
    return f'{note}<ol class="ln-versions">{shown}</ol>'


def _row(version: PlanVersion, before: str) -> str:
    cause = _CAUSES.get(version.cause, version.cause)
    moment = version.at.strftime("%Y-%m-%d %H:%M UTC")
    head = (
        f'<span class="ln-badge">{version.number}</span><span class="ln-title">{escape(cause)}</span>'
        f'<time datetime="{version.at.isoformat()}">{moment}</time>'
    )
    if version.number == 1:
        words = f"{len(version.text.split())} words"
        return f'<li class="ln-version"><p class="ln-head">{head}</p><p class="ln-for">{words}</p></li>'
    return f'<li class="ln-version"><p class="ln-head">{head}</p>{_difference(before, version.text)}</li>'


def _difference(before: str, after: str) -> str:
    """Changed lines with their neighbours, marked by a sign and a word as well as by colour."""
    old, new = before.splitlines(), after.splitlines()
    groups = SequenceMatcher(None, old, new, autojunk=False).get_grouped_opcodes(_CONTEXT)
    parts = []
    for group in groups:
        lines = []
        for kind, low, high, start, end in group:
            if kind == "equal":
                lines += [f"<span>{_shown(line)}</span>" for line in new[start:end]]
                continue
            lines += _changed("del", "−", "Removed", old[low:high])
            lines += _changed("ins", "+", "Added", new[start:end])
        parts.append("\n".join(lines))
    if not parts:
        return '<p class="ln-for">No line changed.</p>'
    return '<pre class="ln-diff">' + '\n<span class="ln-gap">…</span>\n'.join(parts) + "</pre>"


def _changed(tag: str, sign: str, word: str, lines: Sequence[str]) -> list[str]:
    """Lines that went or came; empty ones are told where nothing else did."""
    filled = [_marked(tag, sign, word, escape(line)) for line in lines if line.strip()]
    if filled or not lines:
        return filled
    count = "an empty line" if len(lines) == 1 else f"{len(lines)} empty lines"
    return [_marked(tag, sign, word, f'<span class="ln-faint">{count}</span>')]


def _marked(tag: str, sign: str, word: str, shown: str) -> str:
    return f'<{tag}><span aria-hidden="true">{sign} </span><span class="ln-sr">{word}: </span>{shown}</{tag}>'


def _shown(line: str) -> str:
    return escape(line) or " "
