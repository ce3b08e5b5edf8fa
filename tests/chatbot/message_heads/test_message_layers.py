"""The sequence decoder and its loss, against every sequence tried in turn; and the hashed features."""

from __future__ import annotations

from itertools import pairwise, product

import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from chatbot.message_heads.features import message_features, word_features
from chatbot.message_heads.layers import TAGS, Bags, HeadSizes, MessageLayers, best_tags, sequence_losses

SIZES = HeadSizes(dense=4, hidden=4, tag_hidden=4, message_buckets=16, word_buckets=16)


def layers_with_steps(seed: int) -> MessageLayers:
    torch.manual_seed(seed)
    layers = MessageLayers(SIZES)
    torch.nn.init.normal_(layers.steps)
    torch.nn.init.normal_(layers.begin)
    return layers.eval()


@torch.no_grad()
def all_scores(emissions: torch.Tensor, layers: MessageLayers) -> dict[tuple[int, ...], float]:
    scores = {}
    for path in product(range(len(TAGS)), repeat=len(emissions)):
        score = layers.begin[path[0]] + sum(emissions[word, tag] for word, tag in enumerate(path))
        score = score + sum(layers.steps[a, b] for a, b in pairwise(path))
        scores[path] = float(score)
    return scores


def test_the_loss_is_the_likelihood_over_all_sequences() -> None:
    layers = layers_with_steps(0)
    emissions = torch.randn(2, 3, len(TAGS))
    tags = torch.tensor([[1, 2, 0], [0, 3, 0]])
    mask = torch.tensor([[True, True, True], [True, True, False]])
    with torch.no_grad():
        losses = sequence_losses(emissions, tags, mask, layers)
        for row, length in enumerate((3, 2)):
            scores = all_scores(emissions[row, :length], layers)
            total = torch.logsumexp(torch.tensor(list(scores.values()), dtype=torch.float64), 0)
            expected = float(total) - scores[tuple(tags[row, :length].tolist())]
            assert abs(float(losses[row]) - expected) < 1e-3


def test_decoding_finds_the_best_sequence_that_is_allowed() -> None:
    layers = layers_with_steps(1)
    steps, begin = layers.steps.detach().numpy(), layers.begin.detach().numpy()
    for seed in range(5):
        emissions = np.random.default_rng(seed).normal(size=(3, len(TAGS))).astype(np.float32)
        scores = all_scores(torch.from_numpy(emissions), layers)
        allowed = {path: score for path, score in scores.items() if _follows([TAGS[tag] for tag in path])}
        best = max(allowed, key=lambda path: allowed[path])
        assert best_tags(emissions, steps, begin) == [TAGS[tag] for tag in best]


def _follows(tags: list[str]) -> bool:
    return all(
        not tag.startswith("I-") or before[2:] == tag[2:] for before, tag in zip(["O", *tags], tags, strict=False)
    )


def test_no_word_has_no_tag() -> None:
    assert best_tags(np.zeros((0, len(TAGS)), np.float32), np.zeros((13, 13)), np.zeros(13)) == []


@settings(max_examples=60)
@given(st.text(max_size=40))
def test_features_are_distinct_buckets_in_order(text: str) -> None:
    for row in (message_features(text, buckets=64), *word_features(text.split(), buckets=64)):
        assert row == sorted(set(row))
        assert all(0 <= bucket < 64 for bucket in row)
    assert message_features(text, buckets=64) == message_features(text, buckets=64)


def test_bags_keep_every_row_apart() -> None:
    bags = Bags.of([[1, 2], [], [3]])
    assert bags.buckets.tolist() == [1, 2, 3]
    assert bags.starts.tolist() == [0, 2, 2]
