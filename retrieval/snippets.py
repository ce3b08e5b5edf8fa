"""The passage of a document that shows best why it was found, with the matching words marked."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from retrieval.words import Analyser, words_of

__all__ = ["Mark", "Snippet", "best_snippet", "marks_in"]

Mark = tuple[int, int]
"""Offset of a matching word's first character, and the offset after its last."""


@dataclass(frozen=True, slots=True)
class Snippet:
    """A passage of one field.

    Args:
        field: Name of the field.
        text: The passage, cut at words; a substring of the field.
        start: Offset of the passage in the field.
        marks: Matching words, as offsets into ``text``.
    """

    field: str
    text: str
    start: int
    marks: tuple[Mark, ...]


def marks_in(text: str, stems: Collection[str], *, analyser: Analyser) -> tuple[Mark, ...]:
    """Words of a text whose stem is looked for.

    Args:
        text: Any text.
        stems: Stems of the query.
        analyser: The one that made the stems.

    Returns:
        Offsets into ``text``, in order, none overlapping.
    """
    return tuple((word.start, word.end) for word in words_of(text) if analyser.stem(word.text) in stems)


def best_snippet(
    fields: Mapping[str, str], stems: Collection[str], *, analyser: Analyser, most_characters: int = 240
) -> Snippet | None:
    """The passage that shows most of the words looked for.

    Different words count before repeats, an earlier field and an earlier passage before a later one.

    Args:
        fields: Texts by name, the most telling first.
        stems: Stems of the query.
        analyser: The one that made the stems.
        most_characters: Longest passage, above 0; one word may be longer.

    Returns:
        The passage, the head of the first field that has text where nothing matches, or ``None``
        where all fields are empty.
    """
    best: tuple[tuple[int, int], Snippet] | None = None
    for name, text in fields.items():
        if not text.strip():
            continue
        score, snippet = _best_of(name, text, stems, analyser=analyser, most_characters=most_characters)
        if best is None or score > best[0]:
            best = score, snippet
    return None if best is None else best[1]


def _best_of(
    name: str, text: str, stems: Collection[str], *, analyser: Analyser, most_characters: int
) -> tuple[tuple[int, int], Snippet]:
    words = list(words_of(text))
    matches = [(place, stem) for place, word in enumerate(words) if (stem := analyser.stem(word.text)) in stems]
    best, score = range(0), (0, 0)
    for first in range(len(matches)):
        last = first
        start = words[matches[first][0]].start
        while last + 1 < len(matches) and words[matches[last + 1][0]].end - start <= most_characters:
            last += 1
        found = [stem for _, stem in matches[first : last + 1]]
        if (len(set(found)), len(found)) > score:
            best, score = range(first, last + 1), (len(set(found)), len(found))
    left, right = (matches[best[0]][0], matches[best[-1]][0]) if best else (0, 0)
    bounds = [(word.start, word.end) for word in words] or [(0, min(len(text), most_characters))]
    left, right = _widened(bounds, left, right, most_characters)
    start, end = bounds[left][0], bounds[right][1]
    marks = tuple(
        (words[place].start - start, words[place].end - start) for place, _ in matches if left <= place <= right
    )
    return score, Snippet(name, text[start:end], start, marks)


def _widened(bounds: list[Mark], left: int, right: int, most_characters: int) -> tuple[int, int]:
    """Add words on both sides by turns while the passage stays short enough."""
    grown = True
    while grown:
        grown = False
        if right + 1 < len(bounds) and bounds[right + 1][1] - bounds[left][0] <= most_characters:
            right, grown = right + 1, True
        if left > 0 and bounds[right][1] - bounds[left - 1][0] <= most_characters:
            left, grown = left - 1, True
    return left, right
