from __future__ import annotations

import io
import zipfile
from typing import TYPE_CHECKING

import pytest
from made_files import changed_archive, pdf_bytes, word_bytes, write_lines
from pypdf import PdfReader, PdfWriter

from chatbot.uploads import MAX_TEXT_BYTES, MAX_UPLOAD_BYTES, read_upload
from chatbot.uploads.parsing import parse_apart
from mtl_core.errors import InputError

if TYPE_CHECKING:
    from docx.document import Document

PDF = pdf_bytes(lambda canvas, page: write_lines(canvas, ["Pupils explain how rain falls on a hill."]))


def refusal(name: str, data: bytes) -> str:
    with pytest.raises(InputError) as refused:
        read_upload(name, data)
    message = str(refused.value)
    assert message.startswith(name)
    assert "\n" not in message
    assert message.endswith(".")
    return message


def encrypted(password: str) -> bytes:
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(PDF)))
    writer.encrypt(user_password=password, owner_password="owner", algorithm="AES-256")
    buffer = io.BytesIO()
    writer.write(buffer)
    return buffer.getvalue()


def test_every_kind_is_read(word_plan: Document) -> None:
    assert read_upload("plan.docx", word_bytes(word_plan)).startswith("# Water moves around")
    assert read_upload("PLAN.PDF", PDF) == "Pupils explain how rain falls on a hill.\n"
    assert read_upload("plan.htm", b"<p>Pupils draw.</p>") == "Pupils draw.\n"
    assert read_upload("C:\\school\\plan.txt", "Pupils\r\ndraw é.".encode("utf-16")) == "Pupils\r\ndraw é."


def test_a_pdf_that_opens_without_a_password_is_read() -> None:
    assert "rain falls" in read_upload("plan.pdf", encrypted(""))


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("plan.pdf", encrypted("secret"), "protected by a password"),
        ("plan.pdf", pdf_bytes(lambda canvas, page: canvas.rect(9, 9, 99, 99)), "pictures of pages and no text"),
        ("plan.pdf", pdf_bytes(lambda canvas, page: None, pages=101), "has 101 pages; the limit is 100"),
        ("plan.pdf", b"%PDF-1.7\nnothing else", "could not be read as a PDF"),
        ("plan.pdf", PDF[:300], "could not be read as a PDF"),
        ("plan.pdf", b"Pupils draw.", "is no PDF by its content"),
        ("plan.txt", PDF, "is a PDF by its content"),
        ("plan.docx", PDF, "is a PDF by its content"),
        ("plan.docx", b"Pupils draw.", "is no Word file by its content"),
        ("plan.docx", b"PK\x03\x04 broken", "damaged Word file"),
        ("plan.docx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le"), "by a password"),
        ("plan.doc", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Office file"),
        ("plan.exe", b"MZ\x90\x00", "a program and no plan"),
        ("plan.xyz", b"Pupils draw.", "has an ending that is not read"),
        ("plan.odt", b"PK\x03\x04", "an OpenDocument file; save it as .docx"),
        ("plan.docm", b"PK\x03\x04", "may hold macros"),
        ("plan.txt", bytes(range(256)), "binary data"),
        ("plan.txt", "Pupils draw rain.".encode("utf-16-le"), "UTF-16 text without a byte order mark"),
        ("plan.md", "é".encode("latin-1"), "is not UTF-8 text"),
        ("plan.html", b"<script>alert(1)</script>", "holds no text that can be read"),
        ("plan.html", b"\0\1\2\3", "binary data and no web page"),
        ("plan.txt", b"a" * (MAX_TEXT_BYTES + 1), "the limit is 2,000,000"),
        ("plan.docx", b"a" * (MAX_UPLOAD_BYTES + 1), "the limit is 8,000,000"),
    ],
)
def test_what_cannot_be_read_gets_one_clear_sentence(name: str, data: bytes, said: str) -> None:
    assert said in refusal(name, data)


def test_bombs_macros_and_other_archives_are_refused(word_plan: Document) -> None:
    plain = word_bytes(word_plan)
    huge = bytes(21_000_000)
    cases = {
        "holds macros": changed_archive(plain, word__vbaProject_DOT_bin=b"x"),
        "unpacks to more than": changed_archive(plain, word__document_DOT_xml=huge),
        "is protected by a password": b"",
        "is a spreadsheet": changed_archive(plain, **{"[Content_Types]_DOT_xml": b"<Types>spreadsheetml</Types>"}),
        "is no Word file": changed_archive(b"PK\x05\x06" + bytes(18), a_DOT_txt=b"hello"),
    }
    marked = bytearray(plain)
    for place in (marked.index(b"PK\x03\x04") + 6, marked.index(b"PK\x01\x02") + 8):
        marked[place] |= 1
    cases["is protected by a password"] = bytes(marked)
    for said, data in cases.items():
        assert said in refusal("plan.docx", data)


def test_many_small_parts_that_add_up_are_refused(word_plan: Document) -> None:
    parts = {f"word__media__{number}_DOT_png": bytes(15_000_000) for number in range(6)}
    assert "unpacks to more than 80 MB" in refusal("plan.docx", changed_archive(word_bytes(word_plan), **parts))
    buffer = io.BytesIO(word_bytes(word_plan))
    with zipfile.ZipFile(buffer, "a") as archive:
        for number in range(2_100):
            archive.writestr(f"word/{number}.xml", b"<a/>")
    assert "parts; the limit is 2,000" in refusal("plan.docx", buffer.getvalue())


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_no_entity_is_resolved(word_plan: Document, encoding: str) -> None:
    evil = '<?xml version="1.0"?><!DOCTYPE d [<!ENTITY x SYSTEM "file:///etc/passwd">]><w:d>&x;</w:d>'
    data = changed_archive(word_bytes(word_plan), word__document_DOT_xml=evil.encode(encoding))
    assert "declares XML entities" in refusal("plan.docx", data)


def test_a_web_page_resolves_no_entity() -> None:
    page = b'<!DOCTYPE d [<!ENTITY x SYSTEM "file:///etc/passwd">]><p>before &x; after</p>'
    assert "root:" not in read_upload("plan.html", page)


def test_deep_and_long_pages_end_in_time() -> None:
    assert "is nested too deeply" in refusal("plan.html", b"<div>" * 50_000 + b"word")
    assert len(read_upload("plan.html", b"<p>" + b"word " * 100_000)) > 400_000


def test_a_parser_that_takes_too_long_is_ended() -> None:
    with pytest.raises(InputError, match=r"plan\.html took longer than 0\.01 seconds"):
        parse_apart("plan.html", "html", b"<p>x", seconds=0.01)


def test_names_with_folders_and_control_codes_are_shown_plainly() -> None:
    with pytest.raises(InputError) as refused:
        read_upload("../../etc/\x1b[31mpl\nan.xyz", b"text")
    assert str(refused.value).startswith("[31mplan.xyz has an ending")


def test_more_text_than_a_lesson_holds_is_refused() -> None:
    assert "characters; the limit is 1,000,000" in refusal("plan.html", b"<p>" + b"word " * 250_000)
