"""The parts of a plan under their labels: sections, labelled lines and rows of forms."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from chatbot.artefacts.blocks import Block, BlockKind
from chatbot.artefacts.inline import plain

__all__ = ["Part", "Passage", "Section", "passages_of", "plan_parts", "plan_sections"]

_FIELD = re.compile(r"[*_\s]*(?P<label>[^:|*_.!?]{2,60}?)[*_\s]*:[*_\s]+(?P<value>\S.*)$", re.DOTALL)
_SENTENCE = re.compile(r"(?<=[.!?…])[\"'”’)]*\s+(?=[\"'“‘(]*[A-Z0-9À-Þ])")
_LABEL_WORDS = 8


@dataclass(frozen=True, slots=True)
class Passage:
    """Words of the plan, ready to be shown.

    Args:
        text: The words without marks of markdown.
        start: Where the block that holds them starts in the plan.
        end: Where that block ends.
        mark: Number of a list item as the plan writes it, empty for none.
    """

    text: str
    start: int
    end: int
    mark: str = ""


@dataclass(frozen=True, slots=True)
class Section:
    """A heading with what stands under it.

    Args:
        title: Words of the heading, empty above the first heading.
        level: Level of the heading, 0 above the first one.
        blocks: What stands between this heading and the next.
        start: Offset of its first character in the plan.
        end: Offset after its last character.
        above: Places of the sections that this one stands under, outermost first.
    """

    title: str
    level: int
    blocks: tuple[Block, ...]
    start: int
    end: int
    above: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Part:
    """A label with what it labels: a section with all below it, a labelled line, or a row of a form.

    Args:
        label: The label's words.
        passages: What it labels.
        section: Place of its section among the sections.
        whole: Whether it is a section and no line or row inside one.
    """

    label: str
    passages: tuple[Passage, ...]
    section: int
    whole: bool


def plan_sections(blocks: Sequence[Block]) -> tuple[Section, ...]:
    """Group blocks under their headings.

    Args:
        blocks: The blocks of a plan.

    Returns:
        Sections in order; one without a title where the plan starts without a heading.
    """
    groups: list[tuple[Block | None, list[Block]]] = []
    for block in blocks:
        if block.kind is BlockKind.HEADING:
            groups.append((block, []))
        else:
            if not groups:
                groups.append((None, []))
            groups[-1][1].append(block)
    sections: list[Section] = []
    for head, inside in groups:
        level = head.level if head else 0
        first, last = head or inside[0], inside[-1] if inside else head or inside[0]
        above = _above(sections, level)
        title = plain(head.text).rstrip(" :") if head else ""
        sections.append(Section(title, level, tuple(inside), first.start, last.end, above))
    return tuple(sections)


def _above(sections: Sequence[Section], level: int) -> tuple[int, ...]:
    found: list[int] = []
    least = level
    for place in range(len(sections) - 1, -1, -1):
        if 0 < sections[place].level < least:
            found.append(place)
            least = sections[place].level
    return tuple(reversed(found))


def plan_parts(sections: Sequence[Section]) -> tuple[Part, ...]:
    """All labels of a plan with what they label, in order.

    Args:
        sections: The sections of the plan.
    """
    parts: list[Part] = []
    for place, section in enumerate(sections):
        below = [other for other in sections[place + 1 :] if place in other.above]
        inside = [block for part in (section, *below) for block in part.blocks]
        if section.title:
            parts.append(
                Part(section.title, tuple(p for block in inside for p in passages_of(block)), place, whole=True)
            )
        parts += [Part(label, passages, place, whole=False) for label, passages in _labelled(section.blocks)]
    return tuple(parts)


def passages_of(block: Block) -> Iterator[Passage]:
    """The passages of a block: one for an item, one for each sentence, one for each row.

    Args:
        block: The block.
    """
    if block.kind is BlockKind.TABLE:
        for row in block.rows:
            words = " · ".join(filter(None, map(plain, row)))
            if words:
                yield Passage(words, block.start, block.end)
        return
    whole = plain(block.text)
    pieces = [whole] if block.kind is not BlockKind.PARAGRAPH else _SENTENCE.split(whole)
    for piece in pieces:
        if any(map(str.isalnum, piece)):
            number = block.mark if any(map(str.isalnum, block.mark)) else ""
            yield Passage(piece, block.start, block.end, number if piece is pieces[0] else "")


def _labelled(blocks: Sequence[Block]) -> Iterator[tuple[str, tuple[Passage, ...]]]:
    for number, block in enumerate(blocks):
        if block.kind is BlockKind.TABLE:
            for row in block.rows:
                cells = [plain(cell) for cell in row]
                if len(cells) == 2 and all(cells) and len(cells[0].split()) <= _LABEL_WORDS:
                    yield cells[0].rstrip(" :"), (Passage(cells[1], block.start, block.end),)
        elif (match := _FIELD.match(block.text)) and len(match["label"].split()) <= _LABEL_WORDS:
            values = [Passage(plain(match["value"]), block.start, block.end)]
            yield plain(match["label"]), (*values, *_deeper(block, blocks[number + 1 :]))


def _deeper(block: Block, following: Sequence[Block]) -> Iterator[Passage]:
    """Items that stand under a labelled line."""
    depth = block.level if block.kind is BlockKind.ITEM else -1
    for other in following:
        if other.kind is not BlockKind.ITEM or other.level <= depth:
            return
        yield from passages_of(other)
