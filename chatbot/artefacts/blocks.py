"""A plan as blocks: headings, paragraphs, list items, tables and code, each with its place in the text."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from mtl_core.segments import Segment, SegmentKind

__all__ = ["LABEL_LEVEL", "Block", "BlockKind", "plan_blocks"]

LABEL_LEVEL = 7
"""Level of a line that heads what follows without a mark of a heading."""

MOST_COLUMNS = 20
_ATX = re.compile(r"[ \t]{0,3}(?P<marks>#{1,6})[ \t]*(?P<text>.*?)[ \t]*#*[ \t]*$")
_UNDERLINE = re.compile(r"[ \t]*(?P<mark>[=-])(?:[ \t]*(?P=mark)){2,}[ \t]*$")
_FENCE = re.compile(r"[ \t]*(?:```|~~~)")
_CLOSING = re.compile(r"[ \t]*(?:`{3,}|~{3,})[ \t]*")
_ITEM = re.compile(
    r"(?P<indent>[ \t]*)(?P<mark>[-*+•◦▪●○‣→☐☑✓➢–]|\(?\d{1,3}[.)]|\(?[a-zA-Z][.)]|\[[ xX]\])[ \t]+(?P<text>\S.*)$"
)
_BOX = re.compile(r"\[(?P<state>[ xX])\][ \t]+")
_TABLE_RULE = re.compile(r"[ \t]*\|?[ \t:|+-]*-[ \t:|+-]*\|?[ \t]*$")
_CELL_EDGE = re.compile(r"(?<!\\)\|")
_WORD = re.compile(r"[^\W_]")
_LABELLED = re.compile(r"[ \t]*[*_]{0,2}[A-Z][\w ]{1,30}[*_]{0,2}:[*_]{0,2}[ \t]")
_FRONT = 40
_WRAP_WIDTH = (50, 140)


class BlockKind(StrEnum):
    """What a block is."""

    HEADING = "heading"
    PARAGRAPH = "paragraph"
    ITEM = "item"
    TABLE = "table"
    CODE = "code"


@dataclass(frozen=True, slots=True)
class Block:
    """One block of a plan.

    Args:
        kind: What it is.
        start: Offset of its first character in the plan.
        end: Offset after its last character.
        text: Its words with the marks inside lines and without the marks of the block; of a table empty.
        level: Of a heading 1 to 7, of an item its depth from 0.
        mark: Of an item its mark as the plan writes it.
        rows: Cells of a table by row.
    """

    kind: BlockKind
    start: int
    end: int
    text: str
    level: int = 0
    mark: str = ""
    rows: tuple[tuple[str, ...], ...] = ()


@dataclass(frozen=True, slots=True)
class _Line:
    start: int
    end: int
    text: str


def plan_blocks(text: str, segments: Sequence[Segment]) -> tuple[Block, ...]:
    """Cut a plan into blocks.

    Args:
        text: The plan.
        segments: Its segments; what they call a heading is one here.

    Returns:
        Blocks in order. Every line with a letter or digit is in exactly one of them.
    """
    heads = {segment.start for segment in segments if segment.kind is SegmentKind.HEADING}
    return tuple(_Reader(list(_lines(text)), heads).read())


def _lines(text: str) -> Iterator[_Line]:
    position = 0
    for line in text.splitlines(keepends=True):
        content = line.rstrip("\r\n\v\f\x1c\x1d\x1e\x85\u2028\u2029")
        yield _Line(position, position + len(content), content)
        position += len(line)


class _Reader:
    """Goes over the lines once; each method takes what belongs to one block."""

    def __init__(self, lines: Sequence[_Line], heads: Collection[int]) -> None:
        self._lines = lines
        self._heads = heads
        self._at = 0

    def read(self) -> Iterator[Block]:
        yield from self._front_matter()
        while self._at < len(self._lines):
            line = self._lines[self._at]
            if _FENCE.match(line.text):
                yield from self._code()
            elif not _WORD.search(line.text):
                self._at += 1
            elif self._is_head(line):
                yield self._heading(line)
            elif _is_row(line.text):
                yield from self._table()
            elif match := _ITEM.match(line.text):
                yield self._item(line, match)
            else:
                yield self._paragraph()

    def _front_matter(self) -> Iterator[Block]:
        """Fields between two rules at the very start, each a line of its own."""
        if not self._lines or self._lines[0].text.strip() != "---":
            return
        close = next((n for n, line in enumerate(self._lines[1:_FRONT], 1) if line.text.strip() == "---"), None)
        if close is None or not any(":" in line.text for line in self._lines[1:close]):
            return
        for line in self._lines[1:close]:
            if _WORD.search(line.text):
                yield Block(BlockKind.PARAGRAPH, line.start, line.end, line.text.strip())
        self._at = close + 1

    def _is_head(self, line: _Line) -> bool:
        return any(place in self._heads for place in range(line.start, min(line.end, line.start + 80)))

    def _code(self) -> Iterator[Block]:
        first = self._lines[self._at]
        begin = self._at
        self._at += 1
        while self._at < len(self._lines) and not _CLOSING.fullmatch(self._lines[self._at].text):
            self._at += 1
        inside = self._lines[begin + 1 : self._at]
        label = first.text.strip(" \t`~")
        self._at += 1
        shown = [label, *(line.text for line in inside)] if _WORD.search(label) else [line.text for line in inside]
        end = inside[-1].end if inside else first.end
        if any(_WORD.search(line) for line in shown):
            yield Block(BlockKind.CODE, first.start, end, "\n".join(shown))

    def _heading(self, line: _Line) -> Block:
        self._at += 1
        following = self._lines[self._at].text if self._at < len(self._lines) else ""
        if match := _ATX.match(line.text):
            return Block(BlockKind.HEADING, line.start, line.end, match["text"], len(match["marks"]))
        if under := _UNDERLINE.match(following):
            level = 1 if under["mark"] == "=" else 2
            return Block(BlockKind.HEADING, line.start, line.end, line.text.strip(), level)
        item = _ITEM.match(line.text)
        if item and not item["mark"].strip("()").rstrip(".)").isalnum():
            return Block(BlockKind.HEADING, line.start, line.end, item["text"].strip(), LABEL_LEVEL, item["mark"])
        return Block(BlockKind.HEADING, line.start, line.end, line.text.strip(), LABEL_LEVEL)

    def _table(self) -> Iterator[Block]:
        begin = self._at
        rows: list[tuple[str, ...]] = []
        while self._at < len(self._lines):
            line = self._lines[self._at].text
            if not _is_row(line) and not (rows and _TABLE_RULE.match(line) and "|" in line):
                break
            if _WORD.search(line):
                cells = _cells(line)
                if len(cells) > MOST_COLUMNS:
                    break
                rows.append(cells)
            self._at += 1
        if rows:
            yield Block(BlockKind.TABLE, self._lines[begin].start, self._lines[self._at - 1].end, "", rows=tuple(rows))
        if self._at == begin:
            wide = self._lines[begin]
            self._at += 1
            yield Block(BlockKind.PARAGRAPH, wide.start, wide.end, wide.text.strip())

    def _item(self, line: _Line, match: re.Match[str]) -> Block:
        depth = min(3, len(match["indent"].expandtabs(4)) // 2)
        mark, text = match["mark"], match["text"].rstrip()
        if box := _BOX.match(text):
            mark, text = ("☐" if box["state"] == " " else "☑"), text[box.end() :]
        elif mark[0] == "[":
            mark = "☐" if mark[1] == " " else "☑"
        lines = [line]
        self._at += 1
        while self._at < len(self._lines) and self._wraps(lines[-1], self._lines[self._at], inside=True):
            lines.append(self._lines[self._at])
            self._at += 1
        joined = " ".join([text, *(other.text.strip() for other in lines[1:])])
        return Block(BlockKind.ITEM, line.start, lines[-1].end, joined, depth, mark)

    def _paragraph(self) -> Block:
        lines = [self._lines[self._at]]
        self._at += 1
        while self._at < len(self._lines) and self._wraps(lines[-1], self._lines[self._at], inside=False):
            lines.append(self._lines[self._at])
            self._at += 1
        joined = " ".join(line.text.strip() for line in lines)
        return Block(BlockKind.PARAGRAPH, lines[0].start, lines[-1].end, joined)

    def _wraps(self, before: _Line, line: _Line, *, inside: bool) -> bool:
        """Whether a line is there only because the one before was full: its first word would not have fitted."""
        if not _WORD.search(line.text) or self._is_head(line) or _FENCE.match(line.text) or _is_row(line.text):
            return False
        if _ITEM.match(line.text) or _LABELLED.match(line.text):
            return False
        if inside and line.text[:1].isspace() and not before.text.rstrip().endswith((".", "!", "?", ":")):
            return True
        low, high = _WRAP_WIDTH
        lengths = [len(other.text.rstrip()) for other in self._run()]
        width = max(lengths)
        full = sum(length > 0.75 * width for length in lengths[:-1])
        first_word = len(line.text.split(maxsplit=1)[0])
        fitted = len(before.text.rstrip()) + 1 + first_word > width
        # separate lines of any length are no wrapped text, even where one happens to be full
        return fitted and low <= width <= high and full >= 0.6 * (len(lengths) - 1)

    def _run(self) -> Sequence[_Line]:
        """The lines around this one up to an empty line: they share the width at which they were wrapped."""
        first = last = self._at
        while first > 0 and self._at - first < 40 and self._lines[first - 1].text.strip():
            first -= 1
        while last < len(self._lines) and last - self._at < 40 and self._lines[last].text.strip():
            last += 1
        return self._lines[first:last]


def _is_row(line: str) -> bool:
    stripped = line.strip()
    return stripped.count("|") >= 2 or (stripped.startswith("|") and len(stripped) > 1)


def _cells(line: str) -> tuple[str, ...]:
    stripped = line.strip()
    inner = stripped.removeprefix("|")
    if inner.endswith("|") and not inner.endswith("\\|"):
        inner = inner[:-1]
    return tuple(cell.strip() for cell in _CELL_EDGE.split(inner))
