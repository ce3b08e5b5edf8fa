"""School subjects as teachers and data sets name them, as tags that can be compared."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

__all__ = ["SubjectMention", "subject_mentions", "subject_tags"]

_NAMES: tuple[tuple[str, str, str], ...] = (
    ("mathematics", "", r"maths?|mathematics|numeracy"),
    ("science", "", r"science|sci|stem|combined[ -]science"),
    ("science", "biology", r"biology|bio"),
    ("science", "chemistry", r"chemistry|chem"),
    ("science", "physics", r"physics|phys"),
    ("english", "", r"english|literacy|ela|language arts"),
    ("history", "", r"history|hist"),
    ("geography", "", r"geography|geog"),
    ("languages", "", r"mfl|modern languages|foreign languages?|languages"),
    ("languages", "french", r"french"),
    ("languages", "spanish", r"spanish"),
    ("languages", "german", r"german"),
    ("languages", "latin", r"latin"),
    ("art", "", r"art and design|art[ -]and[ -]design|art|arts"),
    ("music", "", r"music"),
    ("drama", "", r"drama|theatre|theater"),
    ("pe", "", r"pe|p\.e\.?|physical[ -]education|gym"),
    ("computing", "", r"computing|computer science|ict|comp sci"),
    ("design_technology", "", r"dt|d ?& ?t|d and t|design(?: |-|_)(?:(?:and|&)(?: |-))?technology|des tech"),
    ("design_technology", "cooking", r"cooking(?:[ -]and)?[ -]nutrition|food tech(?:nology)?|home economics"),
    ("citizenship", "", r"citizenship|civics|pshe|social studies"),
    ("religion", "", r"re|r\.e\.?|religious[ -](?:education|studies)"),
    ("early_years", "", r"early years|eyfs|early_years|preschool"),
)
_AMBIGUOUS = frozenset({"re", "gym", "arts", "art", "stem", "bio", "latin", "dt"})
"""Names that are also other words; they count in capitals or as the whole value alone."""
_PATTERNS = tuple(
    (frozenset({subject, part} - {""}), re.compile(rf"(?<![\w-])(?:{names})(?![\w-])", re.IGNORECASE))
    for subject, part, names in _NAMES
)


class SubjectMention(NamedTuple):
    """A subject named in a text.

    Args:
        tags: The subject, and its part where one is named: ``{"science", "biology"}``.
        start: Offset of the name.
        end: Offset after it.
    """

    tags: frozenset[str]
    start: int
    end: int


def subject_mentions(text: str) -> Iterator[SubjectMention]:
    """Find the subjects that a text names.

    Args:
        text: Such as a query: "yr 4 sci rivers".

    Yields:
        Mentions by subject, in the order of the table of subjects.
    """
    for tags, pattern in _PATTERNS:
        for match in pattern.finditer(text):
            alone = match[0] == text.strip()
            if match[0].lower() not in _AMBIGUOUS or match[0].isupper() or alone:
                yield SubjectMention(tags, match.start(), match.end())


def subject_tags(value: str) -> frozenset[str]:
    """Tags of a subject as a data set names it: ``combined-science`` gives ``{"science"}``.

    Args:
        value: One name.

    Returns:
        The tags; empty for a name that is not known.
    """
    name = value.replace("_", " ").strip()
    return next((tags for tags, pattern in _PATTERNS if pattern.fullmatch(name)), frozenset())
