"""The map from columns to examples, as a configuration gives it."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from mtl_core.data import ColumnMap, LabelColumn


def test_a_bare_string_is_short_for_the_column() -> None:
    columns = ColumnMap.model_validate({"text": "body", "labels": {"intent": "class"}})
    assert columns.labels == {"intent": LabelColumn(column="class")}


def test_every_column_is_named_once() -> None:
    columns = ColumnMap(
        text="body",
        group="school",
        segments="parts",
        labels={"a": LabelColumn(column="school"), "b": LabelColumn(columns={"x": "is_x", "y": "is_y"})},
    )
    assert columns.names == ("body", "school", "parts", "is_x", "is_y")


def test_cutting_the_text_needs_no_column() -> None:
    assert ColumnMap(text="body", segments="sentences").names == ("body",)


def test_numbers_of_a_yaml_file_are_read_as_cells() -> None:
    column = LabelColumn.model_validate({"column": "y", "map": {0: "absent", -1: 7}, "missing": [-100]})
    assert column.map == {"0": "absent", "-1": "7"}
    assert column.missing == ("-100",)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({}, "column of the text"),
        ({"labels": {"a": "b"}}, "column of the text"),
        ({"text": "t", "labels": {"a": {}}}, "either column"),
        ({"text": "t", "labels": {"a": {"column": "b", "columns": {"x": "is_x"}}}}, "either column"),
        ({"text": "t", "labels": {"a": {"columns": {"x": "is_x"}, "separator": ","}}}, "separator"),
        ({"text": "t", "labels": {"a": {"column": "b", "map": {True: "1"}}}}, "in quotes"),
        ({"text": "t", "labels": {"a task": "b"}}, "pattern"),
        ({"text": "t", "label": {"a": "b"}}, "Extra inputs"),
        ({"text": ""}, "at least 1 character"),
    ],
)
def test_a_map_that_cannot_be_meant_is_refused(given: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        ColumnMap.model_validate(given)
