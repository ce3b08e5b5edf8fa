"""Which columns of a data set hold the text, the words, the labels and the groups."""

from __future__ import annotations

from typing import Annotated, Any, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from mtl_core.tasks import TaskName

__all__ = ["SENTENCES", "ColumnMap", "LabelColumn"]

SENTENCES = "sentences"
"""Value of ``ColumnMap.segments`` that cuts the text itself instead of naming a column."""


def _quoted(value: Any) -> Any:
    """A scalar of a YAML file as the text that a cell would hold."""
    if isinstance(value, bool):
        # pydantic turns a ValueError, and no TypeError, into a message of the configuration
        raise ValueError("without quotes, YAML reads yes, no, true and false as booleans; put the value in quotes")  # noqa: TRY004
    return str(value) if isinstance(value, int) else value


_Cell = Annotated[str, BeforeValidator(_quoted)]
_Column = Annotated[str, Field(min_length=1)]


class LabelColumn(BaseModel):
    """Where the labels of one task stand, and how raw values are read.

    In a configuration, a bare string is short for ``column``.

    Args:
        column: The column that holds the label, the list of labels, or the tags.
        columns: Column by label instead, for a multilabel or evidence task that is spread over
            several columns of 0 and 1.
        map: Label by raw value; values that are not listed stay as they are.
        separator: Parts the labels of a multilabel or evidence task that stand in one string.
        missing: Raw values that mean "not labelled"; null and NaN always do.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    column: str = ""
    columns: dict[_Cell, _Column] = Field(default_factory=dict)
    map: dict[_Cell, _Cell] = Field(default_factory=dict)
    separator: Annotated[str, Field(min_length=1)] | None = None
    missing: tuple[_Cell, ...] = ("",)

    @model_validator(mode="before")
    @classmethod
    def _from_name(cls, given: Any) -> Any:
        return {"column": given} if isinstance(given, str) else given

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if bool(self.column) == bool(self.columns):
            raise ValueError("Give either column (one column) or columns (a column for each label).")
        if self.columns and self.separator is not None:
            raise ValueError("A separator parts the labels of one column; leave it out beside columns.")
        return self

    @property
    def names(self) -> tuple[str, ...]:
        """The columns that are read."""
        return tuple(self.columns.values()) if self.columns else (self.column,)


class ColumnMap(BaseModel):
    """How the columns of one data set become examples.

    Args:
        text: Column of the text. Beside ``words`` it is not read: the text is the words' join.
        words: Column of the words: a list, or a string parted by blanks. Token tasks need it.
        labels: Label column by task name.
        group: Column whose equal values never part between splits.
        segments: Column with the list of passages that an evidence task reads, or
            ``sentences`` to cut the text with ``mtl_core.segments.segment_document``.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    text: _Column | None = None
    words: _Column | None = None
    labels: dict[TaskName, LabelColumn] = Field(default_factory=dict)
    group: _Column | None = None
    segments: _Column | None = None

    @model_validator(mode="after")
    def _has_text(self) -> Self:
        if self.text is None and self.words is None:
            raise ValueError("Name the column of the text, or the column of the words.")
        return self

    @property
    def names(self) -> tuple[str, ...]:
        """Every column that must exist, each once, the text first."""
        segments = None if self.segments == SENTENCES else self.segments
        own = [name for name in (self.text, self.words, self.group, segments) if name is not None]
        return tuple(dict.fromkeys([*own, *(name for label in self.labels.values() for name in label.names)]))
