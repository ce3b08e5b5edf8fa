"""A document cut into segments whose offsets point into the original text.

A segment is the unit of evidence: one sentence, one bullet, one table row or one heading.
Nothing is normalised, so ``text[segment.start:segment.end]`` is always the quote itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

__all__ = ["Segment", "SegmentKind", "segment_document"]


class SegmentKind(StrEnum):
    """What a segment was in the document."""

    HEADING = "heading"
    SENTENCE = "sentence"
    BULLET = "bullet"
    ROW = "row"


@dataclass(frozen=True, slots=True)
class Segment:
    """One passage of a document.

    Args:
        start: Offset of the first character in the document.
        end: Offset after the last character.
        text: ``document[start:end]``, byte for byte.
        kind: Heading, sentence, bullet or table row.
        heading: Text of the nearest heading above, without marks; empty above the first one.
    """

    start: int
    end: int
    text: str
    kind: SegmentKind
    heading: str = ""


@dataclass(frozen=True, slots=True)
class _Block:
    start: int
    end: int
    kind: SegmentKind


_BULLET = re.compile(r"[ \t]*(?:[-*+•◦▪●○‣→☐☑✓➢–]|\(?\d{1,3}[.)]|\(?[a-zA-Z][.)]|\[[ xX]\])[ \t]+(?=\S)")
_NUMBERED_TITLE = re.compile(r"(?:[IVX]{1,5}|[A-Z]|\d{1,2}(?:\.\d+)*)[.):]\s+\S")
_ATX = re.compile(r"[ \t]{0,3}#{1,6}(?=[ \t]|\w)")
_RULE = re.compile(r"[ \t]*([-=*_~])(?:[ \t]*\1){2,}[ \t]*$")
_TABLE_RULE = re.compile(r"[ \t]*\|?[ \t:|+-]*-[ \t:|+-]*\|?[ \t]*$")
_FENCE = re.compile(r"[ \t]*(```|~~~)")
_MARKS = " \t\r\n#>*_~=|`•-–:"
_BOLD_LINE = re.compile(r"[ \t]*(\*\*|__)(?P<inner>[^*_\n]{2,80})\1:?[ \t]*$")
_SENTENCE_END = re.compile(
    # a run of marks is tried once, from its start, so that thousands of dots cost no more than one
    r"""(?<![.!?…])[.!?…]++["'”’)\]*_]*+(?=\s+["'“‘(\[*_]*[A-Z0-9À-Þ]|\s*\n)"""
)
_ABBREVIATION = re.compile(
    r"(?:\b(?:e\.g|i\.e|etc|vs|cf|approx|min|mins|hr|hrs|sec|no|nos|fig|figs|pp?|ch|dr|mr|mrs|ms|prof|st|ex|gr|yr|wk"
    r"|incl|ss|sts|inc)|\b[A-Z]|^\W*\d{1,2}|\b[a-z]\.[a-z])\.$",
    re.IGNORECASE,
)
_WORD = re.compile(r"[^\W_]")
_ABBREVIATION_REACH = 24
_TITLE_MAX_WORDS = 9


def segment_document(text: str, *, max_words: int = 60) -> list[Segment]:
    """Cut a lesson plan (markdown, plain text, bullets, pipe tables) into segments.

    Hard-wrapped lines are joined when the next line plainly goes on. Rules, fences and lines
    without a letter or digit give no segment.

    Args:
        text: The document.
        max_words: Longer passages are cut at a clause or a space, so that no segment is
            truncated by the encoder's token budget.

    Returns:
        Segments in document order; they never overlap.

    Raises:
        ValueError: If ``max_words`` is below 8.
    """
    if max_words < 8:
        raise ValueError(f"max_words is {max_words}; give 8 or more.")
    segments: list[Segment] = []
    heading = ""
    for block in _blocks(text):
        if block.kind is SegmentKind.HEADING:
            heading = _plain(text[block.start : block.end])
            for first, last in _fit(text[block.start : block.end], 0, block.end - block.start, max_words=max_words):
                start, end = block.start + first, block.start + last
                if _WORD.search(text[start:end]):
                    segments.append(Segment(start, end, text[start:end], block.kind, ""))
            continue
        for start, end in _pieces(text, block, max_words=max_words):
            segments.append(Segment(start, end, text[start:end], block.kind, heading))
    return segments


def _plain(title: str) -> str:
    return title.strip(_MARKS)


def _lines(text: str) -> Iterator[tuple[int, int]]:
    position = 0
    for line in text.splitlines(keepends=True):
        yield position, position + len(line.rstrip("\r\n\v\f\x1c\x1d\x1e\x85\u2028\u2029"))
        position += len(line)


def _trim(text: str, start: int, end: int) -> tuple[int, int]:
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    return start, end


