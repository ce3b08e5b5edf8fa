"""What the search for pupils' names knows: first names, words that are none, shapes of a name."""

from __future__ import annotations

from functools import cache
from pathlib import Path

__all__ = [
    "COMMON_WORDS",
    "NAME",
    "NAMES",
    "NO_NAMES",
    "TITLES",
    "common_words",
    "every_name",
    "first_names",
    "names_that_are_words",
]

_DATA = Path(__file__).parent / "masking_data"

COMMON_WORDS = _DATA / "common_words.txt"
"""Words that stand in lower case all over plans and messages."""

_WORD = r"[A-ZÀ-ÖØ-ÞŁŚŻĆŠŽČŞİ][a-zß-öø-ÿā-ž]+(?:[A-Z][a-zß-öø-ÿā-ž]+)?(?:['’-][A-ZÀ-ÖØ-Þ]?[a-zß-öø-ÿā-ž]{2,})?"

NAME = rf"{_WORD}(?: (?:{_WORD}|[A-Z]\b\.?)){{0,2}}"
"""One person: one to three capitalised words, an initial among them."""

NAMES = rf"{NAME}(?:(?:, and | and |, | & |/){NAME}){{0,9}}"
"""One person or several."""

TITLES = (
    "King|Queen|President|Saint|St|Sir|Dame|Lord|Lady|Prince|Princess|Pope|Emperor|Empress|Captain|General|Dr|"
    "Doctor|Professor|Prof|Mr|Mrs|Ms|Miss|Mister|Aunt|Auntie|Uncle|Father|Sister|Brother|Chief|Senator|Tsar|by"
)
"""Words before a name that is not a pupil's."""

NO_NAMES = frozenset((_DATA / "no_names.txt").read_text(encoding="utf-8").split())
"""Capitalised words that are no name of a person."""


@cache
def first_names() -> frozenset[str]:
    """First names of many languages that are no other word of a lesson plan."""
    return frozenset((_DATA / "first_names.txt").read_text(encoding="utf-8").split())


@cache
def names_that_are_words() -> frozenset[str]:
    """First names that are other words as well: they count beside another name, never alone."""
    return frozenset((_DATA / "names_that_are_words.txt").read_text(encoding="utf-8").split())


@cache
def common_words() -> frozenset[str]:
    """Words in lower case that begin sentences and headings and are nobody's name."""
    return frozenset(COMMON_WORDS.read_text(encoding="utf-8").split())


@cache
def every_name() -> frozenset[str]:
    """All first names that are known."""
    return first_names() | names_that_are_words()
