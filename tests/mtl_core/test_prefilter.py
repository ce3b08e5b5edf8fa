"""Which texts can match at all."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from mtl_core.prefilter import ALL, ANY, DIGIT, Prefilter, fold

# a ticket and (write or a digit); a ticket; nothing
BOTH = Prefilter(atoms=("ticket", "write", DIGIT), nodes=((ANY, 1, 2), (ALL, 0, 3)), needs=(4, 0, None))


def test_texts_that_meet_the_needs() -> None:
    met = BOTH.met(["Write a Ticket", "3 tickets", "a ticket", "write", "", "a ticket"])
    assert met.tolist() == [
        [True, True, False, False, False, False],
        [True, True, True, False, False, True],
        [True] * 6,
    ]


def test_no_text_and_no_need() -> None:
    assert BOTH.met([]).shape == (3, 0)
    assert Prefilter().met(["a"]).shape == (0, 1)
    assert Prefilter(needs=(None, None)).met(["a", "b", "c"]).tolist() == [[True] * 3] * 2


def test_more_texts_than_bits_of_a_byte() -> None:
    texts = ["write" if at % 3 else "read" for at in range(100)]
    assert Prefilter(atoms=("write",), needs=(0,)).met(texts)[0].tolist() == [at % 3 > 0 for at in range(100)]


@pytest.mark.parametrize(
    "given_parts",
    [
        {"atoms": ["a"], "nodes": [[ALL, 1]]},
        {"atoms": ["a"], "nodes": [[ALL, -1]]},
        {"atoms": ["a"], "nodes": [[ALL]]},
        {"atoms": ["a"], "nodes": [[]]},
        {"atoms": ["a"], "nodes": [[2, 0]]},
        {"atoms": [""]},
        {"atoms": ["a"], "needs": [1]},
        {"atoms": ["a"], "needs": [-1]},
        {"atoms": ["a"], "rules": []},
    ],
)
def test_a_graph_that_does_not_fit_is_refused(given_parts: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Prefilter.model_validate_json(json.dumps(given_parts))


def test_it_is_saved_and_read_again() -> None:
    assert Prefilter.model_validate_json(BOTH.model_dump_json()) == BOTH


@given(st.characters(exclude_categories=["Cs"]), st.sampled_from("aiksßéσµ"))
def test_letters_that_match_without_case_are_the_same(one: str, other: str) -> None:
    if re.search(other, one, re.IGNORECASE):
        assert fold(other) in fold(one)


@pytest.mark.parametrize(("one", "other"), [("İ", "i"), ("ı", "i"), ("K", "k"), ("ſ", "s"), ("ẞ", "ß"), ("ς", "Σ")])
def test_odd_letters(one: str, other: str) -> None:
    assert re.search(other, one, re.IGNORECASE)
    assert fold(other) in fold(one)
