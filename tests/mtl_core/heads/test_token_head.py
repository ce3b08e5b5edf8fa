"""The token head: words read at their first piece, words beyond the budget, well-formed spans."""

from __future__ import annotations

import pytest
import torch

from mtl_core.data.examples import Example
from mtl_core.errors import InputError
from mtl_core.heads import Decision, EncoderStates
from mtl_core.heads.base import CUT, NO_WORD
from tests.mtl_core.small_heads import DIMENSION, small_head, states_of

WORDS = ("w", "w", "w")


def states_at(places: list[list[int]]) -> EncoderStates:
    rows = len(places)
    tokens = torch.randn(rows, 5, DIMENSION, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    mask = torch.ones(rows, 5)
    return EncoderStates(tokens, mask, tokens.mean(1), torch.ones(rows, dtype=torch.long), torch.tensor(places))


def test_a_word_is_read_at_its_first_piece() -> None:
    head, states = small_head("token"), states_at([[1, 3, NO_WORD], [2, CUT, NO_WORD]])
    logits = head(states)
    torch.testing.assert_close(logits[0, 1], head.linear(states.tokens[0, 3]))
    torch.testing.assert_close(logits[1, 0], head.linear(states.tokens[1, 2]))


def test_words_beyond_the_budget_are_outside_with_probability_zero() -> None:
    head, states = small_head("token"), states_at([[1, 3, NO_WORD], [2, CUT, CUT]])
    logits = torch.zeros(2, 3, 5, dtype=torch.float64)
    logits[..., 1] = 5.0
    first, second = head.predict(logits, Decision(), states)
    assert first.label == ("B-x", "B-x")
    assert second.label == ("B-x", "O", "O")
    assert second.probabilities[1:] == (0.0, 0.0)
    assert second.probabilities[0] == pytest.approx(0.9737, abs=1e-4)


def test_a_lone_inside_tag_is_never_predicted() -> None:
    head, states = small_head("token"), states_at([[1, 2, 3]])
    logits = torch.full((1, 3, 5), -3.0, dtype=torch.float64)
    logits[0, 0, 0] = logits[0, 1, 2] = logits[0, 2, 2] = 4.0
    logits[0, 1, 1] = 3.5
    assert head.predict(logits, Decision(), states)[0].label == ("O", "B-x", "I-x")


def test_no_word_gives_no_tag() -> None:
    head = small_head("token")
    states = states_of([Example(text="w", labels={})])
    assert head.predict(head(states), Decision(), states)[0].label == ()


def test_tags_and_words_have_to_be_as_many() -> None:
    head = small_head("token")
    for tags in (("O", "O"), "O"):
        with pytest.raises(InputError, match=r"f:2: task 'task' needs one tag for each of the 3 words"):
            head.targets([Example(text="w w w", labels={"task": tags}, words=WORDS, source="f:2")])


def test_an_example_of_several_passages_is_refused() -> None:
    head, states = small_head("token"), states_of([Example(text="w", labels={}, segments=("p", "p"))])
    with pytest.raises(InputError, match="'task' reads examples of one passage each"):
        head(states)


def test_each_word_counts_as_one() -> None:
    head = small_head("token")
    examples = [
        Example(text="w w w", labels={"task": ("O", "B-x", "I-x")}, words=WORDS),
        Example(text="w", labels={"task": ("B-y",)}, words=("w",)),
    ]
    targets = head.targets(examples)
    assert targets.known.sum() == 4
    assert targets.values.tolist() == [[0, 1, 2], [3, 0, 0]]


def test_the_rules_of_decoding_are_not_saved() -> None:
    assert not any("forbidden" in name for name in small_head("token").state_dict())
