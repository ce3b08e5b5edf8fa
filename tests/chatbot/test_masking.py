"""What is masked, what stays, and that a plan without personal data comes back byte for byte."""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatbot.masking import Masker, find_personal
from chatbot.masking_words import first_names, names_that_are_words
from retrieval import TemplateLibrary

LINES = (Path(__file__).parent / "masking_passages.txt").read_text(encoding="utf-8").splitlines()


def passage(line: str) -> tuple[str, list[str]]:
    """A line of the set as text and as what is personal in it; ``¶`` is a new line."""
    marked = line.replace("¶", "\n")
    return re.sub("[«»]", "", marked), re.findall("«(.*?)»", marked)


@pytest.mark.parametrize("line", [line for line in LINES if "«" in line])
def test_what_is_personal_is_found(line: str) -> None:
    text, wanted = passage(line)
    assert [text[span.start : span.end] for span in find_personal(text)] == wanted


@pytest.mark.parametrize("line", [line for line in LINES if "«" not in line])
def test_what_is_not_personal_comes_back_byte_for_byte(line: str) -> None:
    text, _ = passage(line)
    masker = Masker()
    assert masker(text) == text
    assert masker.counts == {}


def test_the_set_has_both_kinds() -> None:
    assert sum("«" in line for line in LINES) >= 60
    assert sum("«" not in line for line in LINES) >= 60


def test_the_shipped_templates_hold_nobody() -> None:
    for template in TemplateLibrary.shipped().values():
        assert find_personal(template.text) == [], template.id


def test_masks_and_counts() -> None:
    masker = Masker()
    assert masker("SEN: Aisha, Ben\nCall 07700 900461 or write to a.b@school.org") == (
        "SEN: [pupil], [pupil]\nCall [phone] or write to [e-mail]"
    )
    assert masker.counts == {"name": 2, "phone": 1, "email": 1}
    assert masker.names == {"Aisha", "Ben"}


def test_a_name_of_the_plan_is_known_in_a_message() -> None:
    masker = Masker()
    assert masker("Aisha cannot do this") == "Aisha cannot do this"
    masker("SEN: Aisha, Omar")
    assert masker("Aisha cannot do this") == "[pupil] cannot do this"
    assert masker("Aisha Tyler wrote the song") == "Aisha Tyler wrote the song"


def test_who_turned_it_off_keeps_every_byte() -> None:
    masker = Masker(on=False)
    assert masker("SEN: Aisha, a@b.org") == "SEN: Aisha, a@b.org"
    assert masker.counts == {}


def test_a_group_that_is_known_by_a_masked_name_is_masked_at_once() -> None:
    text = "Mrs Brown reads with Mateo.\n\nSEN: Omar\n\nGroup A: Mateo, Yusuf, Olivia"
    once = Masker()(text)
    assert Masker()(once) == once


@given(st.lists(st.sampled_from([passage(line)[0] for line in LINES]), max_size=8).map("\n\n".join))
def test_what_was_masked_is_not_masked_again(text: str) -> None:
    once = Masker()(text)
    again = Masker()
    assert again(once) == once


@given(st.text(max_size=400))
def test_any_text_is_taken_and_only_passages_change(text: str) -> None:
    spans = find_personal(text)
    assert all(0 <= span.start < span.end <= len(text) for span in spans)
    assert all(one.end <= other.start for one, other in pairwise(spans))
    if not spans:
        assert Masker()(text) == text


def test_a_name_is_in_one_list() -> None:
    assert not first_names() & names_that_are_words()
    assert len(first_names()) > 700


@pytest.mark.parametrize(
    "text", ["SEN: Aisha " + "( " * 90_000, "Aisha, " * 28_000, "a@" * 100_000, "Aisha and " * 19_000]
)
def test_a_text_made_to_be_slow_is_still_read(text: str) -> None:
    """A pattern that tries every way would take hours here, and the test's own limit would end it."""
    assert isinstance(find_personal(text), list)


def test_a_comment_in_brackets_does_not_hide_the_list() -> None:
    text = "SEN (see file): Aisha, Ben\nGroup 1 (window): Zara, Omar, Ella"
    assert [text[span.start : span.end] for span in find_personal(text)] == ["Aisha", "Ben", "Zara", "Omar", "Ella"]
