"""Spelling correction against the words of the collection itself: a noisy channel with context.

A word ``c`` of the collection is the better reading of a typed word ``w`` the more often ``c`` occurs,
the fewer edits lie between them, and the more often ``c`` shares a document with the query's other words:

    log P(c) + log P(w | c) + context / sqrt(n),    context = sum over other words o of log P(o | c) / P(o)

The channel is that of Kernighan, Church and Gale (COLING 1990), the context a naive Bayes model over
co-occurrence in documents. Neither needs a dictionary, so it fits every subject and language.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
from pydantic import BaseModel, ConfigDict, Field
from rapidfuzz import process
from rapidfuzz.distance import OSA

from retrieval.words import Analyser, Word, folded_words, words_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from retrieval.lexical import FieldScorer

__all__ = ["Correction", "SpellingConfig", "SpellingCorrector", "Vocabulary", "words_of_encoder"]

_LETTERS_BY_EDITS = (4, 5, 9)
"""Letters that a word needs before 1, 2 or 3 edits are looked for."""
_WORD_STARTS = ("Ġ", "▁")
_MOST_WORDS = 64
"""A longer text is no typed query, and is left as it is."""


class SpellingConfig(BaseModel):
    """How readily a word is read as another.

    Args:
        enabled: Whether queries are corrected at all.
        error_rate: Share of words that are taken to be mistyped, 0 to 1.
        edit_cost: Natural logarithm lost by each edit after the first.
        common_from: A word in at least this many documents is never changed.
        pair_from: Two neighbouring words are a reading of one typed together if they occur so often.
        candidates: Most readings weighed for a word.
        trust_encoder_words: Whether a word that the encoder knows whole, in any ending, stands though no document
            holds it; else it is read as the likeliest near word.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    enabled: bool = True
    error_rate: float = Field(default=0.02, gt=0, lt=1)
    edit_cost: float = Field(default=3.0, ge=0)
    common_from: int = Field(default=20, ge=1)
    pair_from: int = Field(default=2, ge=1)
    candidates: int = Field(default=40, ge=1, le=1000)
    trust_encoder_words: bool = False


def words_of_encoder(encoder: Any) -> frozenset[str]:
    """Words that an encoder's vocabulary holds whole, so that they are no slips of the keyboard.

    Args:
        encoder: An encoder; one without a tokenizer knows no word.

    Returns:
        Folded words of letters alone, of WordPiece, byte-level and SentencePiece vocabularies.
    """
    tokenizer = getattr(encoder, "tokenizer", None)
    if tokenizer is None:
        return frozenset()
    pieces: Iterable[str] = tokenizer.get_vocab()
    marked = [piece[1:] for piece in pieces if piece[:1] in _WORD_STARTS]
    # a vocabulary that marks where words start has unmarked pieces inside words alone
    return frozenset(piece.lower() for piece in (marked or pieces) if piece.isalpha())


@dataclass(frozen=True, slots=True)
class Correction:
    """One word that was read as another.

    Args:
        typed: The word as the query has it.
        read_as: What is searched instead; two words where a space was missing.
        start: Offset of the typed word in the query.
        end: Offset after it.
    """

    typed: str
    read_as: str
    start: int
    end: int


class Vocabulary:
    """Words and neighbouring pairs of a collection, with the number of documents that hold them.

    Args:
        texts: One text a document.
        pair_from: Pairs that occur less often are forgotten.
    """

    def __init__(self, texts: Iterable[str], *, pair_from: int = 2) -> None:
        words: Counter[str] = Counter()
        pairs: Counter[tuple[str, str]] = Counter()
        for text in texts:
            run = folded_words(text)
            words.update(set(run))
            pairs.update(pairwise(run))
        self.counts: Mapping[str, int] = words
        self.pairs = {
            first + second: (first, second)
            for (first, second), count in sorted(pairs.items(), key=lambda pair: pair[1])
            if count >= pair_from and min(len(first), len(second)) > 1 and (first + second).isalpha()
        }
        self.pair_counts = {first + second: pairs[first, second] for first, second in self.pairs.values()}
        readable = [word for word in words if len(word) > 2 and word.isalpha()]
        self._by_length: dict[int, list[str]] = {}
        for word in sorted({*readable, *self.pairs}):
            self._by_length.setdefault(len(word), []).append(word)

    def count(self, word: str) -> int:
        """Documents that hold a word, or a pair written as one word."""
        return self.counts.get(word, 0) or self.pair_counts.get(word, 0)

    def parts(self, word: str) -> tuple[str, ...]:
        """The word, or the two words of a pair written as one."""
        return (word,) if word in self.counts else self.pairs.get(word, (word,))

    def near(self, word: str, *, edits: int, most: int) -> list[tuple[str, int]]:
        """Words within an edit distance (optimal string alignment).

        Args:
            word: A folded word.
            edits: The most edits.
            most: The most words.

        Returns:
            Words with their distance, nearest first, then the more frequent.
        """
        lengths = range(len(word) - edits, len(word) + edits + 1)
        choices = [choice for length in lengths for choice in self._by_length.get(length, ())]
        found = process.extract(word, choices, scorer=OSA.distance, score_cutoff=edits, limit=None)
        ordered = sorted(found, key=lambda hit: (hit[1], -self.count(hit[0]), hit[0]))
        return [(choice, int(distance)) for choice, distance, _ in ordered[:most]]


