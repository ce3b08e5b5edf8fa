"""From examples to padded tensors."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from mtl_core.batching import TokenisedExample, pad_batch, tokenise
from mtl_core.data.examples import Example
from mtl_core.encoder import SharedEncoder
from mtl_core.heads.base import CUT, NO_WORD

SEQUENCE = st.lists(st.integers(1, 99), min_size=1, max_size=6).map(tuple)
TOKENISED = st.builds(
    TokenisedExample,
    st.lists(SEQUENCE, min_size=1, max_size=3).map(tuple),
    st.lists(st.integers(0, 5) | st.just(CUT), max_size=3).map(tuple),
)


@settings(deadline=None, max_examples=50)
@given(st.lists(TOKENISED, min_size=1, max_size=5))
def test_padding_loses_nothing(examples: list[TokenisedExample]) -> None:
    batch = pad_batch(examples, pad_id=0)
    sequences = [sequence for example in examples for sequence in example.sequences]
    assert [tuple(row[mask.bool()].tolist()) for row, mask in zip(*batch[:2], strict=True)] == sequences
    assert batch.input_ids.shape[1] == max(map(len, sequences))
    assert not batch.input_ids[batch.attention_mask == 0].any()
    assert batch.lengths.tolist() == [len(example.sequences) for example in examples]
    assert [tuple(row[row != NO_WORD].tolist()) for row in batch.words] == [example.words for example in examples]


def test_words_come_before_segments_and_segments_before_the_text(tiny: SharedEncoder) -> None:
    tokenizer = tiny.tokenizer
    whole, cut, worded = tokenise(
        tokenizer,
        [
            Example(text="plan lesson", labels={}),
            Example(text="plan lesson", labels={}, segments=("plan", "the lesson")),
            Example(text="plan lesson", labels={}, words=("plan", "lesson"), segments=("plan",)),
        ],
        max_tokens=24,
    )
    ids = tokenizer("plan lesson")["input_ids"]
    assert whole == TokenisedExample((tuple(ids),))
    assert cut.sequences == (tuple(tokenizer("plan")["input_ids"]), tuple(tokenizer("the lesson")["input_ids"]))
    assert worded == TokenisedExample((tuple(ids),), (1, 2))
    assert (whole.size, cut.size) == (4, 3 + 4)


def test_the_budget_cuts_texts_and_marks_words(tiny: SharedEncoder) -> None:
    words = ("plan", "xyz", "lesson", "three")
    text, worded = tokenise(
        tiny.tokenizer,
        [Example(text=" ".join(words), labels={}), Example(text=" ".join(words), labels={}, words=words)],
        max_tokens=6,
    )
    assert len(text.sequences[0]) == 6
    assert text.sequences[0] == worded.sequences[0]
    # plan, x, ##y, ##z fill the four places between the special pieces
    assert worded.words == (1, 2, CUT, CUT)


def test_nothing_gives_nothing(tiny: SharedEncoder) -> None:
    assert tokenise(tiny.tokenizer, [], max_tokens=8) == []


def test_a_batch_moves_whole() -> None:
    batch = pad_batch([TokenisedExample(((1, 2),), (0,))], pad_id=0).to(torch.device("meta"))
    assert {part.device.type for part in batch} == {"meta"}


@pytest.mark.parametrize("words", [(), ("plan",)])
def test_a_text_of_one_word_has_three_pieces(tiny: SharedEncoder, words: tuple[str, ...]) -> None:
    assert tokenise(tiny.tokenizer, [Example(text="plan", labels={}, words=words)], max_tokens=9)[0].size == 3
