"""Marks of markdown inside a line, and text that every file format takes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

__all__ = ["Span", "plain", "safe_text", "shortened", "spans"]

_INLINE = re.compile(
    r"(?P<ticks>`{1,3})(?P<code>[^`\n]{1,300})(?P=ticks)"
    r"|\*\*(?=\S)(?P<bold>[^\n]{1,300}?)(?<=\S)\*\*"
    r"|(?<![\w*_])(?P<mark>[*_])(?=[^\s*_])(?P<italic>[^*_\n]{1,300})(?<=\S)(?P=mark)(?![\w*_])"
    r"|!?\[(?P<label>[^\[\]\n]{1,300})\]\((?P<url>[^()\s]{1,500})\)"
    r"|\[(?P<name>[^\[\]\n]{1,300})\]\[\]"
    r"|(?P<break><br[ ]?/?>)"
    r"|\\(?P<escaped>[\\`*_{}\[\]()#+.!|<>~-])",
    re.IGNORECASE,
)
# what XML 1.0 cannot hold, among it the halves of characters
_UNWRITABLE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_LINE_ENDS = re.compile("\r\n?|[\v\f\x1c-\x1e\x85\u2028\u2029]")


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of one line in one face.

    Args:
        text: Its characters without the marks.
        bold: Whether it is strong.
        italic: Whether it is emphasised.
        code: Whether it is code.
    """

    text: str
    bold: bool = False
    italic: bool = False
    code: bool = False


def spans(line: str) -> Iterator[Span]:
    """Read bold, italic, code, links and line breaks of markdown; everything else stays as it is.

    A link becomes its words with the address in brackets: no file that is handed out opens
    an address by a click that its reader cannot see.

    Args:
        line: A line or paragraph of the plan.

    Returns:
        Its spans in order, made of characters that every format takes.
    """
    line = safe_text(line)
    position = 0
    for match in _INLINE.finditer(line):
        if match.start() > position:
            yield Span(line[position : match.start()])
        position = match.end()
        if match["code"] is not None:
            yield Span(match["code"], code=True)
        elif match["bold"] is not None:
            yield from (Span(s.text, bold=True, italic=s.italic, code=s.code) for s in spans(match["bold"]))
        elif match["italic"] is not None:
            yield Span(match["italic"], italic=True)
        elif match["label"] is not None:
            label, url = match["label"], match["url"]
            yield Span(label if label == url else f"{label} ({url})")
        elif match["name"] is not None:
            yield Span(match["name"])
        else:
            yield Span("\n" if match["break"] else match["escaped"])
    if position < len(line):
        yield Span(line[position:])


def plain(line: str) -> str:
    """The words of a line without marks of markdown, on one line.

    Args:
        line: A line or paragraph of the plan.
    """
    return " ".join("".join(span.text for span in spans(line)).split())


def safe_text(text: str) -> str:
    """Text without characters that no XML file can hold; each becomes a replacement character.

    Args:
        text: Any text.
    """
    return _UNWRITABLE.sub("\N{REPLACEMENT CHARACTER}", _LINE_ENDS.sub("\n", text))


def shortened(text: str, *, characters: int) -> str:
    """A text cut at a space where it is longer than a limit, and then ended with an ellipsis.

    Args:
        text: The text.
        characters: The limit.
    """
    if len(text) <= characters:
        return text
    cut = text[: characters - 1]
    space = cut.rfind(" ")
    return (cut[:space] if space > characters // 2 else cut).rstrip(" ,;:") + "…"
