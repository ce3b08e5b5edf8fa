"""A rubric of one's own: measures read from a YAML file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from mtl_core.rubric import Measure
from mtl_core.yaml_file import fitted, read_yaml

__all__ = ["MAX_MEASURES", "MeasureRow", "as_rubric", "read_rubric"]

MAX_MEASURES = 100
"""Most measures that a rubric may have."""

_KEY = r"^[a-z][a-z0-9_]{0,63}$"

_Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)]


class MeasureRow(BaseModel):
    """One measure as a file gives it; see ``mtl_core.rubric.Measure`` for the fields."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    key: Annotated[str, StringConstraints(pattern=_KEY)]
    title: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=60)]
    definition: _Words
    near_misses: Annotated[str, StringConstraints(strip_whitespace=True, max_length=500)] = ""
    source: Annotated[str, StringConstraints(strip_whitespace=True, max_length=500)] = ""
    value: int = Field(default=2, ge=1, le=3)
    needs: tuple[str, ...] = ()

    def measure(self) -> Measure:
        """The measure."""
        return Measure(**self.model_dump())


class _RubricFile(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    measures: tuple[MeasureRow, ...] = Field(min_length=1, max_length=MAX_MEASURES)

    @model_validator(mode="after")
    def _keys_fit(self) -> Self:
        counts = Counter(row.key for row in self.measures)
        twice = [key for key, count in counts.items() if count > 1]
        if twice:
            raise ValueError(f"the measure {twice[0]!r} is there twice; give each measure its own key")
        for row in self.measures:
            unknown = [need for need in row.needs if need not in counts or need == row.key]
            if unknown:
                raise ValueError(f"{row.key!r} needs {unknown[0]!r}, which is no other measure of this file")
        return self


def read_rubric(path: str | Path) -> tuple[MeasureRow, ...]:
    """Read measures from a YAML file with a list ``measures``.

    Args:
        path: The file; each measure has ``key``, ``title``, ``definition`` and may have ``near_misses``,
            ``source``, ``value`` (1 to 3) and ``needs`` (keys of other measures).

    Returns:
        The measures in the order of the file.

    Raises:
        InputError: If the file cannot be read or a measure does not fit.
    """
    content = read_yaml(path, hint="write a list of measures under the key measures.")
    return fitted(content, _RubricFile, path=path).measures


def as_rubric(rows: Sequence[MeasureRow]) -> Mapping[str, Measure]:
    """Measures by key, in their order."""
    return {row.key: row.measure() for row in rows}
