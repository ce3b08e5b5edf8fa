"""States of messages and words: what the encoder gives, beside what the copied layers give."""

from __future__ import annotations

import numpy as np
import torch

from chatbot.message_heads.rows import word_spans
from chatbot.message_heads.states import MessageEncoder, pool_tokens
from mtl_core.encoder import SharedEncoder
from mtl_core.tuned_layers import copied_layers

TEXTS = ["undo", "find something on electromagnetism for my year 9s, please!", "it's in the plenary"]


def test_untuned_copies_give_the_states_of_the_encoder() -> None:
    encoder = SharedEncoder.load(precision="float32")
    states = MessageEncoder(encoder, layers=(6,), tuned=copied_layers(encoder, 2)).encode(TEXTS)
    plain = encoder.encode(TEXTS, layers=(6,))
    for row, state in enumerate(states):
        frozen, copied = state.pooled.split(encoder.dimension)
        assert np.allclose(frozen.numpy(), plain.layers[row, 0], atol=1e-4)
        assert torch.allclose(frozen, copied, atol=1e-4)
        assert np.allclose(state.vector, plain.vectors[row], atol=1e-5)
        assert len(state.words) == len(word_spans(TEXTS[row]))


def test_tokens_are_in_the_order_of_the_texts(encoder: SharedEncoder) -> None:
    reader = MessageEncoder(encoder, layers=(4, 6), tuned=copied_layers(encoder, 1))
    for text, tokens in zip(TEXTS, reader.tokens(TEXTS), strict=True):
        assert tokens.count == len(word_spans(text))
        assert tokens.start.shape == (len(tokens.words), encoder.dimension)
        assert tokens.inner.shape == (len(tokens.words), 2 * encoder.dimension)
        # the special tokens at both ends are no words, and every word has a piece
        assert tokens.words[0] == tokens.words[-1] == -1
        assert set(tokens.words[1:-1].tolist()) == set(range(tokens.count))


def test_a_word_is_the_mean_of_its_pieces_and_zero_where_it_was_cut_off() -> None:
    tokens = torch.arange(12.0).reshape(2, 3, 2)
    mask = torch.tensor([[1, 1, 1], [1, 1, 0]])
    places = [(torch.tensor([0, 0, 1]), 2), (torch.tensor([-1, 0]), 2)]
    pooled, words = pool_tokens(tokens, mask, places)
    assert pooled.tolist() == [[2.0, 3.0], [7.0, 8.0]]
    assert words[0].tolist() == [[1.0, 2.0], [4.0, 5.0]]
    assert words[1].tolist() == [[8.0, 9.0], [0.0, 0.0]]
