"""Which paragraphs of a Word file are headings and list items, and the marks of the items."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from docx.opc.constants import RELATIONSHIP_TYPE
from docx.oxml.ns import qn

if TYPE_CHECKING:
    from docx.parts.document import DocumentPart
    from lxml.etree import _Element

__all__ = ["TITLE_LEVEL", "Numbering", "ParagraphStyle", "Styles"]

TITLE_LEVEL = 0
"""Level of a paragraph in the style Title, above all headings."""

_HEADING = re.compile(r"heading ([1-9])$", re.IGNORECASE)
_MAX_CHAIN = 20
_VAL = qn("w:val")
_ROMAN = ((10, "x"), (9, "ix"), (5, "v"), (4, "iv"), (1, "i"))


@dataclass(frozen=True, slots=True)
class ParagraphStyle:
    """What a paragraph's style says of it.

    Args:
        heading: Level of the heading, ``None`` for a paragraph that is none.
        number: Id of its numbering, empty for none.
        level: Depth in the list.
    """

    heading: int | None = None
    number: str = ""
    level: int = 0


@dataclass(frozen=True, slots=True)
class Styles:
    """The paragraph styles of a file.

    Args:
        by_id: What each style says, what it inherits included.
    """

    by_id: dict[str, ParagraphStyle]

    @classmethod
    def of(cls, styles: Any) -> Styles:
        """Read the styles part.

        Args:
            styles: Its root element.
        """
        elements = {style.get(qn("w:styleId"), ""): style for style in styles.findall(qn("w:style"))}
        return cls({name: _resolved(name, elements) for name in elements})

    def of_paragraph(self, paragraph: _Element) -> ParagraphStyle:
        """What style and direct format say of a paragraph.

        Args:
            paragraph: The ``w:p`` element.
        """
        properties = paragraph.find(qn("w:pPr"))
        if properties is None:
            return ParagraphStyle()
        style = properties.find(qn("w:pStyle"))
        base = self.by_id.get(style.get(_VAL, ""), ParagraphStyle()) if style is not None else ParagraphStyle()
        return _with_properties(base, properties)


@dataclass(slots=True)
class Numbering:
    """The lists of a file, and how far each has been counted.

    Args:
        formats: Format and first number by list and level.
        counts: Last number given, by list and level.
    """

    formats: dict[tuple[str, int], tuple[str, int]]
    counts: defaultdict[tuple[str, int], int] = field(default_factory=lambda: defaultdict(int))

    @classmethod
    def of(cls, part: DocumentPart) -> Numbering:
        """Read the numbering part, if the file has one.

        Args:
            part: The document part.
        """
        related = [
            rel for rel in part.rels.values() if rel.reltype == RELATIONSHIP_TYPE.NUMBERING and not rel.is_external
        ]
        root: Any = getattr(related[0].target_part, "element", None) if related else None
        if root is None:
            return cls({})
        abstract = {item.get(qn("w:abstractNumId")): item for item in root.findall(qn("w:abstractNum"))}
        formats: dict[tuple[str, int], tuple[str, int]] = {}
        for number in root.findall(qn("w:num")):
            pointer = number.find(qn("w:abstractNumId"))
            levels = abstract.get(pointer.get(_VAL)) if pointer is not None else None
            for level in levels.findall(qn("w:lvl")) if levels is not None else ():
                key = (number.get(qn("w:numId"), ""), _integer(level.get(qn("w:ilvl"))))
                formats[key] = (_value(level, "w:numFmt", "bullet"), _integer(_value(level, "w:start", "1"), 1))
        return cls(formats)

    def mark(self, number: str, level: int) -> str | None:
        """The mark of the next item of a list.

        Args:
            number: Id of the list.
            level: Depth of the item.

        Returns:
            Such as ``-``, ``2.`` or ``b.``; ``None`` where the list shows no mark.
        """
        if number == "0":
            return None
        kind, first = self.formats.get((number, level), ("bullet", 1))
        for key in [key for key in self.counts if key[0] == number and key[1] > level]:
            del self.counts[key]
        count = self.counts.get((number, level), first - 1) + 1
        self.counts[number, level] = count
        if kind == "none":
            return None
        if kind in ("lowerLetter", "upperLetter") and 1 <= count <= 26:
            letter = chr(ord("a") + count - 1)
            return f"{letter if kind == 'lowerLetter' else letter.upper()}."
        if kind in ("lowerRoman", "upperRoman") and 1 <= count < 40:
            roman = _roman(count)
            return f"{roman if kind == 'lowerRoman' else roman.upper()}."
        return "-" if kind == "bullet" else f"{count}."


def _resolved(name: str, elements: dict[str, Any]) -> ParagraphStyle:
    chain: list[Any] = []
    while name in elements and len(chain) < _MAX_CHAIN:
        chain.append(elements[name])
        name = _value(elements[name], "w:basedOn", "")
    style = ParagraphStyle()
    for element in reversed(chain):
        title = _value(element, "w:name", "")
        if match := _HEADING.match(title):
            style = replace(style, heading=int(match[1]))
        elif title.lower() == "title":
            style = replace(style, heading=TITLE_LEVEL)
        properties = element.find(qn("w:pPr"))
        if properties is not None:
            style = _with_properties(style, properties)
    return style


def _with_properties(style: ParagraphStyle, properties: _Element) -> ParagraphStyle:
    outline = _integer(_value(properties, "w:outlineLvl", "9"), 9)
    if outline < 9:
        style = replace(style, heading=outline + 1)
    numbered = properties.find(qn("w:numPr"))
    if numbered is None:
        return style
    level = _integer(_value(numbered, "w:ilvl", str(style.level)), style.level)
    return replace(style, number=_value(numbered, "w:numId", style.number), level=max(0, level))


def _value(element: _Element, name: str, otherwise: str) -> str:
    found = element.find(qn(name))
    return otherwise if found is None else str(found.get(_VAL, otherwise))


def _integer(value: str | None, otherwise: int = 0) -> int:
    return int(value) if value and value.isdecimal() and len(value) < 6 else otherwise


def _roman(count: int) -> str:
    made = ""
    for value, letters in _ROMAN:
        while count >= value:
            made += letters
            count -= value
    return made
