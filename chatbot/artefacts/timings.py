"""How long each phase of a plan takes, as the plan itself writes it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from chatbot.artefacts.blocks import Block, BlockKind
from chatbot.artefacts.inline import plain
from chatbot.artefacts.parts import Section

__all__ = ["Timing", "minutes_in", "plan_timings", "without_number"]

_DASH = r"\s*(?:-|–|—|to)\s*"
_MINUTES = re.compile(
    rf"(?<![\d.:])(?:(?P<low>\d{{1,3}}){_DASH})?(?P<high>\d{{1,3}})[\s-]*(?:minutes?|mins?)\b(?!\s*(?:per|each|a\b|of\b|ago|late))\.?",
    re.IGNORECASE,
)
_CLOCK = re.compile(rf"(?<!\d)(?P<h1>\d{{1,2}}):(?P<m1>\d\d){_DASH}(?P<h2>\d{{1,2}}):(?P<m2>\d\d)(?!\d)")
_BARE = re.compile(rf"(?:\d{{1,3}}{_DASH})?(?P<high>\d{{1,3}})\s*(?:m|min|mins|minutes|['’′])?\.?$", re.IGNORECASE)
_TIME_COLUMN = re.compile(r"(?:time|minutes?|mins?|duration|timing|length)\b", re.IGNORECASE)
_TOTAL = re.compile(
    r"\W*(?:total|overall|duration|time|length|lesson(?: length| time| duration)?|estimated|suggested|class|period|pacing|module|unit|workshop|session)"
    r"(?: (?:time|length|duration|class|lesson|needed|required|allotted|frame))*\W*$",
    re.IGNORECASE,
)
_LEFT_OVER = re.compile(r"(?:to|or|and|for|in|at|long)\b", re.IGNORECASE)
_NUMBER = re.compile(r"(?:[0-9]{1,2}|[A-Z]|[IVX]{1,4})[.)]\s+(?=\S)")
_EDGES = " \t:–—-|()[]·,;.•*_"
_MOST_MINUTES = 300


@dataclass(frozen=True, slots=True)
class Timing:
    """One phase with its length.

    Args:
        label: What the plan calls the phase.
        minutes: Its length; the longer one where the plan gives a range.
        written: The length as the plan writes it.
        start: Where the passage that says so starts in the plan.
    """

    label: str
    minutes: int
    written: str
    start: int


def minutes_in(text: str) -> tuple[int, str, str] | None:
    """Read the length of a phase in a heading or label.

    Args:
        text: The heading or label.

    Returns:
        Minutes, how they are written, and the text without them; ``None`` where none are given.
    """
    if match := _MINUTES.search(text):
        minutes, written = int(match["high"]), match.group()
    elif match := _CLOCK.search(text):
        hours = (int(match["h2"]) - int(match["h1"])) % 12
        minutes, written = hours * 60 + int(match["m2"]) - int(match["m1"]), match.group()
    else:
        return None
    if not 0 < minutes <= _MOST_MINUTES:
        return None
    rest = text[: match.start()] + " " + text[match.end() :]
    rest = re.sub(r"[(\[]\s*[:,–-]?\s*[)\]]", " ", rest)
    label = without_number(" ".join(rest.split()).strip(_EDGES))
    if label.count("(") > label.count(")") and "(" in label:
        label += ")"
    return minutes, written.strip(" ."), label


def without_number(title: str) -> str:
    """A heading without the number in front of it.

    Args:
        title: The heading.
    """
    return _NUMBER.sub("", title, count=1) if _NUMBER.match(title) else title


def plan_timings(sections: Sequence[Section]) -> tuple[Timing, ...]:
    """The phases of a plan with their lengths, from its headings, else its tables, else its lines.

    Only one of these is read, so that no phase counts twice. Of headings under one another the
    outer one counts, unless it holds two or more with lengths of their own.

    Args:
        sections: The sections of the plan.

    Returns:
        Phases in the order of the plan; empty where it gives no lengths.
    """
    found: list[Timing] = []
    for tier in (_of_headings, _of_tables, _of_lines):
        timings = list(tier(sections))
        if len(timings) >= 2:
            return tuple(timings)
        found = found or timings
    return tuple(found)


def _of_headings(sections: Sequence[Section]) -> Iterator[Timing]:
    read = {place: found for place, section in enumerate(sections) if (found := _phase_in(section.title))}
    inside = Counter(above for place in read for above in sections[place].above)
    kept: set[int] = set()
    for place, (minutes, written, label) in read.items():
        if inside[place] >= 2 or kept & set(sections[place].above):
            continue
        kept.add(place)
        yield Timing(label, minutes, written, sections[place].start)


def _phase_in(title: str) -> tuple[int, str, str] | None:
    read = minutes_in(title)
    return read if read and _is_phase(read[2]) else None


def _is_phase(label: str) -> bool:
    return any(map(str.isalpha, label)) and not _TOTAL.match(label) and not _LEFT_OVER.match(label)


def _of_tables(sections: Sequence[Section]) -> Iterator[Timing]:
    for section in sections:
        for block in section.blocks:
            if block.kind is BlockKind.TABLE:
                yield from _of_table(block)


def _of_table(block: Block) -> Iterator[Timing]:
    rows = [[plain(cell) for cell in row] for row in block.rows]
    headed = next((c for c, cell in enumerate(rows[0]) if _TIME_COLUMN.match(cell)), None)
    for row in rows:
        for column, cell in enumerate(row):
            read = minutes_in(cell)
            if read is not None and read[2] and column != headed:
                continue
            if (
                read is None
                and column == headed
                and (bare := _BARE.match(cell))
                and 0 < int(bare["high"]) <= _MOST_MINUTES
            ):
                read = (int(bare["high"]), cell, "")
            if read is None:
                continue
            label = read[2] or next((other for c, other in enumerate(row) if c != column and other), "")
            if _is_phase(label):
                yield Timing(label, read[0], read[1], block.start)
            break


def _of_lines(sections: Sequence[Section]) -> Iterator[Timing]:
    for section in sections:
        for block in section.blocks:
            if block.kind not in (BlockKind.ITEM, BlockKind.PARAGRAPH):
                continue
            head = plain(block.text)
            beginning = head[:90]
            match = _MINUTES.search(beginning) or _CLOCK.search(beginning)
            if match is None:
                continue
            before, after = head[: match.start()], head[match.end() :]
            leads = not before.strip(_EDGES)
            closes = len(before.split()) <= 8 and (before.rstrip().endswith(("(", "[", "–", "-", ":")))
            read = minutes_in(beginning)
            if read is None or not (leads or closes):
                continue
            label = after.strip(_EDGES) if leads else before.strip(_EDGES)
            if _is_phase(label):
                yield Timing(label, read[0], read[1], block.start)
