from __future__ import annotations

from pathlib import Path

import pytest

from mtl_core.errors import InputError
from retrieval.importers import DocumentMapping, read_mapping


def test_a_file_gives_every_field(tmp_path: Path) -> None:
    path = tmp_path / "columns.yaml"
    path.write_text(
        "id: code\nfields: {title: name}\nmetadata: {minutes: long}\nnumbers: [minutes]\nlists: {topics: ';'}\n"
    )
    assert read_mapping(path) == DocumentMapping(
        id="code",
        fields={"title": "name"},
        metadata={"minutes": "long"},
        numbers=("minutes",),
        lists={"topics": ";"},
    )


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"id: [", "line 1, is no YAML"),
        (b"\xff\xfe", "is no YAML in UTF-8"),
        (b"colour: red\n", "colour.*A mapping has the keys id, fields"),
        (b"- id\n", "the file"),
        (b"", "the file"),
        (b"id: ''\n", "id"),
        (b"#" * 1_000_001, "1,000,001 bytes"),
    ],
)
def test_what_is_no_mapping_is_named(tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "columns.yaml"
    path.write_bytes(content)
    with pytest.raises(InputError, match=said):
        read_mapping(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        read_mapping(tmp_path / "none.yaml")
