"""What the name heads see of each word beside its states: how it is written, and whether a list knows it."""

from __future__ import annotations

import re
from itertools import pairwise

import torch

from chatbot.masking_words import NO_NAMES, TITLES, first_names, names_that_are_words
from chatbot.message_heads.rows import word_spans

__all__ = ["MARKS", "bare", "word_marks"]

MARKS = 14
"""Number of marks of a word."""

_POSSESSIVE = re.compile(r"['’][sS]?$")
_TITLE = re.compile(rf"(?:{TITLES}|Sir|Coach|Nurse|Madame|Herr|Frau|Señora?)")
_BEFORE_A_SENTENCE = frozenset('.!?:;|•*-–—("“”‘[#>')
_LOWER = re.compile(r"\b[^\W\d_A-Z]+\b")


def bare(word: str) -> str:
    """A word without the mark of possession."""
    return _POSSESSIVE.sub("", word)


def word_marks(text: str) -> torch.Tensor:
    """Marks of every word.

    Args:
        text: The text; its words are those of ``word_spans``.

    Returns:
        ``[words, MARKS]`` float32 of zeros and ones.
    """
    spans = word_spans(text)
    words = [text[start:end] for start, end in spans]
    breaks = [True, *("\n" in text[one[1] : other[0]] for one, other in pairwise(spans))]
    lower = frozenset(_LOWER.findall(text))
    around = ["", *words, ""]
    rows = [
        [*_own(word, lower), *_around(around[number], around[number + 2], new_line=breaks[number])]
        for number, word in enumerate(words)
    ]
    return torch.tensor(rows, dtype=torch.float32).reshape(len(rows), MARKS)


def _own(whole: str, lower: frozenset[str]) -> list[bool]:
    word = bare(whole)
    first = re.split(r"[-'’]", word)[0]
    return [
        word[:1].isupper(),
        len(word) > 1 and word.isupper(),
        len(word) == 1 and word.isupper(),
        first in first_names(),
        first in names_that_are_words(),
        not word[:1].isupper() and word.capitalize() in first_names(),
        word in NO_NAMES,
        word[:1].isupper() and word.lower() in lower,
        whole != word,
    ]


def _around(before: str, after: str, *, new_line: bool) -> list[bool]:
    return [
        new_line,
        new_line or before in _BEFORE_A_SENTENCE,
        before[:1].isupper(),
        after[:1].isupper(),
        _TITLE.fullmatch(before.rstrip(".")) is not None,
    ]
