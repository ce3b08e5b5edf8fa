"""The judged set of plans, gaps and templates: its schema, its checks, and its two halves."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from mtl_core.errors import InputError
from mtl_core.rubric import MEASURES
from retrieval.grades import ADULT, YOUNGEST
from retrieval.templates import SUBJECTS

__all__ = ["JUDGED", "Half", "JudgedPlan", "JudgedTemplate", "half_of", "read_judged", "split_of"]

JUDGED = Path(__file__).parent / "judged" / "gap_templates.jsonl"
"""The file, one plan a line."""

Half = Literal["tune", "report"]


class JudgedTemplate(BaseModel):
    """What a judge says of one template for one plan."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    measures: tuple[str, ...] = ()
    """Gaps of the plan that the template really repairs."""
    topical: Literal[0, 1, 2] = 0
    """How well it suits topic, grade and subject: 0 not, 1 somewhat, 2 well."""


class JudgedPlan(BaseModel):
    """One plan with its gaps and the templates that help it; a template that is not named helps nothing."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: Annotated[str, Field(min_length=1)]
    plan: Annotated[str, Field(min_length=20)]
    grade: Annotated[int, Field(ge=YOUNGEST, le=ADULT)] | None
    subject: str | None
    gaps: dict[str, Annotated[float, Field(ge=0, le=1)]] = Field(min_length=1)
    relevant: dict[str, JudgedTemplate] = Field(min_length=1)

    @field_validator("subject")
    @classmethod
    def _known_subject(cls, subject: str | None) -> str | None:
        if subject is not None and subject not in SUBJECTS:
            raise ValueError(f"unknown subject {subject!r}; use one of {', '.join(SUBJECTS)}")
        return subject

    @model_validator(mode="after")
    def _measures_are_gaps(self) -> JudgedPlan:
        unknown = sorted(set(self.gaps) - set(MEASURES))
        if unknown:
            raise ValueError(f"unknown measure {unknown[0]!r} among the gaps")
        for template_id, judged in self.relevant.items():
            stray = sorted(set(judged.measures) - set(self.gaps))
            if stray:
                raise ValueError(f"{template_id} repairs {stray[0]!r}, which is no gap of the plan")
        if not any(judged.measures for judged in self.relevant.values()):
            raise ValueError("no template repairs a gap")
        return self

    @property
    def aspects(self) -> dict[str, tuple[str, ...]]:
        """Gaps repaired, by template."""
        return {name: judged.measures for name, judged in self.relevant.items() if judged.measures}

    @property
    def topical(self) -> dict[str, float]:
        """Topical grade by template."""
        return {name: float(judged.topical) for name, judged in self.relevant.items() if judged.topical}


def read_judged(path: str | Path = JUDGED, *, templates: Collection[str]) -> list[JudgedPlan]:
    """Read and check a judged set.

    Args:
        path: A JSON-lines file.
        templates: Ids of the library; a judgement of another template is refused.

    Returns:
        The plans in the order of the file.

    Raises:
        InputError: If the file cannot be read or a line does not fit; the line is named.
    """
    source = Path(path)
    try:
        content = source.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{source} cannot be read as UTF-8 text ({error}).") from error
    plans: dict[str, JudgedPlan] = {}
    for number, line in enumerate(content.split("\n"), 1):
        if not line.strip():
            continue
        try:
            plan = JudgedPlan.model_validate_json(line)
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            where = ".".join(map(str, first["loc"])) or "the line"
            raise InputError(f"{source}, line {number}: {where}: {first['msg']}.") from error
        unknown = sorted(set(plan.relevant) - set(templates))
        if unknown:
            raise InputError(f"{source}, line {number}: there is no template {unknown[0]!r} in the library.")
        if plan.id in plans:
            raise InputError(f"{source}, line {number}: the id {plan.id!r} comes twice.")
        plans[plan.id] = plan
    return list(plans.values())


def half_of(plan_id: str) -> Half:
    """The half that a plan belongs to, by a hash of its id: weights are tuned on one, figures come from the other."""
    return "tune" if hashlib.sha256(plan_id.encode()).digest()[0] % 2 == 0 else "report"


def split_of(plans: Sequence[JudgedPlan], half: Half) -> list[JudgedPlan]:
    """The plans of one half."""
    return [plan for plan in plans if half_of(plan.id) == half]
