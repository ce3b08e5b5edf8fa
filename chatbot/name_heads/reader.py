"""Finds pupils' names by the name heads, in one pass of the shared encoder."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import torch

from chatbot.masking_spans import MASKS, Span
from chatbot.masking_words import NO_NAMES, common_words, every_name, first_names, names_that_are_words
from chatbot.message_heads.features import word_features
from chatbot.message_heads.layers import Bags, word_context
from chatbot.message_heads.rows import word_spans
from chatbot.message_heads.states import MessageEncoder
from chatbot.name_heads.artifact import SHIPPED_NAMES, TrainedNames, read_names
from chatbot.name_heads.layers import word_inputs
from chatbot.name_heads.words import bare, word_marks

if TYPE_CHECKING:
    from mtl_core.encoder import SharedEncoder

__all__ = ["NameReader", "joined_words", "pieces"]

_MOST_CHARACTERS = 500
_BREAK = re.compile(r"\n|(?<=[.!?;])\s")
_CAPITAL = re.compile(r"[^\W\d_]+")
_LABEL = re.compile(r"\s\w+(?:\s\w+)?\s*:")
"""What follows "Faith" in "Faith connection:"."""
_MASKED = re.compile("|".join(map(re.escape, MASKS.values())))
_WITHIN = re.compile(r"[ .]{0,2}")


class NameReader:
    """The name heads on the shared encoder; may be used by many threads.

    Args:
        encoder: The shared encoder; it is not changed.
        heads: The heads and the tuned layers below them.
    """

    def __init__(self, encoder: SharedEncoder, heads: TrainedNames) -> None:
        self.config = heads.config
        self._layers = heads.layers
        self._encoder = MessageEncoder(encoder, layers=(heads.config.layer,), tuned=heads.tuned)

    @classmethod
    def from_pretrained(cls, folder: str | Path | None = None, *, encoder: SharedEncoder) -> NameReader:
        """Open saved heads.

        Args:
            folder: Where they lie; the shipped ones by default.
            encoder: The encoder that they were trained on.

        Returns:
            The reader.

        Raises:
            ArtifactError: If they are missing, damaged, or belong to another encoder.
        """
        return cls(encoder, read_names(folder or SHIPPED_NAMES, encoder=encoder))

    def __call__(self, text: str, /) -> list[Span]:
        """Pupils' names in a text.

        Args:
            text: Any text.

        Returns:
            Passages from left to right; none overlaps another.
        """
        wanted = [(start, end) for start, end in pieces(text) if _may_hold_a_name(text[start:end])]
        chances = self.probabilities([text[start:end] for start, end in wanted])
        inside = [(words >= self.config.name_from).tolist() for words in chances]
        said, stands = _counts([text[start:end] for start, end in wanted], inside)
        found: list[Span] = []
        for (start, end), words in zip(wanted, inside, strict=True):
            for one, other in joined_words(text[start:end], words):
                first = text[start + one : start + other].split(maxsplit=1)[0]
                label = first in names_that_are_words() and _LABEL.match(text, start + other)
                # who is a pupil in fewer than half of the places is a character of the lesson
                if 2 * said[first] >= stands[first] and not label:
                    found.append(Span(start + one, start + other, "name"))
        return found

    @torch.inference_mode()
    def probabilities(self, texts: Sequence[str]) -> list[torch.Tensor]:
        """How likely each word belongs to a pupil's name.

        Args:
            texts: Pieces of text of a few sentences.

        Returns:
            ``[words]`` each, words as ``word_spans`` cuts them.
        """
        chances = []
        for text, states in zip(texts, self._encoder.encode(texts), strict=True):
            words = [text[start:end] for start, end in word_spans(text)]
            if not words:
                chances.append(torch.zeros(0))
                continue
            bags = Bags.of(word_features(words, buckets=self.config.buckets))
            inputs = word_inputs(word_context(states.words, states.pooled), word_marks(text))
            chances.append(torch.sigmoid(self._layers(inputs, bags)))
        return chances


def _counts(texts: Sequence[str], inside: Sequence[Sequence[bool]]) -> tuple[Counter[str], Counter[str]]:
    """How often each word was read as a part of a name, and how often it stands."""
    said: Counter[str] = Counter()
    stands: Counter[str] = Counter()
    for text, words in zip(texts, inside, strict=True):
        for (start, end), wanted in zip(word_spans(text), words, strict=True):
            word = bare(text[start:end])
            stands[word] += 1
            said[word] += wanted
    return said, stands


def pieces(text: str) -> Iterator[tuple[int, int]]:
    """Cut a text into pieces of some lines or sentences, which the encoder can read whole.

    A piece ends with an empty line, or before the line or sentence that would make it too long.

    Args:
        text: Any text.

    Yields:
        Start and end of each piece, in order; together they hold every word.
    """
    start = end = 0
    for cut in [*(found.end() for found in _BREAK.finditer(text)), len(text)]:
        if cut - start > _MOST_CHARACTERS and end > start:
            yield start, end
            start = end
        while cut - start > _MOST_CHARACTERS:
            # a line without an end is cut at a blank, so that no word is lost
            blank = text.rfind(" ", start + 1, start + _MOST_CHARACTERS)
            end = blank if blank > start else start + _MOST_CHARACTERS
            yield start, end
            start = end
        end = cut
        if text[start:end].strip() and text.startswith("\n", end):
            yield start, end
            start = end
    if text[start:].strip():
        yield start, len(text)


def joined_words(text: str, inside: Sequence[bool]) -> list[tuple[int, int]]:
    """Passages of neighbouring words that belong to names.

    A word in lower case counts where a list knows it as a first name, since any word may look like a name that nobody
    knows. A single letter alone is no name.

    Args:
        text: The text.
        inside: For each word whether it belongs to a name.

    Returns:
        Start and end of each passage, without the mark of possession.
    """
    found: list[tuple[int, int]] = []
    masked = {place for match in _MASKED.finditer(text) for place in range(match.start(), match.end())}
    for (start, end), wanted in zip(word_spans(text), inside, strict=True):
        if (
            not wanted
            or start in masked
            or not _written_as_a_name(bare(text[start:end]))
            or not any(character.isalpha() for character in text[start:end])
        ):
            continue
        stop = start + len(bare(text[start:end]))
        if found and _WITHIN.fullmatch(text[found[-1][1] : start]):
            found[-1] = (found[-1][0], stop)
        else:
            found.append((start, stop))
    return [(start, end) for start, end in found if end - start > 1]


def _written_as_a_name(word: str) -> bool:
    return not word[:1].islower() or word.capitalize() in first_names()


def _may_hold_a_name(text: str) -> bool:
    """Whether a piece has a first name, or a capitalised word that is no common one."""
    known, common = every_name(), common_words()
    for match in _CAPITAL.finditer(text):
        word = match.group()
        plain = word.lower()
        if word in known or plain.capitalize() in known:
            return True
        if word[:1].isupper() and len(word) > 1 and plain not in common and word not in NO_NAMES:
            return True
    return False
