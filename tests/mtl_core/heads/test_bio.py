"""Decoding of BIO tags: always well formed, and never worse than any other well-formed sequence."""

from __future__ import annotations

from itertools import pairwise, product

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from mtl_core.heads.bio import best_path, forbidden_steps

TAGS = ["O", "B-x", "I-x", "B-y", "I-y", "B-x-y"]


def is_legal(labels: list[str], path: list[int]) -> bool:
    tags = [labels[number] for number in path]
    starts = [tag.startswith("I-") for tag in tags[:1]]
    broken = [tag.startswith("I-") and before[2:] != tag[2:] for before, tag in pairwise(tags)]
    return not any([*starts, *broken])


@st.composite
def scored(draw: st.DrawFn) -> tuple[list[str], torch.Tensor]:
    labels = ["O", *draw(st.lists(st.sampled_from(TAGS[1:]), unique=True, max_size=3))]
    labels = draw(st.permutations(labels))
    words = draw(st.integers(0, 4))
    # whole numbers, so that ties and sums are exact
    rows = draw(
        st.lists(
            st.lists(st.integers(-9, 0), min_size=len(labels), max_size=len(labels)), min_size=words, max_size=words
        )
    )
    return labels, torch.tensor(rows, dtype=torch.float64).reshape(words, len(labels))


@settings(max_examples=150, deadline=None)
@given(scored())
def test_the_path_is_well_formed_and_the_best_of_all(given_scores: tuple[list[str], torch.Tensor]) -> None:
    labels, scores = given_scores
    path = best_path(scores, *forbidden_steps(labels))
    assert len(path) == len(scores)
    assert is_legal(labels, path)
    legal = [way for way in product(range(len(labels)), repeat=len(scores)) if is_legal(labels, list(way))]
    values = [sum(float(scores[word, tag]) for word, tag in enumerate(way)) for way in legal]
    assert sum(float(scores[word, tag]) for word, tag in enumerate(path)) == max(values)


def test_what_may_follow_what() -> None:
    labels = ["O", "B-x", "I-x", "B-y", "I-y"]
    first, steps = forbidden_steps(labels)
    assert [label for label, refused in zip(labels, first, strict=True) if refused] == ["I-x", "I-y"]
    refused = {(labels[a], labels[b]) for a in range(5) for b in range(5) if steps[a, b]}
    assert refused == {(a, b) for a in labels for b in ("I-x", "I-y") if a[2:] != b[2:]}


def test_long_sentences_of_impossible_tags_stay_finite() -> None:
    labels = ["O", "I-x"]
    scores = torch.tensor([[-27.6, 0.0]]).repeat(600, 1)
    assert best_path(scores, *forbidden_steps(labels)) == [0] * 600