def _blocks(text: str) -> Iterator[_Block]:
    """Group lines into headings, bullets, rows and paragraphs."""
    open_start = open_end = -1
    kind = SegmentKind.SENTENCE
    lines = list(_lines(text))
    for index, (start, end) in enumerate(lines):
        line = text[start:end]
        if not _WORD.search(line) or _FENCE.match(line):
            if open_start >= 0:
                yield _Block(open_start, open_end, kind)
            open_start = -1
            continue
        following = text[slice(*lines[index + 1])] if index + 1 < len(lines) else ""
        line_kind = _line_kind(line, following)
        starts_new = (
            open_start < 0 or line_kind is not SegmentKind.SENTENCE or not _continues(text[open_start:open_end], line)
        )
        if starts_new:
            if open_start >= 0:
                yield _Block(open_start, open_end, kind)
            first, last = _trim(text, start + _prefix_length(line), end)
            open_start, open_end, kind = first, last, line_kind
            if line_kind in (SegmentKind.HEADING, SegmentKind.ROW):
                yield _Block(open_start, open_end, kind)
                open_start = -1
        else:
            open_end = _trim(text, start, end)[1]
    if open_start >= 0:
        yield _Block(open_start, open_end, kind)


def _prefix_length(line: str) -> int:
    """Length of a bullet mark that is no part of the quote; numbers are kept out as well."""
    match = _BULLET.match(line)
    return match.end() if match else 0


def _line_kind(line: str, following: str) -> SegmentKind:
    if _ATX.match(line) or (_RULE.match(following) and following.strip()[0] in "-=" and len(line.split()) <= 12):
        return SegmentKind.HEADING
    stripped = line.strip()
    if stripped.count("|") >= 2 or (stripped.startswith("|") and len(stripped) > 1):
        return SegmentKind.ROW
    bold = _BOLD_LINE.match(line)
    if bold and _is_short(bold["inner"]):
        return SegmentKind.HEADING
    bullet = _BULLET.match(line)
    if (
        bullet
        and _is_short(label := line[bullet.end() :].strip())
        and _plain(label) != label.rstrip()
        and ":" in label[-4:]
    ):
        return SegmentKind.HEADING
    if bullet and not _NUMBERED_TITLE.match(stripped):
        return SegmentKind.BULLET
    if _is_title(stripped):
        return SegmentKind.HEADING
    return SegmentKind.BULLET if bullet else SegmentKind.SENTENCE


def _is_short(line: str) -> bool:
    return len(line.split()) <= _TITLE_MAX_WORDS and line[-1] not in ".!?;,…" and any(map(str.isalpha, line))


def _is_title(line: str) -> bool:
    """Short line that names what follows: ends with a colon, is in capitals, or is a numbered title."""
    if not _is_short(line):
        return False
    words = line.split()
    letters = [character for character in line if character.isalpha()]
    if line.endswith(":"):
        return True
    if len(letters) > 3 and all(character.isupper() for character in letters):
        return True
    capitals = sum(word[0].isupper() for word in words if word[0].isalpha())
    return bool(_NUMBERED_TITLE.match(line)) and capitals >= max(1, sum(word[0].isalpha() for word in words) - 2)


def _continues(before: str, line: str) -> bool:
    """Whether a line goes on with the passage before it (a hard wrap of a PDF or an e-mail)."""
    end = before.rstrip()[-1:]
    first = line.lstrip()[:1]
    if end in "-,;(/" or first.islower():
        return True
    return end not in ".!?:…" and len(before.rsplit("\n", 1)[-1].split()) >= 9


def _pieces(text: str, block: _Block, *, max_words: int) -> Iterator[tuple[int, int]]:
    passage = text[block.start : block.end]
    if block.kind is SegmentKind.ROW or (block.kind is SegmentKind.BULLET and len(passage.split()) <= max_words // 2):
        sentences = [(0, len(passage))]
    else:
        sentences = list(_sentences(passage))
    for start, end in sentences:
        for first, last in _fit(passage, start, end, max_words=max_words):
            begin, finish = _trim(text, block.start + first, block.start + last)
            if _WORD.search(text[begin:finish]):
                yield begin, finish


def _sentences(passage: str) -> Iterator[tuple[int, int]]:
    start = 0
    for match in _SENTENCE_END.finditer(passage):
        # a bounded look back keeps thousands of short sentences linear
        if _ABBREVIATION.search(passage[max(start, match.end() - _ABBREVIATION_REACH) : match.end()]):
            continue
        yield start, match.end()
        start = match.end()
    if start < len(passage):
        yield start, len(passage)


def _fit(passage: str, start: int, end: int, *, max_words: int) -> Iterator[tuple[int, int]]:
    """Cut a passage of more than ``max_words`` words at the last clause mark that fits, else at a space."""
    words = [(m.start() + start, m.end() + start) for m in re.finditer(r"\S+", passage[start:end])]
    first = 0
    while len(words) - first > max_words:
        window = words[first : first + max_words]
        cut = max(
            (i for i in range(max_words // 2, max_words) if passage[window[i][1] - 1] in ".;:,|?!"),
            default=max_words - 1,
        )
        yield window[0][0], window[cut][1]
        first += cut + 1
    if first < len(words):
        yield words[first][0], words[-1][1]
