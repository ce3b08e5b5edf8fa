"""DejaVu, the typeface that comes with matplotlib: its files, its widths, and lines that fit."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from PIL import ImageFont

from mtl_core.errors import InputError

__all__ = ["BOLD", "REGULAR", "drawable", "fitted", "font_file", "text_width", "wrapped"]

REGULAR = "DejaVuSans"
BOLD = "DejaVuSans-Bold"
_UNITS = 1000
_MISSING = "□"
_MOST_WORD = 400


@cache
def font_file(name: str) -> Path:
    """Where a face of DejaVu is.

    Args:
        name: ``REGULAR`` or ``BOLD``.

    Raises:
        InputError: If matplotlib is not installed.
    """
    spec = find_spec("matplotlib")
    if spec is None or spec.submodule_search_locations is None:
        raise InputError("Exports need the extra for files; install lesson-nudge[files].")
    return Path(spec.submodule_search_locations[0]) / "mpl-data" / "fonts" / "ttf" / f"{name}.ttf"


@cache
def _letters(name: str) -> frozenset[int]:
    from matplotlib.ft2font import FT2Font  # noqa: PLC0415 - heavy import only where something is drawn

    return frozenset(FT2Font(str(font_file(name))).get_charmap())


@cache
def _font(name: str) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(str(font_file(name)), _UNITS, layout_engine=ImageFont.Layout.BASIC)


@cache
def _advance(character: str, name: str) -> float:
    """Width of a character in ems; one that the face lacks is taken as wide as the widest of its kind."""
    if ord(character) in _letters(name):
        return float(_font(name).getlength(character)) / _UNITS
    if unicodedata.combining(character) or unicodedata.category(character) in ("Cf", "Mn"):
        return 0.0
    return 1.0 if unicodedata.east_asian_width(character) in "WF" else 0.8


def text_width(text: str, *, size: float, font: str = REGULAR) -> float:
    """Width of a line.

    Args:
        text: The line.
        size: Size of the letters in points.
        font: The face.

    Returns:
        The width in points, without kerning, which only makes lines narrower.
    """
    return size * sum(_advance(character, font) for character in text)


def drawable(text: str, *, font: str = REGULAR) -> str:
    """Text with a box for each character that DejaVu cannot show, such as Chinese and emoji.

    Args:
        text: Any text.
        font: The face.
    """
    letters = _letters(font)
    kept = (c for c in text if unicodedata.category(c) not in ("Cf", "Cc", "Mn") or c in "\n\t" or ord(c) in letters)
    return "".join(c if c in "\n\t" or ord(c) in letters else _MISSING for c in kept)


def wrapped(text: str, *, width: float, size: float, font: str = REGULAR) -> list[str]:
    """Break a text into lines.

    Args:
        text: The text.
        width: Width of a line in points.
        size: Size of the letters in points.
        font: The face.

    Returns:
        Lines, none wider than ``width``; a word that is wider itself is cut.
    """
    lines: list[str] = []
    for paragraph in text.split("\n"):
        line, used = "", 0.0
        space = text_width(" ", size=size, font=font)
        for word in _words(paragraph, width=width, size=size, font=font):
            wide = text_width(word, size=size, font=font)
            if line and used + space + wide > width:
                lines.append(line)
                line, used = word, wide
            else:
                used += (space if line else 0.0) + wide
                line = f"{line} {word}" if line else word
        lines.append(line)
    return lines


def _words(paragraph: str, *, width: float, size: float, font: str) -> Iterator[str]:
    for word in paragraph.split():
        if len(word) < _MOST_WORD and text_width(word, size=size, font=font) <= width:
            yield word
            continue
        piece, used = "", 0.0
        for character in word:
            wide = text_width(character, size=size, font=font)
            if piece and used + wide > width:
                yield piece
                piece, used = "", 0.0
            piece += character
            used += wide
        yield piece


def fitted(
    text: str, *, width: float, height: float, sizes: tuple[float, ...], font: str = REGULAR, leading: float = 1.2
) -> tuple[float, list[str]]:
    """The largest size at which a text fits a box; at the smallest size what is left is cut.

    Args:
        text: The text.
        width: Width of the box in points.
        height: Height of the box in points.
        sizes: Sizes to try, largest first.
        font: The face.
        leading: Height of a line as a multiple of the size.

    Returns:
        The size, and the lines; the last one ends with an ellipsis where text was cut.
    """
    lines: list[str] = []
    size = sizes[-1]
    for size in sizes:
        lines = wrapped(text, width=width, size=size, font=font)
        if len(lines) * size * leading <= height:
            return size, lines
    most = max(1, int(height / (size * leading)))
    last = lines[most - 1]
    while last and text_width(last + "…", size=size, font=font) > width:
        last = last[:-1]
    return size, [*lines[: most - 1], last.rstrip() + "…"]
