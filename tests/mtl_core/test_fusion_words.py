"""Words matched between members whose tokenizers cut them in other pieces."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from mtl_core.data.examples import Example
from mtl_core.fusion import FusedModel
from mtl_core.fusion_states import read_chunks
from mtl_core.model import MultiTaskModel
from tests.mtl_core.toy_members import SPANS, build_member, word_tokenizer

READABLE = ["plan", "pupils", "the", "Sun", "snow,", "three-fold", "a", "lesson?", "pé", "wind", "42", "solve"]


def running_text_states(member: MultiTaskModel, words: list[str]) -> torch.Tensor:
    """State of the first piece of each word in the running text, found by its place in the text."""
    text = " ".join(words)
    encoded = member.encoder.tokenizer(text, return_offsets_mapping=True)
    # the blank before a word belongs to its first piece in a byte-level tokenizer, and to none in WordPiece
    starts = [len(" ".join(words[:number])) for number in range(len(words))]
    first = [next(n for n, (begin, end) in enumerate(encoded["offset_mapping"]) if end > start) for start in starts]
    with torch.no_grad():
        states = member.network(input_ids=torch.tensor([encoded["input_ids"]])).last_hidden_state[0]
    return states[first]


@pytest.fixture(scope="module")
def readers(tmp_path_factory: pytest.TempPathFactory) -> list[MultiTaskModel]:
    folder = tmp_path_factory.mktemp("readers")
    pieces = [f"{mark}{letter}" for letter in "abcdefghijklmnopqrstuvwxyz0123456789,-?" for mark in ("", "##")]
    tokenizer = word_tokenizer(["plan", "the", "pup", "##ils", "les", "##son"], pieces=pieces)
    return [
        build_member(folder / "bert", tokenizer=tokenizer, max_tokens=60),
        build_member(folder / "roberta", "roberta", max_tokens=60, size=24),
    ]


@settings(deadline=None, max_examples=25)
@given(words=st.lists(st.sampled_from(READABLE), min_size=1, max_size=6))
def test_words_are_matched_between_wordpiece_and_byte_level_bpe(
    readers: list[MultiTaskModel], words: list[str]
) -> None:
    example = Example(text=" ".join(words), words=tuple(words), labels={})
    other = Example(text="plan the plan", words=("plan", "the", "plan"), labels={})
    (chunk,) = read_chunks(readers, [other, example], own={}, states=True, words=True)
    counts = [len(member.tokenise([example])[0].sequences[0]) for member in readers]
    assert all(count >= len(words) + 2 for count in counts)
    for member, seen in zip(readers, chunk.encoded.select([1]).members, strict=True):
        assert bool(seen.read.all())
        torch.testing.assert_close(seen.words, running_text_states(member, words), atol=1e-5, rtol=1e-4)


def test_a_word_that_one_member_cut_off_takes_the_other_members(tmp_path: Path) -> None:
    short = build_member(tmp_path / "short", tasks=[SPANS], max_tokens=5)
    long = build_member(tmp_path / "long", "roberta", tasks=[SPANS], max_tokens=24, size=24)
    model = FusedModel([short, long])
    text = "a sun on the plan a snow frost wind hail"
    (weights,) = model.attention([text])
    assert len(weights["spans"]) == 10
    readable = len(long.tokenise([Example(text=text, words=tuple(text.split()), labels={})])[0].words)
    cut = [place < 0 for place in long.tokenise([Example(text=text, words=tuple(text.split()), labels={})])[0].words]
    assert readable == 10
    assert any(cut)
    for number, row in enumerate(weights["spans"]):
        if number < 3:
            assert row == pytest.approx((0.5, 0.5))
        else:
            assert row == ((0.0, 0.0) if cut[number] else (0.0, 1.0))
    (said,) = model.predict([text])
    assert len(said["spans"].label) == 10
    for number, is_cut in enumerate(cut):
        if is_cut:
            assert (said["spans"].label[number], said["spans"].probabilities[number]) == ("O", 0.0)
