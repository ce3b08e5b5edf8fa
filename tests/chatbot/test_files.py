from __future__ import annotations

import codecs
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chatbot.files import MAX_BYTES, find_plans, read_plan
from mtl_core.errors import InputError
from mtl_core.text_check import check_text

TEXT = "# Plan\r\n\r\nPupils say “hé”.\r\n"


def written(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("utf-8", TEXT.encode()),
        ("utf-8 with mark", TEXT.encode("utf-8-sig")),
        ("utf-16 with mark", TEXT.encode("utf-16")),
        ("utf-16 little", codecs.BOM_UTF16_LE + TEXT.encode("utf-16-le")),
        ("utf-16 big", codecs.BOM_UTF16_BE + TEXT.encode("utf-16-be")),
        ("utf-32 little", codecs.BOM_UTF32_LE + TEXT.encode("utf-32-le")),
        ("utf-32 big", codecs.BOM_UTF32_BE + TEXT.encode("utf-32-be")),
    ],
)
def test_encodings_with_a_mark_are_read_and_newlines_are_kept(tmp_path: Path, name: str, content: bytes) -> None:
    assert read_plan(written(tmp_path / "plan.txt", content)) == TEXT, name


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.text(alphabet=st.characters(codec="utf-8", exclude_characters="\ufeff\0"), max_size=60))
def test_any_text_is_read_back_byte_for_byte(tmp_path: Path, text: str) -> None:
    if text.startswith(("%PDF", "PK\x03\x04", "PK\x05\x06", "{\\rtf", "GIF8")):
        return
    assert read_plan(written(tmp_path / "plan.md", text.encode())).encode() == text.encode()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"%PDF-1.7 and so on", "is a PDF by its content; rename it"),
        (b"PK\x03\x04\x14\x00", "a zip or Office file by its content; a Word file must end in .docx"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Office file"),
        (b"{\\rtf1 hello}", "an RTF file"),
        (b"\x89PNG\r\n\x1a\n", "a picture"),
        (b"\xff\xd8\xff\xe0", "a picture"),
        ("Pupils say hé".encode("latin-1"), "is not UTF-8 text (byte 12). Save it as UTF-8"),
        (codecs.BOM_UTF16_LE + b"abc", "is not UTF-16 text"),
        (TEXT.encode("utf-16-le"), ""),
        (TEXT.encode("utf-16-be"), ""),
    ],
)
def test_what_is_no_text_is_refused(tmp_path: Path, content: bytes, said: str) -> None:
    path = written(tmp_path / "plan.txt", content)
    with pytest.raises(InputError) as refused:
        read_plan(path)
    assert str(refused.value).startswith(f"{path} is ")
    assert said in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_plain_utf_16_without_a_mark_never_reaches_the_model(tmp_path: Path, encoding: str) -> None:
    path = written(tmp_path / "plan.txt", "Pupils write two sentences.".encode(encoding))
    with pytest.raises(InputError, match="UTF-8"):
        check_text(read_plan(path))


def test_a_file_that_is_too_large_is_refused_before_it_is_read(tmp_path: Path) -> None:
    assert len(read_plan(written(tmp_path / "fits.txt", b"a" * MAX_BYTES))) == MAX_BYTES
    path = written(tmp_path / "large.txt", b"a" * (MAX_BYTES + 1))
    with pytest.raises(InputError, match=r"large\.txt has 2,000,001 bytes; the limit is 2,000,000"):
        read_plan(path)


def test_a_missing_file_and_a_folder_are_refused(tmp_path: Path) -> None:
    for path in (tmp_path / "none.txt", tmp_path):
        with pytest.raises(InputError, match=r"cannot be read: .+\. Check the path\.|is no file") as refused:
            read_plan(path)
        assert str(path) in str(refused.value)


def test_an_empty_file_is_refused_by_the_model_and_not_here(tmp_path: Path) -> None:
    text = read_plan(written(tmp_path / "plan.txt", b""))
    assert text == ""
    with pytest.raises(InputError, match="empty"):
        check_text(text)


def test_plans_are_found_in_folders_sorted_by_name(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "trap.md").mkdir()
    for name in (
        "b.md",
        "a.TXT",
        "c.markdown",
        "d.text",
        "picture.png",
        "f.docx",
        "~$f.docx",
        "deep/e.md",
        "g.PDF",
        "h.html",
    ):
        (tmp_path / name).write_bytes(b"text")
    found = find_plans([tmp_path])
    assert [str(path.relative_to(tmp_path)) for path in found] == [
        *("a.TXT", "b.md", "c.markdown", "d.text", "deep/e.md", "f.docx", "g.PDF", "h.html")
    ]


def test_named_files_are_kept_in_the_order_given(tmp_path: Path) -> None:
    named = [tmp_path / "z.pdf", tmp_path / "missing.md"]
    assert find_plans(named) == named
    assert find_plans([]) == []
