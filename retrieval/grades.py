"""Grades of many school systems as one number: US grade, 0 for kindergarten and younger, 13 for adults."""

from __future__ import annotations

import re

__all__ = ["ADULT", "YOUNGEST", "parse_grade"]

YOUNGEST = 0
ADULT = 13

_NAMED = (
    (
        re.compile(
            r"\b(?:adult|undergraduate|university|college|further education|trainees?|postgraduate)", re.IGNORECASE
        ),
        ADULT,
    ),
    (
        re.compile(
            r"\b(?:kindergarten|reception|nursery|pre-?k\b|pre-?school|early years|eyfs|toddlers?|k-?1\b)",
            re.IGNORECASE,
        ),
        0,
    ),
    (re.compile(r"\b(?:key stage|ks) ?1\b", re.IGNORECASE), 1),
    (re.compile(r"\b(?:key stage|ks) ?2\b", re.IGNORECASE), 4),
    (re.compile(r"\b(?:key stage|ks) ?3\b", re.IGNORECASE), 7),
    (re.compile(r"\b(?:key stage|ks) ?4\b|\bgcse\b", re.IGNORECASE), 10),
    (re.compile(r"\b(?:key stage|ks) ?5\b|\ba-?levels?\b|\bsixth form\b", re.IGNORECASE), 12),
    (re.compile(r"\b(?:elementary|primary)\b", re.IGNORECASE), 3),
    (re.compile(r"\bmiddle school\b|\blower secondary\b", re.IGNORECASE), 7),
    (re.compile(r"\bhigh school\b|\bupper secondary\b", re.IGNORECASE), 10),
)
_RANGE = r"(\d{1,2})(?: ?(?:-|–|to|and|/|&) ?(\d{1,2}))?"
_GRADE = re.compile(rf"\b(?:grades?|gr\.?) ?{_RANGE}\b", re.IGNORECASE)
_FROM_K = re.compile(r"\bk ?(?:-|–|to) ?(\d{1,2})\b", re.IGNORECASE)
_ORDINAL = re.compile(r"\b(\d{1,2})(?:st|nd|rd|th)[ -]grade", re.IGNORECASE)
_YEAR = re.compile(rf"\b(?:years?|yr|y) ?{_RANGE}\b(?! ?(?:old|s old))", re.IGNORECASE)
_AGE = re.compile(rf"\b(?:ages?|aged) ?{_RANGE}\b|\b{_RANGE}[ -]years?[ -]olds?\b", re.IGNORECASE)


def parse_grade(text: str) -> int | None:
    """Read a grade as a teacher writes it: "Grade 7", "5th grade", "Year 4", "ages 9-10", "KS2", "7".

    A range gives its middle. British years are one more than US grades; age 5 to 6 is kindergarten.

    Args:
        text: A short text, such as a grade field.

    Returns:
        0 to 13, or ``None`` where no grade is found.
    """
    stripped = text.strip(" \t\r\n\"'*_")
    if re.fullmatch(r"(?:grades? )?k", stripped, re.IGNORECASE):
        return YOUNGEST
    if match := _FROM_K.search(stripped):
        return _clamp(int(match[1]) // 2)
    if stripped.isdecimal() and len(stripped) <= 2:
        return _clamp(int(stripped))
    for pattern, offset in ((_GRADE, 0), (_ORDINAL, 0), (_YEAR, -1), (_AGE, -5)):
        if match := pattern.search(stripped):
            numbers = [int(group) for group in match.groups() if group]
            return _clamp(sum(numbers) // len(numbers) + offset)
    return next((grade for pattern, grade in _NAMED if pattern.search(stripped)), None)


def _clamp(grade: int) -> int:
    return min(max(grade, YOUNGEST), ADULT)
