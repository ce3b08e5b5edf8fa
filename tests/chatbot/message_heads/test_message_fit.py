"""Fitting of the message heads: repeatable, learns, and leaves the shared encoder as it is."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from chatbot.message_heads.fit import FitOptions, Messages, fit_heads
from chatbot.message_heads.layers import HeadSizes, MessageLayers
from chatbot.message_heads.prepared import Prepared, prepare_rows, read_states
from chatbot.message_heads.rows import load_batch
from chatbot.message_heads.states import MessageEncoder
from chatbot.message_heads.train import choose_decisions
from mtl_core.encoder import SharedEncoder
from mtl_core.tuned_layers import TunedLayers, copied_layers

OPTIONS = FitOptions(epochs=5, batch=16, dropout=0.0, framed_share=1.0, average=0.9)


@pytest.fixture(scope="module")
def sizes(encoder: SharedEncoder) -> HeadSizes:
    dense = 2 * encoder.dimension
    return HeadSizes(dense=dense, hidden=16, tag_hidden=16, message_buckets=512, word_buckets=512)


@pytest.fixture(scope="module")
def messages(encoder: SharedEncoder, sizes: HeadSizes) -> Messages:
    rows = load_batch("first")[::12]
    reader = MessageEncoder(encoder, layers=(6,), tuned=copied_layers(encoder, 1))
    data = prepare_rows(rows, reader.tokens([row.text for row in rows]), sizes=sizes)
    half = len(rows) // 2
    return Messages(data, [[row] for row in range(half)], [[row] for row in range(half, len(rows))])


def fitted(
    encoder: SharedEncoder, messages: Messages, sizes: HeadSizes, options: FitOptions
) -> tuple[MessageLayers, TunedLayers]:
    tuned = copied_layers(encoder, 1)
    return fit_heads(messages, tuned, sizes=sizes, options=options), tuned


@torch.no_grad()
def share_right(layers: MessageLayers, tuned: TunedLayers, data: Prepared) -> float:
    step = read_states(tuned, data, range(len(data.labels)))
    guesses = layers.labels(step.pooled, step.messages)[0].argmax(-1)
    return float((guesses == data.labels[:, 0]).float().mean())


def test_fitting_is_repeatable_learns_and_leaves_the_encoder(
    encoder: SharedEncoder, messages: Messages, sizes: HeadSizes
) -> None:
    before = {name: tensor.clone() for name, tensor in encoder.network.state_dict().items()}
    layers, tuned = fitted(encoder, messages, sizes, OPTIONS)
    again, tuned_again = fitted(encoder, messages, sizes, OPTIONS)
    for one, two in ((layers, again), (tuned, tuned_again)):
        assert all((one.state_dict()[name] == two.state_dict()[name]).all() for name in one.state_dict())
    other, _ = fitted(encoder, messages, sizes, replace(OPTIONS, epochs=1, seed=1))
    assert not (layers.message.outer.weight == other.message.outer.weight).all()
    assert share_right(layers, tuned, messages.data) > 0.8
    assert all((encoder.network.state_dict()[name] == before[name]).all() for name in before)
    untouched = copied_layers(encoder, 1)
    assert not (tuned.state_dict()["layers.0.widen.weight"] == untouched.state_dict()["layers.0.widen.weight"]).all()


def test_decisions_are_chosen_within_their_ranges(encoder: SharedEncoder, messages: Messages, sizes: HeadSizes) -> None:
    layers, tuned = fitted(encoder, messages, sizes, replace(OPTIONS, epochs=1))
    temperature, scope_from = choose_decisions(layers, tuned, messages.data)
    assert 0.3 <= temperature <= 3.0
    assert 0.1 <= scope_from <= 0.9