class SpellingCorrector:
    """Reads the words of a query as words of the collection.

    Args:
        vocabulary: Words of the collection.
        postings: Which documents hold which stem.
        documents: Documents of the collection.
        analyser: Stems words as the postings do.
        config: How readily a word is changed.
        known: Words that are right as they are typed, in any ending, even if no document holds them.
    """

    def __init__(
        self,
        vocabulary: Vocabulary,
        postings: FieldScorer,
        *,
        documents: int,
        analyser: Analyser,
        config: SpellingConfig,
        known: Iterable[str] = (),
    ) -> None:
        self._vocabulary = vocabulary
        self._postings = postings
        self._documents = max(documents, 1)
        self._analyser = analyser
        self._config = config
        self._known = frozenset(map(analyser.stem, known)) if config.trust_encoder_words else frozenset()

    def corrections(self, query: str) -> list[Correction]:
        """Find the words of a query that are better read as others.

        Args:
            query: The query as it was typed.

        Returns:
            Corrections in the order of the query; empty where nothing is changed.
        """
        words = list(words_of(query))
        if not self._config.enabled or len(words) > _MOST_WORDS:
            return []
        readings = [self._readings(word.text) for word in words]
        best = [max(options, key=options.__getitem__) for options in readings]
        for _ in range(2):
            best = [
                self._in_context(options, best[:place] + best[place + 1 :]) for place, options in enumerate(readings)
            ]
        return [
            Correction(query[word.start : word.end], " ".join(self._vocabulary.parts(choice)), word.start, word.end)
            for word, choice in zip(words, best, strict=True)
            if self._differs(word, choice)
        ]

    def _differs(self, word: Word, choice: str) -> bool:
        if len(self._vocabulary.parts(choice)) > 1:
            return True
        return choice != word.text and self._analyser.stem(choice) != self._analyser.stem(word.text)

    def _readings(self, word: str) -> dict[str, float]:
        """Log weight by word that the typed one may stand for, itself among them."""
        config, count = self._config, self._vocabulary.counts.get(word, 0)
        edits = sum(len(word) >= letters for letters in _LETTERS_BY_EDITS)
        if not edits or not word.isalpha() or count >= config.common_from:
            return {word: 0.0}
        if self._analyser.is_stop_word(word):
            return {word: 0.0}
        if not count and self._analyser.stem(word) in self._known:
            return {word: 0.0}
        readings = {word: math.log(count + 0.5) + math.log1p(-config.error_rate)} if count else {}
        for choice, distance in self._vocabulary.near(word, edits=edits, most=config.candidates):
            if choice == word and count:
                continue
            # a missing space and another first letter are rarer slips than an edit inside a word
            cost = max(distance, 1) + 0.5 * (choice not in self._vocabulary.counts) + 0.5 * (choice[0] != word[0])
            channel = math.log(config.error_rate) - config.edit_cost * (cost - 1)
            readings[choice] = math.log(self._vocabulary.count(choice) + 0.5) + channel
        return readings or {word: 0.0}

    def _in_context(self, options: Mapping[str, float], others: Sequence[str]) -> str:
        if len(options) == 1:
            return next(iter(options))
        known = [rows for rows in map(self._rows, others) if len(rows)]
        weights = {
            choice: weight + self._context(self._rows(choice), known) / math.sqrt(max(len(known), 1))
            for choice, weight in options.items()
        }
        return max(weights, key=weights.__getitem__)

    def _context(self, rows: NDArray[np.int32], others: Sequence[NDArray[np.int32]]) -> float:
        total = 0.0
        for other in others:
            expected = len(other) / self._documents
            together = len(np.intersect1d(rows, other, assume_unique=True))
            # five imagined documents in which the other word is as usual as everywhere
            total += math.log((together + 5 * expected) / (len(rows) + 5) / expected)
        return total

    def _rows(self, word: str) -> NDArray[np.int32]:
        rows = [
            self._postings.rows_with(self._analyser.stem(part))
            for part in self._vocabulary.parts(word)
            if not self._analyser.is_stop_word(part)
        ]
        return reduce(lambda a, b: np.intersect1d(a, b, assume_unique=True), rows) if rows else np.zeros(0, np.int32)
