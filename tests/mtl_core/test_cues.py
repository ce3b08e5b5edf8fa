"""Hashed word cues."""

from __future__ import annotations

import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mtl_core.cues import BUCKETS, cue_matrix
from mtl_core.segments import Segment, SegmentKind

TEXT = st.text(alphabet="abc 0'?“:….[(é\n*", max_size=60)
SEGMENTS = st.lists(
    st.builds(lambda text, heading: Segment(0, len(text), text, SegmentKind.SENTENCE, heading), TEXT, TEXT), max_size=6
)


def row(text: str, heading: str = "") -> dict[int, float]:
    """Value by bucket of one segment."""
    matrix = cue_matrix([Segment(0, len(text), text, SegmentKind.SENTENCE, heading)])
    return dict(zip(matrix.buckets.tolist(), matrix.values.tolist(), strict=True))


@settings(deadline=None)
@given(SEGMENTS)
def test_rows_are_well_formed(segments: list[Segment]) -> None:
    matrix = cue_matrix(segments)
    assert len(matrix.offsets) == len(segments) + 1
    assert matrix.offsets[0] == 0
    assert matrix.offsets[-1] == len(matrix.buckets) == len(matrix.values)
    assert (np.diff(matrix.offsets) >= 0).all()
    assert matrix.offsets.dtype == matrix.buckets.dtype == np.int64
    assert matrix.values.dtype == np.float32
    assert ((matrix.buckets >= 0) & (matrix.buckets < BUCKETS)).all()
    assert (matrix.values > 0).all()


@settings(deadline=None)
@given(SEGMENTS)
def test_a_row_does_not_depend_on_its_neighbours(segments: list[Segment]) -> None:
    together = cue_matrix(segments)
    for number, segment in enumerate(segments):
        alone = cue_matrix([segment])
        inside = slice(together.offsets[number], together.offsets[number + 1])
        np.testing.assert_array_equal(together.buckets[inside], alone.buckets)
        np.testing.assert_array_equal(together.values[inside], alone.values)


@settings(deadline=None)
@given(st.lists(st.sampled_from(["plan", "write", "5", "why", "?"]), min_size=1, max_size=200).map(" ".join))
def test_long_and_short_texts_have_the_same_length_of_row(text: str) -> None:
    length = np.linalg.norm(list(row("one").values()))
    assert np.linalg.norm(list(row(text).values())) == pytest.approx(length, rel=1e-5)


def test_a_heading_weighs_less_than_the_text() -> None:
    text, both = row("pupils write"), row("pupils write", "pupils write")
    assert text.items() <= both.items()
    heading = [value for bucket, value in both.items() if bucket not in text]
    assert 0 < np.linalg.norm(heading) < np.linalg.norm(list(text.values()))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Write for 5 minutes", "write FOR 12 minutes"),
        ("**write** it", "write   it"),
        ("write it.", "write it"),
    ],
)
def test_case_digits_and_marks_make_no_difference(one: str, other: str) -> None:
    assert row(one) == row(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [("you help me", "me help you"), ("write it?", "write it"), ("do not tell", "do tell"), ("a", "b")],
)
def test_order_questions_and_little_words_make_a_difference(one: str, other: str) -> None:
    assert row(one) != row(other)


def test_buckets_are_the_same_on_every_machine() -> None:
    grams = ["t:pupils", "t:write", "t:0", "t:pupils write", "t:write 0", "t:pupils write 0", "h:main"]
    assert set(row("Pupils write 12", "Main")) == {zlib.crc32(gram.encode()) % BUCKETS for gram in grams}


def test_a_repeated_word_counts_more_but_less_than_twice() -> None:
    values = row("go stop go")
    once, twice = (values[zlib.crc32(f"t:{word}".encode()) % BUCKETS] for word in ("stop", "go"))
    assert once < twice < 2 * once


@pytest.mark.parametrize("text", ["", "é", "…!", "***", "教案"])
def test_a_text_without_a_cue_gives_an_almost_empty_row(text: str) -> None:
    assert len(row(text)) <= 1


def test_no_segment_gives_no_row() -> None:
    matrix = cue_matrix([])
    assert matrix.offsets.tolist() == [0]
    assert len(matrix.buckets) == len(matrix.values) == 0
