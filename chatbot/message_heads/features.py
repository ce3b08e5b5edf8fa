"""Hashed features of a message's spelling, beside what the encoder sees."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from itertools import pairwise
from zlib import crc32

from chatbot.message_heads.rows import word_spans

__all__ = ["message_features", "spelled", "word_features"]

_GRAMS = (2, 3, 4, 5)
_REPEATED = re.compile(r"(.)\1{2,}")
_MOST_CHARACTERS = 300
"""Characters whose n-grams count: a long message is no phrase."""


def spelled(text: str) -> str:
    """A message in the spelling that features are cut from: lower case, plain quotes, no long repeats."""
    plain = unicodedata.normalize("NFKC", text).lower().replace("’", "'")
    return _REPEATED.sub(r"\1\1", " ".join(plain.split()))


def message_features(text: str, *, buckets: int) -> list[int]:
    """Buckets of a message's words, pairs of words and character n-grams.

    Args:
        text: The message.
        buckets: Number of buckets.

    Returns:
        Distinct buckets in ascending order.
    """
    plain = spelled(text)
    words = ["<", *(plain[start:end] for start, end in word_spans(plain)), ">"]
    names = [f"w:{word}" for word in words] + [f"p:{a}_{b}" for a, b in pairwise(words)]
    names.append(f"n:{min(len(words) - 2, 12)}")
    padded = f" {plain[:_MOST_CHARACTERS]} "
    names += [f"c:{padded[at : at + size]}" for size in _GRAMS for at in range(len(padded) - size + 1)]
    return _buckets(names, buckets)


def word_features(words: Sequence[str], *, buckets: int) -> list[list[int]]:
    """Buckets of each word: its shape, its ends, and the words around it.

    Args:
        words: The words and marks of a message, from left to right.
        buckets: Number of buckets.

    Returns:
        Distinct buckets of each word in ascending order.
    """
    plain = ["<<", "<", *(spelled(word) for word in words), ">", ">>"]
    rows = []
    for number, word in enumerate(words):
        at = number + 2
        here = plain[at]
        names = [f"w:{here}", f"s:{_shape(word)}", f"a:{here[:3]}", f"z:{here[-3:]}", f"y:{here[-2:]}"]
        names += [f"{offset}:{plain[at + offset]}" for offset in (-2, -1, 1, 2)]
        names += [f"-1p:{plain[at - 2]}_{plain[at - 1]}", f"+1p:{plain[at + 1]}_{plain[at + 2]}"]
        names += [f"l:{plain[at - 1]}_{here}", f"r:{here}_{plain[at + 1]}", f"b:{plain[at - 1]}_{plain[at + 1]}"]
        names += [f"ls:{_shape(plain[at - 1])}", f"rs:{_shape(plain[at + 1])}", f"c:{_shape(word)}_{plain[at + 1]}"]
        rows.append(_buckets(names, buckets))
    return rows


def _shape(word: str) -> str:
    shape = re.sub(r"\d+", "9", re.sub(r"[^\W\d_]", "x", word))
    return re.sub(r"x{2,}", "xx", shape) + ("!" if word[:1].isupper() else "")


def _buckets(names: Iterable[str], buckets: int) -> list[int]:
    return sorted({crc32(name.encode()) % buckets for name in names})
