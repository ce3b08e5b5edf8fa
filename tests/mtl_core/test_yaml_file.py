"""YAML files that people write by hand."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict

from mtl_core.errors import InputError
from mtl_core.yaml_file import fitted, read_yaml


class Row(BaseModel):
    model_config = ConfigDict(extra="forbid")
    name: str
    sizes: list[int] = []


def test_what_stands_in_a_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text("name: Zoë\nsizes: [1, 2]\n", encoding="utf-8")
    assert fitted(read_yaml(path, hint="x"), Row, path=path) == Row(name="Zoë", sizes=[1, 2])


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"name: [", "line 1, is no YAML in UTF-8; write a name"),
        (b"\xff\xfe", "is no YAML in UTF-8; write a name"),
        (b"name: 2026-13-45", "is no YAML in UTF-8; write a name"),
        (b"[" * 20_000, "is no YAML in UTF-8; write a name"),
        (b"!!python/object/apply:os.getcwd []", "is no YAML in UTF-8; write a name"),
        (b"a" * 1_000_001, "has 1,000,001 bytes; such a file has at most 1,000,000"),
    ],
)
def test_what_cannot_be_read_is_told(tmp_path: Path, content: bytes, told: str) -> None:
    path = tmp_path / "a.yaml"
    path.write_bytes(content)
    with pytest.raises(InputError, match=rf"a\.yaml.*{told}"):
        read_yaml(path, hint="write a name")


def test_a_missing_file_and_a_folder_are_told(tmp_path: Path) -> None:
    for path in (tmp_path / "none.yaml", tmp_path):
        with pytest.raises(InputError, match="cannot be read"):
            read_yaml(path, hint="x")


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (None, "the file: Input should be"),
        ({"name": "a", "sizes": [1, "x"]}, r"sizes\.1: "),
        ({"name": "a", "colour": 1}, "colour: "),
    ],
)
def test_the_first_place_that_does_not_fit_is_named(content: object, told: str) -> None:
    with pytest.raises(InputError, match=rf"f\.yaml: {told}.*\. Look here\.$"):
        fitted(content, Row, path="f.yaml", hint="Look here.")


@given(st.binary(max_size=60))
def test_bytes_are_read_or_refused(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    path = tmp_path_factory.mktemp("yaml") / "a.yaml"
    path.write_bytes(content)
    # any other exception fails the test
    with suppress(InputError):
        read_yaml(path, hint="x")
