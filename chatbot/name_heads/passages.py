"""Passages of lesson plans and messages in which each pupil's name is marked."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from chatbot.masking_words import every_name
from mtl_core.errors import InputError

__all__ = ["SHIPPED_PASSAGES", "Passage", "parse_passage", "read_passages", "without_names"]

_DATA = Path(__file__).parents[1] / "masking_data"

SHIPPED_PASSAGES = tuple(sorted(_DATA.glob("passages-*.txt")))
"""Files of passages written for this project, to learn from."""

_WORD = re.compile(r"[^\W\d_]+")
_BEGIN, _END, _NEW_LINE = "«", "»", "¶"


@dataclass(frozen=True, slots=True)
class Passage:
    """A text and where pupils' names stand in it.

    Args:
        text: The text.
        names: Start and end of each name, from left to right.
    """

    text: str
    names: tuple[tuple[int, int], ...]


def parse_passage(line: str) -> Passage:
    """Read one line: names stand between ``«`` and ``»``, ``¶`` is a new line.

    Args:
        line: The line.

    Returns:
        The passage.

    Raises:
        InputError: If marks do not pair.
    """
    parts: list[str] = []
    names: list[tuple[int, int]] = []
    length, begun = 0, -1
    for character in line.replace(_NEW_LINE, "\n"):
        if character == _BEGIN and begun < 0:
            begun = length
        elif character == _END and 0 <= begun < length:
            names.append((begun, length))
            begun = -1
        elif character in (_BEGIN, _END):
            raise InputError(f"The marks of names do not pair in {line!r}; write each name as «Name».")
        else:
            parts.append(character)
            length += 1
    if begun >= 0:
        raise InputError(f"A name is not closed in {line!r}; write each name as «Name».")
    return Passage("".join(parts), tuple(names))


def read_passages(paths: Sequence[Path]) -> list[Passage]:
    """Read files with one passage a line.

    Args:
        paths: UTF-8 text files.

    Returns:
        The passages, in their order.

    Raises:
        InputError: If a file cannot be read, or marks do not pair.
    """
    try:
        lines = [line for path in paths for line in path.read_text(encoding="utf-8").splitlines()]
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"The passages cannot be read as UTF-8 text ({error}).") from error
    return [parse_passage(line) for line in lines if line.strip()]


def without_names(texts: Sequence[str], *, most: int) -> list[Passage]:
    """Texts in which no first name stands, as passages without a name.

    Args:
        texts: Any texts; those with a known first name are left out, since nobody has said whose it is.
        most: How many are kept, evenly spaced.

    Returns:
        The passages.
    """
    known = every_name()
    plain = [text for text in dict.fromkeys(texts) if known.isdisjoint(_WORD.findall(text)) and _WORD.search(text)]
    chosen = plain if len(plain) <= most else [plain[at * len(plain) // most] for at in range(most)]
    return [Passage(text, ()) for text in chosen]
