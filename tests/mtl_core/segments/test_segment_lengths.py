"""How long a segment may be, and where longer passages are cut."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mtl_core.encoder import SharedEncoder
from mtl_core.segments import segment_document
from mtl_core.training.corpus import SHIPPED_CORPUS
from tests.mtl_core.segments.segment_texts import BULLET, HEADING, TEXTS, contents, kinds


@settings(deadline=None, max_examples=200)
@given(TEXTS, st.integers(8, 60))
def test_no_segment_but_a_heading_is_longer_than_the_bound(text: str, bound: int) -> None:
    segments = segment_document(text, max_words=bound)
    assert all(len(segment.text.split()) <= bound for segment in segments if segment.kind is not HEADING)


@pytest.mark.parametrize("bound", [8, 60])
def test_a_line_of_many_words_after_a_hash_is_cut_as_well(bound: int) -> None:
    segments = segment_document("# " + "word " * 300, max_words=bound)
    assert max(len(segment.text.split()) for segment in segments) <= bound


def test_long_passages_are_cut_at_a_clause_and_else_at_a_space() -> None:
    clause = " ".join(["word"] * 44) + ", " + " ".join(["more"] * 40)
    assert [len(text.split()) for text in contents(clause)] == [44, 40]
    assert contents(clause)[0].endswith(",")
    assert [len(text.split()) for text in contents(" ".join(["word"] * 130))] == [60, 60, 10]


def test_long_bullets_are_cut_into_sentences_and_short_ones_are_not() -> None:
    assert kinds("- Write it. Share it. Check it.") == [BULLET]
    long = " ".join(f"Pupils write the {number} words on the sheet." for number in range(10))
    assert kinds(f"- {long}") == [BULLET] * 10


@pytest.mark.parametrize("bound", [7, 0, -1])
def test_a_bound_that_leaves_no_room_is_refused(bound: int) -> None:
    with pytest.raises(ValueError, match="give 8 or more"):
        segment_document("Plan.", max_words=bound)


def test_the_encoder_truncates_no_segment_of_the_corpus(encoder: SharedEncoder) -> None:
    paths = sorted(Path(SHIPPED_CORPUS / "plans").glob("*.md"))
    texts = [text for path in paths for text in contents(path.read_bytes().decode())]
    assert len(texts) > 5_000
    longest = sorted(texts, key=len)[-24:]
    assert not encoder.encode(longest).truncated.any()
