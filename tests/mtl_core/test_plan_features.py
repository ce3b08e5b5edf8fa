"""Stretches of a document, their vectors and their hashed words."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mtl_core.features import document_vector, encoder_text
from mtl_core.plan_features import WORD_BUCKETS, PlanFeatures, join_features, plan_features, plan_stretches
from mtl_core.segments import Segment, SegmentKind, segment_document

SIZE = 5
PLAN = "# Rivers\n\nPupils name 3 rivers.\n\n- Why do rivers bend?\n- Draw one\n\n## End\n\nExit card, 5 minutes."


def features_of(segments: list[Segment], seed: int = 0) -> PlanFeatures:
    """Features with a random unit vector for every text."""
    return plan_features(segments, vectors_of(segments, seed))


def vectors_of(segments: list[Segment], seed: int = 0) -> dict[str, np.ndarray]:
    generator = np.random.default_rng(seed)
    texts = dict.fromkeys(encoder_text(segment.text) for segment in segments)
    rows = generator.normal(size=(len(texts), SIZE)).astype(np.float32)
    return dict(zip(texts, rows / np.linalg.norm(rows, axis=1, keepdims=True), strict=True))


def segments_of(lengths: list[int]) -> list[Segment]:
    """Segments of so many words each."""
    texts = [" ".join(f"w{number % 7}" for number in range(length)) for length in lengths]
    return [Segment(0, len(text), text, SegmentKind.SENTENCE) for text in texts]


def words_of(text: str) -> dict[int, float]:
    features = features_of(segment_document(text))
    return dict(zip(features.buckets.tolist(), features.values.tolist(), strict=True))


@settings(deadline=None, max_examples=60)
@given(st.lists(st.integers(1, 90), min_size=1, max_size=60))
def test_stretches_are_the_document_in_pieces_of_like_length(lengths: list[int]) -> None:
    segments = segments_of(lengths)
    stretches = plan_stretches(segments)
    assert [segment for stretch in stretches for segment in stretch] == segments
    assert all(stretches)
    assert len(stretches) <= max(1, round(sum(lengths) / 140))
    sizes = [sum(len(segment.text.split()) for segment in stretch) for stretch in stretches]
    assert max(sizes) <= 210 + 2 * max(lengths)


def test_a_short_document_is_one_stretch_and_a_long_one_is_many() -> None:
    assert len(plan_stretches(segments_of([20] * 5))) == 1
    assert len(plan_stretches(segments_of([20] * 70))) == 10


def test_features_have_unit_length_and_fit_together() -> None:
    segments = segments_of([30] * 20)
    features = features_of(segments)
    stretches = plan_stretches(segments)
    assert features.counts.tolist() == [len(stretches)] == [4]
    assert features.words.tolist() == [150] * 4
    np.testing.assert_allclose(np.linalg.norm(features.vectors, axis=1), 1, rtol=1e-5)
    assert features.offsets[0] == 0
    assert features.offsets[-1] == len(features.buckets) == len(features.values)
    for start, end in zip(features.offsets[:-1], features.offsets[1:], strict=True):
        assert np.linalg.norm(features.values[start:end]) == pytest.approx(1)
        assert len(set(features.buckets[start:end].tolist())) == end - start
    assert features.buckets.min() >= 0
    assert features.buckets.max() < WORD_BUCKETS
    expected = document_vector(stretches[1], vectors_of(segments))
    np.testing.assert_allclose(features.vectors[1], expected, rtol=1e-5)


def test_digits_are_folded_and_other_words_are_not() -> None:
    assert words_of("Pupils name 3 rivers.") == words_of("Pupils name 8 rivers.")
    assert words_of("Pupils name 3 rivers.") != words_of("Pupils name 3 towns.")


def test_the_kind_of_a_segment_and_its_end_are_words_too() -> None:
    plain, bullet = set(words_of("name the rivers")), set(words_of("- name the rivers"))
    assert plain != bullet
    assert plain & bullet
    assert set(words_of("name the rivers?")) - plain


def test_a_heading_counts_once_however_much_stands_under_it() -> None:
    one, many = (features_of(segment_document("# Aim\n\n" + "Sing.\n\n" * times)) for times in (1, 9))
    assert set(one.buckets.tolist()) == set(many.buckets.tolist())
    # the heading's own words keep their count, so beside nine times the text they weigh less
    assert float(one.values.min()) > float(many.values.min())


def test_joined_features_hold_each_document_unchanged() -> None:
    documents = [
        features_of(segment_document(PLAN)),
        features_of(segments_of([40] * 12)),
        features_of(segments_of([3])),
    ]
    joined = join_features(documents)
    assert joined.counts.tolist() == [int(document.counts[0]) for document in documents]
    row = 0
    for document in documents:
        for stretch in range(len(document.words)):
            start, end = joined.offsets[row : row + 2]
            own = slice(*document.offsets[stretch : stretch + 2])
            np.testing.assert_array_equal(joined.buckets[start:end], document.buckets[own])
            np.testing.assert_array_equal(joined.values[start:end], document.values[own])
            np.testing.assert_array_equal(joined.vectors[row], document.vectors[stretch])
            assert joined.words[row] == document.words[stretch]
            row += 1
    assert row == len(joined.words) == len(joined.offsets) - 1
