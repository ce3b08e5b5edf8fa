"""What a query says about subject, grade and time, and how well a document's metadata fits that."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from retrieval.documents import JSON
from retrieval.grade_bands import GradeMention, grade_mention
from retrieval.subjects import subject_mentions, subject_tags

__all__ = ["Facts", "Understanding", "UnderstandingMode", "facts_of", "understand"]

UnderstandingMode = Literal["boost", "filter", "off"]
"""What is done with subject, grade and minutes in a query: fitting documents first, those alone, or nothing."""

_MINUTES = re.compile(
    r"\b(?:(?:in|under|within|at most|less than|up to|max(?:imum)?) )?(\d{1,3})[ -]?(?:minutes?|mins?)\b",
    re.IGNORECASE,
)
_SUBJECT_KEYS = ("subjects", "subject")
_GRADE_KEYS = ("grades", "grade", "key_stages", "key_stage", "keystage", "years", "year", "year_group", "ages", "phase")
_MINUTES_KEYS = ("minutes", "duration_minutes")
_NEAREST_GRADES = 3


@dataclass(frozen=True, slots=True)
class Understanding:
    """What a query was taken to say besides its topic.

    Args:
        subjects: Subject tags, such as ``{"science", "biology"}``; empty if it names none.
        grades: Lowest and highest US grade, or ``None``.
        minutes: The most minutes, or ``None``.
        spans: Offsets of the words that name a grade or minutes.
    """

    subjects: frozenset[str] = frozenset()
    grades: tuple[int, int] | None = None
    minutes: int | None = None
    spans: tuple[tuple[int, int], ...] = ()

    def __bool__(self) -> bool:
        return bool(self.subjects) or self.grades is not None or self.minutes is not None

    def topic(self, query: str) -> str:
        """The query without the words that name a grade or minutes; whole where nothing else is left."""
        rest = query
        for start, end in sorted(self.spans, reverse=True):
            rest = f"{rest[:start]} {rest[end:]}"
        return " ".join(rest.split()) if re.search(r"\w", rest) else query

    def fit(self, facts: Facts) -> float:
        """How well a document fits.

        Args:
            facts: What its metadata says.

        Returns:
            0 to 1: the mean over what the query names. What a document does not state counts as no fit.
        """
        parts = []
        if self.subjects:
            parts.append(len(self.subjects & facts.subjects) / len(self.subjects))
        if self.grades is not None:
            parts.append(_nearness(self.grades, facts.grades))
        if self.minutes is not None:
            parts.append(float(facts.minutes is not None and facts.minutes <= self.minutes))
        return sum(parts) / len(parts) if parts else 0.0

    def admits(self, facts: Facts) -> bool:
        """Whether a document meets everything that the query names and its metadata states."""
        subject = not self.subjects or not facts.subjects or bool(self.subjects & facts.subjects)
        grade = self.grades is None or facts.grades is None or _nearness(self.grades, facts.grades) == 1
        minutes = self.minutes is None or facts.minutes is None or facts.minutes <= self.minutes
        return subject and grade and minutes


@dataclass(frozen=True, slots=True)
class Facts:
    """What a document's metadata says.

    Args:
        subjects: Subject tags.
        grades: Lowest and highest US grade, or ``None``.
        minutes: Minutes, or ``None``.
    """

    subjects: frozenset[str] = frozenset()
    grades: tuple[int, int] | None = None
    minutes: float | None = None


def understand(query: str) -> Understanding:
    """Read subject, grade and minutes from a query.

    Args:
        query: Such as "yr 4 sci rivers 20 mins".

    Returns:
        What it names.
    """
    grade = grade_mention(query)
    minutes = _MINUTES.search(query)
    spans = [(mention.start, mention.end) for mention in (grade,) if mention is not None]
    if minutes:
        spans.append(minutes.span())
    tags = [mention.tags for mention in subject_mentions(query)]
    return Understanding(
        subjects=frozenset().union(*tags),
        grades=None if grade is None else (grade.lowest, grade.highest),
        minutes=int(minutes[1]) if minutes else None,
        spans=tuple(spans),
    )


def facts_of(metadata: Mapping[str, JSON]) -> Facts:
    """Read subjects, grades and minutes from metadata, under the names that are usual for them.

    Args:
        metadata: Such as ``{"subjects": ["science"], "key_stages": ["KS2"], "minutes": 20}``.

    Returns:
        What it says; a value that cannot be read says nothing.
    """
    tags = [subject_tags(text) for key in _SUBJECT_KEYS for text in _texts(metadata.get(key))]
    bands = [band for key in _GRADE_KEYS for band in _bands(key, metadata.get(key))]
    minutes = (metadata.get(key) for key in _MINUTES_KEYS)
    numbers = [value for value in minutes if isinstance(value, int | float) and not isinstance(value, bool)]
    return Facts(
        subjects=frozenset().union(*tags),
        grades=(min(band[0] for band in bands), max(band[1] for band in bands)) if bands else None,
        minutes=numbers[0] if numbers else None,
    )


def _texts(value: JSON) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)


def _bands(key: str, value: JSON) -> Iterator[tuple[int, int]]:
    if isinstance(value, Mapping):
        lowest, highest = value.get("from"), value.get("to")
        if isinstance(lowest, int) and isinstance(highest, int):
            yield min(lowest, highest), max(lowest, highest)
        return
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    for text in _texts(value):
        name = key.rstrip("s").replace("_group", "").replace("_", " ")
        mention: GradeMention | None = grade_mention(f"{name} {text}" if text.strip().isdecimal() else text)
        if mention is not None:
            yield mention.lowest, mention.highest


def _nearness(wanted: tuple[int, int], stated: tuple[int, int] | None) -> float:
    if stated is None:
        return 0.0
    apart = max(0, stated[0] - wanted[1], wanted[0] - stated[1])
    return max(0.0, 1 - apart / _NEAREST_GRADES)
