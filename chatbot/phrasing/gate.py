"""The faithfulness gate: whether a rephrased message says what the composed one said, and nothing else.

Rules in the manner of Rasa's contextual rephraser, with checks that need no second model. They lean towards
refusing: a refused rephrasing costs nothing, since the composed words stand.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from enum import StrEnum

from chatbot.wording import MAX_SENTENCES, MAX_WORDS, count_sentences, count_words, forbidden_words, own_words
from retrieval.words import Analyser

__all__ = ["Refusal", "check_rephrasing"]

_KEPT = 0.9
_NEW_WORDS = 3
_LONGER = 1.5
_NUMBER = re.compile(r"\d+(?:[.,:/]\d+)*")
_NUMBER_WORD = re.compile(
    r"\b(?:two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|fifteen|twenty|thirty|forty|fifty|sixty"
    r"|hundred|thousand|half|double|twice)\b",
    re.IGNORECASE,
)
_QUOTE = re.compile(r"“[^“”]*”")
_NEGATION = re.compile(
    r"\b(?:not|no|never|none|nothing|without|neither|nor|cannot|missing|lacks?|absent)\b|n['’]t\b", re.IGNORECASE
)
_WORD = re.compile(r"[^\W\d_][\w’'-]*")
_I = re.compile(r"I(?:['’](?:m|d|ve|ll))?")
_MARKUP = re.compile(r"[<>`{}\[\]|\\]|https?:|www\.|\*\*|__|^\s*[#>*-]", re.IGNORECASE | re.MULTILINE)
_ENGLISH = frozenset(
    ("the", "a", "an", "in", "to", "of", "is", "it", "i", "would", "you", "could", "that", "with", "for")
)


class Refusal(StrEnum):
    """Why a rephrasing is not used."""

    EMPTY = "empty"
    CHARACTERS = "characters"
    MARKUP = "markup"
    LENGTH = "length"
    QUOTES = "quotes"
    NUMBERS = "numbers"
    NEGATION = "negation"
    QUESTION = "question"
    WORDS_LOST = "words_lost"
    WORDS_NEW = "words_new"
    NAMES = "names"
    WORDING = "wording"
    LANGUAGE = "language"


def check_rephrasing(original: str, rephrased: str) -> Refusal | None:
    """Compare a rephrasing with the message that it is for.

    Args:
        original: The composed message, of one or two sentences.
        rephrased: What a language model made of it.

    Returns:
        The first rule that it breaks, or ``None`` where it may be used.
    """
    if not rephrased.strip():
        return Refusal.EMPTY
    if _strange_characters(original, rephrased):
        return Refusal.CHARACTERS
    if _MARKUP.search(own_words(rephrased)):
        return Refusal.MARKUP
    longest = min(MAX_WORDS, _LONGER * count_words(original) + 5)
    if count_words(rephrased) > longest or count_sentences(rephrased) > MAX_SENTENCES or "\n" in rephrased.strip():
        return Refusal.LENGTH
    return _meaning(original, rephrased) or _words(original, rephrased)


def _meaning(original: str, rephrased: str) -> Refusal | None:
    if Counter(_QUOTE.findall(original)) != Counter(_QUOTE.findall(rephrased)) or _stray_marks(rephrased):
        return Refusal.QUOTES
    plain, said = own_words(original), own_words(rephrased)
    for pattern in (_NUMBER, _NUMBER_WORD):
        if Counter(_lower(pattern, plain)) != Counter(_lower(pattern, said)):
            return Refusal.NUMBERS
    # what is missing must not become what is there, nor a doubt a finding
    if bool(_NEGATION.search(plain)) != bool(_NEGATION.search(said)):
        return Refusal.NEGATION
    if ("?" in plain) != ("?" in said):
        return Refusal.QUESTION
    return None


def _words(original: str, rephrased: str) -> Refusal | None:
    plain, said = own_words(original), own_words(rephrased)
    if forbidden_words(rephrased):
        return Refusal.WORDING
    if {name.casefold() for name in _names(said)} - {word.casefold() for word in re.findall(r"[\w’'-]+", plain)}:
        return Refusal.NAMES
    words = {word.casefold() for word in re.findall(r"\w+", said)}
    if not words & _ENGLISH:
        return Refusal.LANGUAGE
    before, after = _content(plain), _content(said)
    if before and len(before & after) < _KEPT * len(before):
        return Refusal.WORDS_LOST
    if len(after - before) > _NEW_WORDS:
        return Refusal.WORDS_NEW
    return None


def _content(text: str) -> frozenset[str]:
    """Stems of the words that carry meaning."""
    return frozenset(Analyser().stems(text))


def _names(text: str) -> list[str]:
    """Words with a capital that does not come from the start of a sentence."""
    found = []
    for match in _WORD.finditer(text):
        word, before = match.group(), text[: match.start()].rstrip(" “\"'(")
        if word[0].isupper() and before and before[-1] not in ".!?" and not _I.fullmatch(word):
            found.append(word)
    return found


def _lower(pattern: re.Pattern[str], text: str) -> list[str]:
    return [match.casefold() for match in pattern.findall(text)]


def _stray_marks(text: str) -> bool:
    """Whether a quotation is left open, or made with straight marks."""
    rest = _QUOTE.sub("", text)
    return bool(re.search(r"[“”\"«»]", rest))


def _strange_characters(original: str, rephrased: str) -> bool:
    """Whether a character is there that is no Latin letter, digit, space or common mark, and was not there before."""
    known = set(original)
    for character in set(rephrased) - known:
        category = unicodedata.category(character)
        if character == "\n":
            continue
        if category.startswith(("C", "M", "S", "Zl", "Zp")):
            return True
        if category.startswith("L") and "LATIN" not in unicodedata.name(character, ""):
            return True
        if unicodedata.normalize("NFKC", character) != character and character != "…":
            return True
    return False
