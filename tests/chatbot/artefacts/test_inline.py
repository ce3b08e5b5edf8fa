from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatbot.artefacts.inline import Span, plain, safe_text, shortened, spans


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("**bold** and *it* and `x_1`", "bold and it and x_1"),
        ("2 * 3 * 4 and snake_case_name and __init__", "2 * 3 * 4 and snake_case_name and __init__"),
        ("see [the page](http://example.org/a) now", "see the page (http://example.org/a) now"),
        ("[Do Now][] first<br>then", "Do Now first then"),
        (r"a \* b \| c", "a * b | c"),
        ("**not closed", "**not closed"),
    ],
)
def test_marks_go_and_words_stay(line: str, shown: str) -> None:
    assert plain(line) == shown


def test_faces_are_kept() -> None:
    assert list(spans("a **b** *c* `d`")) == [
        Span("a "),
        Span("b", bold=True),
        Span(" "),
        Span("c", italic=True),
        Span(" "),
        Span("d", code=True),
    ]


@given(st.text(max_size=300))
def test_text_becomes_writable_as_xml_and_loses_no_writable_letter(text: str) -> None:
    from lxml import etree

    element = etree.Element("a")
    element.text = safe_text(text)
    assert [c for c in safe_text(text) if c.isalnum()] == [c for c in text if c.isalnum()]


@given(st.text(max_size=300), st.integers(5, 100))
def test_a_text_is_never_longer_than_its_limit(text: str, limit: int) -> None:
    short = shortened(text, characters=limit)
    assert len(short) <= limit
    assert short == text or short.endswith("…")
