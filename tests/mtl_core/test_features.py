"""What a head sees of each segment."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mtl_core.features import document_vector, encoder_text, feature_dimension, segment_features
from mtl_core.segments import Segment, SegmentKind, segment_document

SIZE = 6


def vectors_of(segments: list[Segment], seed: int = 0) -> dict[str, np.ndarray]:
    """A random unit vector for every text and heading."""
    generator = np.random.default_rng(seed)
    texts = dict.fromkeys(encoder_text(part) for segment in segments for part in (segment.text, segment.heading))
    rows = generator.normal(size=(len(texts), SIZE)).astype(np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    return dict(zip(texts, rows, strict=True))


PLAN = segment_document(
    "Ten minutes of talk first.\n\n# Starter\n\nPupils write two sums.\n\n- card\n- pen\n\n"
    "| a | b |\n\n# End\n\nExit card."
)


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("## Objective", "Objective"),
        ("**Pupils**  _solve_\r\n\tthree `sums`", "Pupils solve three sums"),
        ("| Starter | 5 min |", "Starter 5 min"),
        ("[link] {a} ~b~ > c = d", "link a b c d"),
        ("one<br>two <b class='x'>three</b>", "one two three"),
        ("3 < 5", "3 < 5"),
        ("***", ""),
        ("", ""),
    ],
)
def test_marks_are_left_out(text: str, plain: str) -> None:
    assert encoder_text(text) == plain


@settings(deadline=None)
@given(st.text(max_size=80))
def test_plain_text_stays_plain(text: str) -> None:
    plain = encoder_text(text)
    assert encoder_text(plain) == plain
    assert plain == " ".join(plain.split())


def test_a_row_holds_text_heading_place_and_kind() -> None:
    vectors = vectors_of(PLAN)
    rows = segment_features(PLAN, vectors)
    assert rows.shape == (len(PLAN), feature_dimension(SIZE))
    assert rows.dtype == np.float32
    for row, segment in zip(rows, PLAN, strict=True):
        np.testing.assert_array_equal(row[:SIZE], vectors[encoder_text(segment.text)])
        above = row[SIZE : 2 * SIZE]
        if segment.heading:
            direction = above / np.linalg.norm(above)
            np.testing.assert_allclose(direction, vectors[segment.heading], atol=1e-6)
        else:
            assert not above.any()


def test_the_kind_is_one_column_of_its_own() -> None:
    kinds = segment_features(PLAN, vectors_of(PLAN))[:, -len(SegmentKind) :]
    assert {segment.kind for segment in PLAN} == set(SegmentKind)
    assert (np.count_nonzero(kinds, axis=1) == 1).all()
    columns = {(segment.kind, int(row.argmax())) for segment, row in zip(PLAN, kinds, strict=True)}
    assert len(columns) == len(SegmentKind) == len({column for _, column in columns})


def test_the_place_runs_from_the_first_segment_to_the_last() -> None:
    place, start, end = segment_features(PLAN, vectors_of(PLAN))[:, 2 * SIZE : 2 * SIZE + 3].T
    assert place[0] == 0.0
    assert (np.diff(place) > 0).all()
    np.testing.assert_allclose(np.diff(place), place[-1] / (len(PLAN) - 1), rtol=1e-5)
    assert start[0] > 0
    assert end[-1] > 0
    assert not start[len(PLAN) // 2]
    assert not end[len(PLAN) // 2]


def test_the_length_of_a_row_follows_the_encoder() -> None:
    assert feature_dimension(10) - feature_dimension(4) == 12
    one = segment_document("Pupils write.")
    assert segment_features(one, vectors_of(one)).shape == (1, feature_dimension(SIZE))


def test_the_document_vector_is_the_mean_weighted_by_length() -> None:
    segments = [Segment(0, 4, "aaaa", SegmentKind.SENTENCE), Segment(5, 8, "bbb", SegmentKind.SENTENCE)]
    vectors = {"aaaa": np.asarray([1, 0], np.float32), "bbb": np.asarray([0, 1], np.float32)}
    np.testing.assert_allclose(document_vector(segments, vectors), [0.8, 0.6], rtol=1e-6)


@settings(deadline=None)
@given(st.permutations(PLAN), st.integers(0, 100))
def test_the_document_vector_is_a_unit_vector_whatever_the_order(segments: list[Segment], seed: int) -> None:
    vectors = vectors_of(PLAN, seed)
    vector = document_vector(segments, vectors)
    assert vector.dtype == np.float32
    assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-5)
    np.testing.assert_allclose(vector, document_vector(PLAN, vectors), atol=1e-6)


def test_vectors_that_cancel_out_give_no_division_by_zero() -> None:
    segments = [Segment(0, 1, "a", SegmentKind.SENTENCE), Segment(2, 3, "b", SegmentKind.SENTENCE)]
    vectors = {"a": np.asarray([1, 0], np.float32), "b": np.asarray([-1, 0], np.float32)}
    np.testing.assert_array_equal(document_vector(segments, vectors), [0, 0])
