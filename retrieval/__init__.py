"""Search over lesson templates with the vectors of the shared encoder."""

from retrieval.grades import parse_grade
from retrieval.index import SearchFilter, SearchHit, TemplateIndex
from retrieval.templates import SUBJECTS, GradeBand, LessonTemplate, TemplateLibrary

__all__ = [
    "SUBJECTS",
    "GradeBand",
    "LessonTemplate",
    "SearchFilter",
    "SearchHit",
    "TemplateIndex",
    "TemplateLibrary",
    "parse_grade",
]
