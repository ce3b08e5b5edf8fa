"""Rubrics of one's own."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mtl_core.errors import InputError
from mtl_core.rubric import Measure
from mtl_core.rubric_file import MAX_MEASURES, MeasureRow, as_rubric, read_rubric

TWO = """
measures:
  - key: oracy
    title: Oracy
    definition: pupils rehearse talk in a named form
    near_misses: '"discuss" alone'
    value: 3
  - key: outdoors
    title: Outdoors
    definition: a part of the lesson happens outside
    needs: [oracy]
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "rubric.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_file_becomes_measures_in_its_order(tmp_path: Path) -> None:
    rubric = as_rubric(read_rubric(written(tmp_path, TWO)))
    assert list(rubric) == ["oracy", "outdoors"]
    assert rubric["oracy"] == Measure(
        "oracy", "Oracy", "pupils rehearse talk in a named form", '"discuss" alone', "", 3
    )
    assert rubric["outdoors"].needs == ("oracy",)
    assert rubric["outdoors"].value == 2


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "the file"),
        ("measures: []", "at least 1"),
        ("- oracy", "the file"),
        (TWO.replace("value: 3", "value: 4"), "less than or equal to 3"),
        (TWO.replace("value: 3", "weight: 3"), "weight"),
        (TWO.replace("key: outdoors", "key: oracy").replace("needs: [oracy]", ""), "twice"),
        (TWO.replace("[oracy]", "[talk]"), "'talk'"),
        (TWO.replace("[oracy]", "[outdoors]"), "no other measure"),
        (TWO.replace("key: oracy", "key: Oracy Skills"), "key"),
        (TWO.replace("definition: pupils rehearse talk in a named form", "definition: ''"), "definition"),
        ("measures: [", "no YAML"),
        ("measures: !!python/object/apply:os.getcwd []", "no YAML"),
        ("[" * 5000, "no YAML"),
        (TWO.replace("title: Oracy", "title: 2026-13-45"), "no YAML"),
    ],
)
def test_a_file_that_does_not_fit_gets_one_sentence(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(InputError, match=says) as caught:
        read_rubric(written(tmp_path, text))
    assert "rubric.yaml" in str(caught.value)


def test_a_missing_binary_or_huge_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        read_rubric(tmp_path / "none.yaml")
    (tmp_path / "rubric.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError, match="UTF-8"):
        read_rubric(tmp_path / "rubric.yaml")
    (tmp_path / "rubric.yaml").write_bytes(b"#" * 1_000_001)
    with pytest.raises(InputError, match="at most"):
        read_rubric(tmp_path / "rubric.yaml")
    rows = "".join(f"  - {{key: m{n}, title: T{n}, definition: d}}\n" for n in range(MAX_MEASURES + 1))
    with pytest.raises(InputError, match="at most 100"):
        read_rubric(written(tmp_path, f"measures:\n{rows}"))


@given(key=st.from_regex(r"[a-z][a-z0-9_]{0,20}", fullmatch=True), value=st.integers(1, 3))
def test_a_row_keeps_what_it_was_given(key: str, value: int) -> None:
    row = MeasureRow(key=key, title="Title", definition="a definition", value=value)
    assert MeasureRow.model_validate_json(row.model_dump_json()) == row
    assert (row.measure().key, row.measure().value) == (key, value)
