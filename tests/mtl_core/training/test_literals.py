"""Literals that every match of an expression holds."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mtl_core.patterns import expanded
from mtl_core.training.literals import required_literals
from mtl_core.training.patterns import load_patterns


def shortest(literals: frozenset[str]) -> int:
    return -min(map(len, literals))


@pytest.mark.parametrize(
    ("pattern", "literals"),
    [
        ("exit ticket", ("exit ticket",)),
        (r"\bExit\b", ("exit",)),
        ("exits?", ("exit",)),
        ("(?:ticket|slip|pass)", ("pass", "slip", "ticket")),
        (r"\d+ (?:minutes|hours)", ("hours", "minutes")),
        ("(?:a|ticket)", ()),
        ("(?:ticket)?", ()),
        ("(?:ticket)+", ("ticket",)),
        ("(?:ticket){0,2} slip", (" slip",)),
        (r"[a-z]+", ()),
        ("", ()),
        ("(?=ticket)[a-z]+", ()),
    ],
)
def test_what_is_needed(pattern: str, literals: tuple[str, ...]) -> None:
    assert required_literals(pattern, hits=shortest) == literals


def test_the_set_that_fewest_texts_hold_is_chosen() -> None:
    common = {"students": 90, "ticket": 2, "slip": 3}

    def hits(literals: frozenset[str]) -> int:
        return sum(common[literal] for literal in literals)

    assert required_literals("students.{0,9}(?:ticket|slip)", hits=hits) == ("slip", "ticket")


PIECES = st.recursive(
    st.sampled_from(["ask", "Write", "ab", "a", r"\b", ".", "[xy]", r"\d", " "]),
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=3).map("".join),
        st.lists(inner, min_size=1, max_size=3).map(lambda parts: f"(?:{'|'.join(parts)})"),
        inner.map(lambda part: f"(?:{part})?"),
        inner.map(lambda part: f"(?:{part}){{1,2}}"),
    ),
    max_leaves=8,
)


@given(PIECES, st.lists(st.sampled_from(["ask", "WRITE", "ab", "a", "x", "7", " ", "b"]), max_size=12).map("".join))
def test_every_match_holds_a_literal(pattern: str, text: str) -> None:
    literals = required_literals(pattern, hits=shortest)
    if literals and re.search(pattern, text, re.IGNORECASE):
        assert any(literal in text.casefold() for literal in literals)


def test_most_of_the_patterns_need_a_literal() -> None:
    patterns = load_patterns()
    with_literals = [
        bool(required_literals(expanded(row.text, patterns.words[number]), hits=shortest))
        for row, number in zip(patterns.rows, patterns.lists, strict=True)
        if row.text is not None
    ]
    assert sum(with_literals) > 0.9 * len(with_literals)
