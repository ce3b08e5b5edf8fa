"""How hard a text is to read, as a US grade, and whether that fits a lesson's grade."""

from __future__ import annotations

import re

__all__ = ["fits_grade", "reading_grade"]

_EASIEST_LIMIT = 9
_ABOVE_GRADE = 6


def reading_grade(text: str) -> float:
    """Flesch-Kincaid grade level of a text.

    Args:
        text: A few sentences; marks of markup do not count.

    Returns:
        US grade, 0 or more; 0 for a text without words.

    Source:
        Kincaid et al. (1975), Research Branch Report 8-75.
    """
    words = re.findall(r"[A-Za-zÀ-ÿ'’-]+", text)
    if not words:
        return 0.0
    sentences = max(1, len(re.findall(r"[.!?;:]+(?=\s|$)", text)))
    syllables = sum(_syllables(word) for word in words)
    return max(0.0, 0.39 * len(words) / sentences + 11.8 * syllables / len(words) - 15.59)


def fits_grade(text: str, grade: int | None) -> bool:
    """Whether a suggestion reads easily enough for a grade.

    A suggestion is read by the teacher first and heard by pupils, so it may lie above their grade, though
    not by any amount.

    Args:
        text: The suggestion.
        grade: US grade 0 to 13; ``None`` where it is unknown, which fits everything.

    Returns:
        Whether the reading grade is at most six above the grade, and never asked to be below nine.
    """
    return grade is None or reading_grade(text) <= max(_EASIEST_LIMIT, grade + _ABOVE_GRADE)


def _syllables(word: str) -> int:
    plain = re.sub(r"[^a-z]", "", word.lower())
    groups = len(re.findall(r"[aeiouy]+", plain))
    silent = plain.endswith("e") and not plain.endswith(("le", "ee")) and groups > 1
    return max(1, groups - silent)
