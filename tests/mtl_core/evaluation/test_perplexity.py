"""Perplexity from numbers, and under a tiny random language model."""

from __future__ import annotations

import math
from types import SimpleNamespace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import GPT2Config, GPT2LMHeadModel

from mtl_core.errors import InputError
from mtl_core.evaluation import perplexity, perplexity_of


class Letters:
    """A tokenizer whose tokens are letters; number 0 may begin a text."""

    def __init__(self, *, begins: bool) -> None:
        self.bos_token_id = 0 if begins else None

    def __call__(self, text: str, **_options: object) -> SimpleNamespace | dict[str, list[int]]:
        return {"input_ids": [1 + ord(letter) % 19 for letter in text]}


@pytest.fixture
def language_model() -> GPT2LMHeadModel:
    torch.manual_seed(0)
    config = GPT2Config(vocab_size=20, n_positions=8, n_embd=16, n_layer=1, n_head=2, initializer_range=0.5)
    return GPT2LMHeadModel(config).train()


@settings(deadline=None, max_examples=50)
@given(st.lists(st.floats(-20, 0), min_size=1, max_size=20))
def test_it_is_the_inverse_geometric_mean(logs: list[float]) -> None:
    product = math.prod(math.exp(value / len(logs)) for value in logs)
    assert perplexity(logs) == pytest.approx(1 / product)
    assert perplexity(logs) >= 1


def test_a_uniform_choice_of_k_has_perplexity_k() -> None:
    assert perplexity([math.log(1 / 7)] * 5) == pytest.approx(7)
    assert perplexity([0.0]) == 1
    assert perplexity([-math.inf, 0.0]) == math.inf
    assert perplexity([-1e6]) == math.inf


@pytest.mark.parametrize("logs", [[], [0.1], [math.nan]])
def test_bad_numbers_are_refused(logs: list[float]) -> None:
    with pytest.raises(InputError, match="at least one token, each 0 or below"):
        perplexity(logs)


def test_it_equals_the_loss_of_the_model_itself(language_model: GPT2LMHeadModel) -> None:
    ids = torch.tensor([[0, *Letters(begins=True)("plans")["input_ids"]]])
    with torch.no_grad():
        loss = language_model.eval()(input_ids=ids, labels=ids).loss.item()
    assert perplexity_of(["plans"], language_model, Letters(begins=True)) == pytest.approx(math.exp(loss), rel=1e-4)


def test_texts_are_pooled_by_token(language_model: GPT2LMHeadModel) -> None:
    tokenizer = Letters(begins=False)
    both = perplexity_of(["abcdef", "xy", "z", ""], language_model, tokenizer)
    long, short = (perplexity_of([text], language_model, tokenizer) for text in ("abcdef", "xy"))
    assert math.log(both) == pytest.approx((5 * math.log(long) + math.log(short)) / 6, rel=1e-4)


def test_a_long_text_is_cut_to_what_the_model_holds(language_model: GPT2LMHeadModel) -> None:
    tokenizer = Letters(begins=False)
    assert perplexity_of(["abcdefghijkl"], language_model, tokenizer) == pytest.approx(
        perplexity_of(["abcdefgh"], language_model, tokenizer)
    )
    assert perplexity_of(["abcdefgh"], language_model, tokenizer, max_length=3) == pytest.approx(
        perplexity_of(["abc"], language_model, tokenizer)
    )


def test_the_model_keeps_its_mode(language_model: GPT2LMHeadModel) -> None:
    perplexity_of(["ab"], language_model, Letters(begins=True))
    assert language_model.training
    with pytest.raises(InputError, match="at least one token"):
        perplexity_of(["a"], language_model, Letters(begins=False))
    assert language_model.training
