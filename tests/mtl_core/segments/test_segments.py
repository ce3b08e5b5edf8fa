"""What holds for the segments of any text: exact offsets, nothing lost, and time in step with its length."""

from __future__ import annotations

import re
import time
from itertools import pairwise

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from mtl_core.segments import Segment, segment_document
from tests.mtl_core.segments.segment_texts import HEADING, LINES, SENTENCE, TEXTS

MARK = re.compile(r"\s*(?:\d{1,3}[.)]|\(\w{1,3}[.)]|[a-zA-Z][.)]|\[[ xX]\])\s")
FENCE = re.compile(r"[ \t]*(?:```|~~~)")


@settings(deadline=None, max_examples=300)
@given(TEXTS)
def test_offsets_are_exact_ordered_and_never_overlap(text: str) -> None:
    segments = segment_document(text)
    assert all(text[segment.start : segment.end] == segment.text for segment in segments)
    assert all(segment.text == segment.text.strip() != "" for segment in segments)
    assert all(before.end <= after.start for before, after in pairwise(segments))


@settings(deadline=None, max_examples=300)
@given(TEXTS)
@example("A. -")
@example("1. !!!\n---")
def test_every_segment_holds_a_word_character(text: str) -> None:
    assert all(re.search(r"\w", segment.text) for segment in segment_document(text))


@pytest.mark.parametrize("text", ["---", "***\n", "- - -", "===", "|---|:--:|", "…", "?!", "•", "\n \t\n", "", "___"])
def test_lines_without_a_letter_or_digit_give_no_segment(text: str) -> None:
    assert segment_document(text) == []


@settings(deadline=None, max_examples=300)
@given(TEXTS)
@example("1. (a) [x] real\n```\ncode\n~~~ info\n")
def test_every_letter_and_digit_is_in_a_segment_or_a_bullet_mark_or_a_fence(text: str) -> None:
    inside = bytearray(len(text))
    for segment in segment_document(text):
        for offset in range(segment.start, segment.end):
            inside[offset] += 1
    assert max(inside, default=0) <= 1
    position = 0
    for line in text.splitlines(keepends=True):
        mark = MARK.match(line)
        bare = len(line) if FENCE.match(line) else mark.end() if mark else 0
        lost = [c for offset, c in enumerate(line) if c.isalnum() and not inside[position + offset] and offset >= bare]
        assert not lost, (line, lost)
        position += len(line)


@settings(deadline=None, max_examples=200)
@given(TEXTS)
def test_the_heading_of_a_segment_is_the_nearest_one_above(text: str) -> None:
    above = ""
    for segment in segment_document(text):
        if segment.kind is HEADING:
            assert segment.heading == ""
            above = segment.text
        else:
            assert segment.heading in above
            assert segment.heading or not re.search(r"[^\W_]", above)


@settings(deadline=None, max_examples=200)
@given(st.lists(LINES, max_size=12).map("\n".join))
def test_windows_line_ends_change_nothing_but_offsets(text: str) -> None:
    windows = segment_document(text.replace("\n", "\r\n"))
    seen = [(s.text.replace("\r\n", "\n"), s.kind, s.heading) for s in windows]
    assert seen == [(s.text, s.kind, s.heading) for s in segment_document(text)]


def test_a_segment_cannot_be_changed() -> None:
    segment = segment_document("Pupils write.")[0]
    assert segment == Segment(0, 13, "Pupils write.", SENTENCE, "")
    with pytest.raises(AttributeError):
        segment.start = 1  # type: ignore[misc]


@pytest.mark.parametrize(
    ("before", "unit", "after"),
    [
        ("", ".", "a"),
        ("# a", "#", "b"),
        ("- a", "#", "b:"),
        ("", "A. ", "b"),
        ("a.", " ", "b"),
        ("", "a\n", ""),
        ("", "- ", "x"),
        ('a."', '"', "b"),
        ("", "|", "a"),
        ("", "e.g. Go ", "end"),
    ],
)
def test_the_time_grows_no_faster_than_the_text(before: str, unit: str, after: str) -> None:
    """Four times the text may take eight times as long; a quadratic rule takes sixteen times."""

    def seconds(characters: int) -> float:
        text = before + unit * (characters // len(unit)) + after
        begun = time.process_time()
        segment_document(text)
        return time.process_time() - begun

    assert seconds(8_000) < 8 * min(seconds(2_000), seconds(2_000)) + 0.05
