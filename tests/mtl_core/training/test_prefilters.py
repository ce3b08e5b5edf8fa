"""Conditions that every match of an expression meets."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mtl_core.prefilter import ALL, DIGIT, Prefilter
from mtl_core.training.patterns import load_patterns
from mtl_core.training.prefilters import build_prefilter


def shown(prefilter: Prefilter, number: int | None) -> str:
    """A condition as it is read: ``&`` for all, ``|`` for any."""
    if number is None:
        return ""
    if number < len(prefilter.atoms):
        return prefilter.atoms[number]
    rule, *members = prefilter.nodes[number - len(prefilter.atoms)]
    return "(" + (" & " if rule == ALL else " | ").join(sorted(shown(prefilter, one) for one in members)) + ")"


@pytest.mark.parametrize(
    ("pattern", "needed"),
    [
        ("exit ticket", "exit ticket"),
        (r"\bExit\b", "exit"),
        (r"\bexit\b ticket", "exit ticket"),
        ("exits?", "exit"),
        ("(?:ticket|slip|pass)", "(pass | slip | ticket)"),
        ("(?:homework|hw|h/w) due", "(h/w due | homework due | hw due)"),
        ("warm[- ]?up", "(warm up | warm-up | warmup)"),
        (r"\d+ (?:minutes|hours)", f"({DIGIT} & ( hours |  minutes))"),
        ("pupils.{0,20}(?:write|draw)", "((draw | write) & pupils)"),
        ("(?:ask.{0,9}why|slip)", "((ask & why) | slip)"),
        ("(?:a|ticket)", ""),
        ("(?:ticket)?", ""),
        ("(?:ticket)+", "ticket"),
        ("(?:ticket){0,2} slip", " slip"),
        ("[.:] [a-z]+", "(.  | : )"),
        (r"[.:]", "(. | :)"),
        (r"[–\d]x?", f"({DIGIT} | –)"),
        (r"[a-z]+", ""),
        ("[^a]b", ""),
        ("x", ""),
        ("", ""),
        ("(?=ticket)[a-z]+", "ticket"),
        ("(?!ticket)[a-z]+", ""),
        ("ticket.*tickets", "tickets"),
        ("(?:ticket|tickets|(?:tickets.*now))", "ticket"),
        (r"(?:one|two|six|ten|red|tan) (?:ball|bell)", "(( ball |  bell) & (one | red | six | tan | ten | two))"),
    ],
)
def test_what_is_needed(pattern: str, needed: str) -> None:
    prefilter = build_prefilter([pattern])
    assert shown(prefilter, prefilter.needs[0]) == needed


def test_what_expressions_share_is_there_once() -> None:
    prefilter = build_prefilter(["(?:ticket|slip).*read", None, "(?:ticket|slip).*draw"])
    assert prefilter.atoms == ("draw", "read", "slip", "ticket")
    assert len(prefilter.nodes) == 3
    assert prefilter.needs[1] is None


PIECES = st.recursive(
    st.sampled_from(["ask", "Write", "ab", "a", r"\b", ".", "[xy]", "[-/ ]", "[2-4]", r"\d", " ", "i", "ß", "(?=a)"]),
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=3).map("".join),
        st.lists(inner, min_size=1, max_size=3).map(lambda parts: f"(?:{'|'.join(parts)})"),
        inner.map(lambda part: f"(?:{part})?"),
        inner.map(lambda part: f"(?:{part}){{1,2}}"),
        inner.map(lambda part: f"(?!{part})"),
    ),
    max_leaves=10,
)
TEXTS = st.lists(
    st.sampled_from(["ask", "WRITE", "ab", "a", "x", "7", "3", "٣", " ", "b", "İ", "ss", "ẞ", "/"]), max_size=12
)


@given(st.lists(PIECES, min_size=1, max_size=4), TEXTS.map("".join))
def test_every_match_meets_its_condition(patterns: list[str], text: str) -> None:
    met = build_prefilter(patterns).met([text])[:, 0]
    for pattern, possible in zip(patterns, met, strict=True):
        assert possible or not re.search(pattern, text, re.IGNORECASE), pattern


def test_most_of_the_patterns_need_something() -> None:
    patterns = load_patterns()
    needs = patterns.prefilter.needs
    searched = [row.text is not None for row in patterns.rows]
    assert sum(need is not None for need in needs[::2]) > 0.95 * sum(searched)
