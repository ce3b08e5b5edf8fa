"""Grades as ranges: "KS2", "Years 3 and 4", "primary" as the lowest and highest US grade."""

from __future__ import annotations

import re
from typing import NamedTuple

from retrieval.grades import ADULT, YOUNGEST

__all__ = ["GradeMention", "grade_mention"]

_RANGE = r"(\d{1,2})(?: ?(?:-|–|to|and|/|&) ?(\d{1,2}))?"
_NUMBERED = (
    (re.compile(rf"\b(?:grades?|gr\.?) ?{_RANGE}\b", re.IGNORECASE), 0),
    (re.compile(r"\b(\d{1,2})(?:st|nd|rd|th)[ -]grade(?:rs?)?()\b", re.IGNORECASE), 0),
    (re.compile(rf"\b(?:years?|yrs?\.?|y) ?{_RANGE}\b(?! ?(?:s? ?olds?|ago))", re.IGNORECASE), -1),
    (re.compile(rf"\b(?:ages?|aged) ?{_RANGE}\b(?: years?)?", re.IGNORECASE), -5),
    (re.compile(rf"\b{_RANGE}[ -](?:years?|yrs?)[ -]olds?\b", re.IGNORECASE), -5),
)
_STAGES = {1: (0, 1), 2: (2, 5), 3: (6, 8), 4: (9, 10), 5: (11, 12)}
_KEY_STAGE = re.compile(rf"\b(?:key ?stages?|ks) ?{_RANGE}\b", re.IGNORECASE)
_LEARNERS = r"(?:[ -](?:schools?|pupils|children|students|class(?:es)?|level|phase|age)|$)"
_NAMED = (
    (
        re.compile(r"\b(?:kindergarten|reception class|nursery|pre-?k|pre-?school|early years|eyfs)\b", re.IGNORECASE),
        0,
        0,
    ),
    (re.compile(rf"\b(?:elementary|primary){_LEARNERS}", re.IGNORECASE), 0, 5),
    (re.compile(rf"\b(?:middle[ -]school|lower[ -]secondary){_LEARNERS}?", re.IGNORECASE), 6, 8),
    (re.compile(r"\b(?:gcses?|igcse)\b", re.IGNORECASE), 9, 10),
    (re.compile(r"\b(?:a-?levels?|sixth[ -]form)\b", re.IGNORECASE), 11, 12),
    (re.compile(rf"\b(?:high[ -]school|upper[ -]secondary){_LEARNERS}?", re.IGNORECASE), 9, 12),
    (re.compile(rf"\bsecondary{_LEARNERS}", re.IGNORECASE), 6, 12),
    (re.compile(r"\b(?:adult learners|undergraduates?|university|further education)\b", re.IGNORECASE), 13, 13),
)


class GradeMention(NamedTuple):
    """A grade or a range of grades named in a text.

    Args:
        lowest: US grade, 0 for kindergarten and younger, 13 for adults.
        highest: The same, not below ``lowest``.
        start: Offset of the name.
        end: Offset after it.
    """

    lowest: int
    highest: int
    start: int
    end: int


def grade_mention(text: str) -> GradeMention | None:
    """Find the first grade that a text names.

    Args:
        text: Such as a query: "fractions yr 4", "ks2 rivers".

    Returns:
        The grade, or ``None``. British years are one more than US grades; age 5 to 6 is kindergarten.
    """
    if match := _KEY_STAGE.search(text):
        stages = [_STAGES[int(group)] for group in match.groups() if group and int(group) in _STAGES]
        if stages:
            return GradeMention(min(stages)[0], max(stages)[1], match.start(), match.end())
    for pattern, offset in _NUMBERED:
        if match := pattern.search(text):
            numbers = [_clamp(int(group) + offset) for group in match.groups() if group]
            return GradeMention(min(numbers), max(numbers), match.start(), match.end())
    for pattern, lowest, highest in _NAMED:
        if match := pattern.search(text):
            return GradeMention(lowest, highest, match.start(), match.end())
    return None


def _clamp(grade: int) -> int:
    return min(max(grade, YOUNGEST), ADULT)
