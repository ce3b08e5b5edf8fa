"""Lesson templates: short, licensed pieces of lesson that repair named quality gaps."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from mtl_core.errors import InputError
from mtl_core.rubric import MEASURES
from retrieval.grades import ADULT, YOUNGEST

__all__ = ["SUBJECTS", "GradeBand", "Kind", "LessonTemplate", "Placement", "TemplateLibrary"]

SUBJECTS = (
    "mathematics",
    "science",
    "english",
    "history",
    "geography",
    "languages",
    "art",
    "music",
    "drama",
    "pe",
    "computing",
    "design_technology",
    "citizenship",
    "early_years",
)
"""Subjects that a template may be limited to; ``any`` fits all of them."""

Placement = Literal["objectives", "start", "before_practice", "during", "practice", "end", "after", "materials"]
"""Where in a plan a template's text belongs."""

Kind = Literal["repair", "lesson"]
"""A repair is a part that the coach may offer for one gap; a lesson is the course of a whole lesson."""

_SLOT = re.compile(r"\{([^{}]*)\}")
_SLOTS = frozenset({"topic", "grade", "minutes"})
_SHIPPED = Path(__file__).parent / "library"

Line = Annotated[str, Field(min_length=1, max_length=600)]


class GradeBand(BaseModel):
    """Grades that a template suits, both ends included; 0 is kindergarten and younger, 13 is adult."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    lowest: int = Field(alias="from", ge=YOUNGEST, le=ADULT)
    highest: int = Field(alias="to", ge=YOUNGEST, le=ADULT)

    @model_validator(mode="after")
    def _ordered(self) -> GradeBand:
        if self.lowest > self.highest:
            raise ValueError(f"from ({self.lowest}) is above to ({self.highest})")
        return self

    def __contains__(self, grade: int) -> bool:
        return self.lowest <= grade <= self.highest


class LessonTemplate(BaseModel):
    """One template of the library; see ``docs/templates.md`` for how to write one."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=80)]
    title: Annotated[str, Field(min_length=3, max_length=80)]
    summary: Line
    text: Line
    steps: tuple[Line, ...] = Field(min_length=1, max_length=8)
    minutes: int = Field(ge=0, le=240)
    subjects: tuple[str, ...] = Field(min_length=1)
    grades: GradeBand
    measures: tuple[str, ...] = Field(min_length=1)
    placement: Placement
    kind: Kind = "repair"
    materials: tuple[Line, ...] = ()
    keywords: tuple[Line, ...] = ()
    licence: Line

    @field_validator("subjects")
    @classmethod
    def _known_subjects(cls, subjects: tuple[str, ...]) -> tuple[str, ...]:
        unknown = sorted(set(subjects) - {*SUBJECTS, "any"})
        if unknown:
            raise ValueError(f"unknown subject {unknown[0]!r}; use any or one of {', '.join(SUBJECTS)}")
        return subjects

    @field_validator("measures")
    @classmethod
    def _known_measures(cls, measures: tuple[str, ...]) -> tuple[str, ...]:
        unknown = sorted(set(measures) - set(MEASURES))
        if unknown:
            raise ValueError(f"unknown measure {unknown[0]!r}; use one of {', '.join(MEASURES)}")
        return measures

    @model_validator(mode="after")
    def _slots(self) -> LessonTemplate:
        used = {name for part in (self.text, self.summary, self.title, *self.steps) for name in _SLOT.findall(part)}
        if used - _SLOTS:
            raise ValueError(f"unknown slot {{{min(used - _SLOTS)}}}; the slots are topic, grade, minutes")
        if "{topic}" not in self.text:
            raise ValueError("text has no {topic} slot")
        return self

    @property
    def search_text(self) -> str:
        """What the index encodes: title, summary, text and keywords without slots."""
        parts = (f"{self.title}.", self.summary, self.text, ", ".join(self.keywords))
        return " ".join(_SLOT.sub("", " ".join(parts)).split())

    def suits(self, subject: str) -> bool:
        """Whether the template may be used in a subject."""
        return "any" in self.subjects or subject in self.subjects


class TemplateLibrary(Mapping[str, LessonTemplate]):
    """Templates by id, in the order in which they were read.

    Args:
        templates: The templates.

    Raises:
        InputError: If two templates share an id.
    """

    def __init__(self, templates: Iterable[LessonTemplate]) -> None:
        self._templates: dict[str, LessonTemplate] = {}
        for template in templates:
            if template.id in self._templates:
                raise InputError(f"Two templates have the id {template.id!r}; give each its own.")
            self._templates[template.id] = template

    @classmethod
    def shipped(cls) -> TemplateLibrary:
        """Read the library that comes with the package."""
        return cls(template for path in sorted(_SHIPPED.glob("*.jsonl")) for template in _read_jsonl(path))

    @classmethod
    def from_jsonl(cls, path: str | Path) -> TemplateLibrary:
        """Read templates from a JSON-lines file.

        Args:
            path: The file.

        Returns:
            The library.

        Raises:
            InputError: If the file cannot be read or a line is no template; the line is named.
        """
        return cls(_read_jsonl(Path(path)))

    def __getitem__(self, template_id: str) -> LessonTemplate:
        return self._templates[template_id]

    def __iter__(self) -> Iterator[str]:
        return iter(self._templates)

    def __len__(self) -> int:
        return len(self._templates)

    @cached_property
    def ids(self) -> tuple[str, ...]:
        """Ids in order."""
        return tuple(self._templates)


def _read_jsonl(path: Path) -> Iterator[LessonTemplate]:
    try:
        content = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path} cannot be read as UTF-8 text ({error}).") from error
    for number, line in enumerate(content.split("\n"), 1):
        if not line.strip():
            continue
        try:
            yield LessonTemplate.model_validate_json(line)
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            where = ".".join(map(str, first["loc"])) or "the line"
            raise InputError(f"{path}, line {number}: {where}: {first['msg']}.") from error
