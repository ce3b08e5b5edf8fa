"""Where in a plan a suggestion belongs, and how it is written there."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from mtl_core.segments import Segment, SegmentKind
from retrieval.templates import Placement

__all__ = ["Insertion", "insert", "place_for"]

_UNDER: dict[str, re.Pattern[str]] = {
    placement: re.compile(rf"\b(?:{words})", re.IGNORECASE)
    for placement, words in {
        "objectives": r"objectiv|goal|outcome|aim|intention|target|swbat|wilf|walt|success criteria",
        "start": r"starter|warm|intro|launch|engage|hook|do[ -]?now|opening|begin|lead-?in|review|recap",
        "before_practice": r"direct instruction|teach|model|input|explain|presentation|demonstrat|main|i do|develop",
        "during": r"main|activit|procedure|explor|develop|guided|practice|lesson steps|sequence|input",
        "practice": r"practice|practise|activit|task|independent|explor|application|production|you do|lab",
        "end": r"plenary|clos|exit|wrap|conclu|reflect|evaluat|assess|summar|review|debrief|finish",
        "after": r"assess|reflect|evaluat|follow|next|plenary|clos|exit",
        "materials": r"material|resource|equipment|prepar|supplies|need",
    }.items()
}
_LAST = frozenset({"end", "after", "during", "practice"})


@dataclass(frozen=True, slots=True)
class Insertion:
    """A change of the plan that adds text and removes none.

    Args:
        text: The plan after the change.
        start: Offset of the first added character.
        end: Offset after the last added character.
    """

    text: str
    start: int
    end: int


def place_for(placement: Placement, text: str, segments: Sequence[Segment]) -> int:
    """Offset at which a suggestion of a placement belongs: always the start of a line or the end.

    The suggestion goes below what already stands under a heading that names the phase. Where no
    heading does, objectives, materials and starts go below the title, the rest to the end.

    Args:
        placement: Of the template.
        text: The plan.
        segments: Its segments.

    Returns:
        The offset.
    """
    pattern = _UNDER[placement]
    rows = [row for row, segment in enumerate(segments) if segment.heading and pattern.search(segment.heading)]
    if rows:
        row = rows[-1] if placement in _LAST else _end_of_run(rows)
        return _line_after(text, segments[row].end)
    if placement in ("objectives", "materials", "start", "before_practice"):
        first = segments[0] if segments else None
        if first is not None and first.kind is SegmentKind.HEADING:
            return _line_after(text, first.end)
        return 0 if first is None or placement == "objectives" else _paragraph_after(text, first.end)
    return len(text)


def insert(text: str, addition: str, *, at: int) -> Insertion:
    """Add a paragraph at a line start, in the plan's own newline style, with a blank line around it.

    Args:
        text: The plan.
        addition: What to add, without surrounding blank lines.
        at: Start of a line, or the end of the text.

    Returns:
        The changed plan and where the addition stands in it.
    """
    newline = "\r\n" if "\r\n" in text else "\n"
    block = newline.join(addition.strip().splitlines())
    before, after = text[:at], text[at:]
    lead = _gap(before, newline) if before.strip() else ""
    tail = newline if not after.strip() else newline * (1 if after.startswith(("\n", "\r\n")) else 2)
    start = len(before) + len(lead)
    return Insertion(before + lead + block + tail + after, start, start + len(block))


def _gap(before: str, newline: str) -> str:
    if before.endswith(newline * 2):
        return ""
    return newline if before.endswith(("\n", "\r")) else newline * 2


def _end_of_run(rows: Sequence[int]) -> int:
    """Last of the neighbouring rows that the first one starts."""
    last = rows[0]
    for row in rows[1:]:
        if row != last + 1:
            break
        last = row
    return last


def _paragraph_after(text: str, offset: int) -> int:
    """Start of the line after the paragraph or table that ``offset`` stands in."""
    blank = re.compile(r"\n[ \t\r]*(?=\n|$)").search(text, max(offset - 1, 0))
    return len(text) if blank is None else blank.start() + 1


def _line_after(text: str, offset: int) -> int:
    """Start of the line after the one that ``offset`` ends in, past the rest of a table."""
    found = text.find("\n", offset)
    position = len(text) if found < 0 else found + 1
    while position < len(text) and text[position:].lstrip(" \t").startswith("|"):
        following = text.find("\n", position)
        position = len(text) if following < 0 else following + 1
    return position
