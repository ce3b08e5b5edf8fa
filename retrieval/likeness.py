"""What two templates have in common besides their words, each part from 0 to 1."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from retrieval.templates import LessonTemplate

__all__ = ["shared_grades", "shared_measures", "shared_subjects"]


def shared_measures(seed: LessonTemplate, other: LessonTemplate) -> float:
    """1 where both were written for the same measure, else the shared part of all their measures."""
    if seed.measures[0] == other.measures[0]:
        return 1.0
    return len(set(seed.measures) & set(other.measures)) / len(set(seed.measures) | set(other.measures))


def shared_grades(seed: LessonTemplate, other: LessonTemplate) -> float:
    """Share of the grades of one template that the other suits too."""
    grades = range(seed.grades.lowest, seed.grades.highest + 1)
    return sum(grade in other.grades for grade in grades) / len(grades)


def shared_subjects(seed: LessonTemplate, other: LessonTemplate) -> float:
    """1 for a subject in common or for two templates of any subject, a half where only one is, else 0."""
    if set(seed.subjects) & set(other.subjects):
        return 1.0
    return 0.5 if "any" in {*seed.subjects, *other.subjects} else 0.0
