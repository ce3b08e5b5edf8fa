"""Markdown folders: front matter, default ids and titles, and what is refused."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mtl_core.errors import InputError
from retrieval.importers import DocumentMapping, read_documents
from retrieval.importers.front_matter import split_front_matter

PLAN = """---
title: Magnets
subject: science
minutes: 40
taught: 2024-05-06
tags: [poles, forces]
---

# Pushing and pulling

Pupils sort objects.
"""


def test_front_matter_becomes_metadata(tmp_path: Path) -> None:
    (tmp_path / "year-4").mkdir()
    (tmp_path / "year-4" / "magnets.md").write_text(PLAN, encoding="utf-8")
    (document,) = read_documents(tmp_path)
    assert document.id == "year-4/magnets"
    assert document.fields == {"title": "Magnets", "text": "# Pushing and pulling\n\nPupils sort objects."}
    assert document.metadata == {
        "subject": "science",
        "minutes": 40,
        "taught": "2024-05-06",
        "tags": ["poles", "forces"],
    }


def test_a_file_without_front_matter(tmp_path: Path) -> None:
    (tmp_path / "b_plan.md").write_bytes("\ufeff# Friction ##\r\nRamps.\r\n".encode())
    (tmp_path / "a-note.markdown").write_text("Just text.", encoding="utf-8")
    (tmp_path / ".hidden").mkdir()
    (tmp_path / ".hidden" / "c.md").write_text("No.", encoding="utf-8")
    (tmp_path / "table.csv").write_text("id", encoding="utf-8")
    note, plan = read_documents(tmp_path)
    assert (note.id, note.fields["title"]) == ("a-note", "a note")
    assert (plan.id, plan.fields["title"], plan.fields["text"]) == ("b_plan", "Friction", "# Friction ##\nRamps.")


def test_a_mapping_makes_a_key_searchable(tmp_path: Path) -> None:
    path = tmp_path / "magnets.md"
    path.write_text("---\nid: m1\naim: I can name poles.\n---\nBody.", encoding="utf-8")
    mapping = DocumentMapping(fields={"outcome": "aim", "text": "text"})
    (document,) = read_documents(path, mapping=mapping)
    assert document.id == "m1"
    assert document.fields == {"outcome": "I can name poles.", "text": "Body."}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", r"a\.md is empty"),
        (b" \n", r"a\.md is empty"),
        (b"\x00\x01", r"a\.md holds binary data"),
        ("x\ny\nz é".encode("latin-1"), r"a\.md:3 is not UTF-8"),
        (b"---\ntitle: a\n", r"a\.md:1 opens front matter"),
        (b"---\ntitle: a\nb: [\n---\nx", r"a\.md:\d is not YAML"),
        (b"---\ntitle: a\ntitle: b\n---\nx", r"a\.md:3 is not YAML \('title' is given twice\)"),
        (b"---\na: &x [1]\nb: *x\n---\nx", r"a\.md:3 is not YAML \(aliases are not read\)"),
        (b"---\na: !!python/object/apply:os.getcwd []\n---\nx", r"a\.md:2 is not YAML"),
        (b"---\n{}: a\n---\nx", r"a\.md:2 is not YAML \(a key is no text\)"),
        (b"---\na: !!map x\n---\nx", r"a\.md:2 is not YAML \(tags are not read\)"),
        (b"---\na: !!set {b, c}\n---\nx", r"a\.md:2 is not YAML"),
        (b"---\n- a\n---\nx", r"a\.md:2 holds no keys"),
        (b"---\n1: a\n---\nx", r"a\.md:2 holds no keys"),
        (b"---\ntext: a\n---\nx", r"a\.md: the front matter has the key 'text'"),
        (b"---\ntitle: no\n---\nx", r"a\.md: 'title' holds bool"),
        (b"---\nx: " + b"a" * 70_000 + b"\n---\nx", r"front matter of 70,003 characters"),
        (b"---\nx: .nan\n---\nx", r"a\.md: .*nan"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "a.md").write_bytes(content)
    with pytest.raises(InputError, match=message):
        list(read_documents(tmp_path))


def test_one_bad_file_can_be_left_out(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_bytes(b"\xff\xfe")
    (tmp_path / "b.md").write_text("Good.", encoding="utf-8")
    told: list[InputError] = []
    assert [document.id for document in read_documents(tmp_path, on_bad=told.append)] == ["b"]
    assert "a.md" in str(told[0])


@given(st.text(alphabet=st.sampled_from("\n: ab[]{}&*!'\"#,12<?|>%@`~.=-")), st.booleans())
def test_any_text_is_parted_or_refused(text: str, fenced: bool) -> None:
    text = f"---\n{text}\n---\nbody" if fenced else text
    with suppress(InputError):
        values, body = split_front_matter(text, where="a.md")
        assert text.endswith(body)
        assert all(isinstance(key, str) for key in values)


@given(body=st.text(alphabet=st.characters(exclude_characters="\r")))
def test_text_without_a_fence_is_all_body(body: str) -> None:
    text = f"x{body}"
    assert split_front_matter(text, where="a.md") == ({}, text)
