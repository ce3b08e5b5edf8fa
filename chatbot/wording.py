"""How the coach may speak: words that it never uses, and how long it may go on before a suggestion."""

from __future__ import annotations

import re

__all__ = [
    "MAX_SENTENCES",
    "MAX_WORDS",
    "count_sentences",
    "count_words",
    "forbidden_words",
    "own_words",
    "pick",
    "quoted",
]

MAX_WORDS = 60
MAX_SENTENCES = 2

_QUOTE = re.compile(r"“[^”]*”")
_COMMANDING = (
    r"must(?:n't)?|should(?:n't)?|ought|have to|need to|fail(?:s|ed|ing|ure)?|wrong(?:ly)?|bad(?:ly)?|poor(?:ly)?"
)
_SCORING = (
    r"(?:total |overall |your )?scores?|scored|points?|ratings?|rank(?:ed|ing|s)?|grade of|percent(?:age)?|\d+ ?%"
    r"|\d+ ?(?:/|out of) ?\d+"
)
_SOCIAL = (
    r"(?:most|many|other|all|some|\d+%? of) (?:teachers|colleagues|schools|people|users)|everyone(?: else)?|everybody"
    r"|popular|best practice|your peers|leaderboard"
)
_FORBIDDEN = re.compile(rf"(?<![\w-])(?:{_COMMANDING}|{_SCORING}|{_SOCIAL})(?![\w-])", re.IGNORECASE)


def own_words(text: str) -> str:
    """What is said without the passages in curly quotation marks, which are the words of plan or template."""
    return _QUOTE.sub("“”", text)


def forbidden_words(text: str) -> list[str]:
    """Words outside quotations that command, blame, score, rank, or lean on what others do.

    Args:
        text: What the coach would say.

    Returns:
        The words found, in order.
    """
    return [match.group() for match in _FORBIDDEN.finditer(own_words(text))]


def count_words(text: str) -> int:
    """Words of a text, quotations included."""
    return len(text.split())


def count_sentences(text: str) -> int:
    """Sentences of a text; marks inside a quotation end none."""
    return len(re.findall(r"[.!?](?=\s|$)", own_words(text)))


def quoted(passage: str, *, words: int) -> str:
    """A passage in quotation marks, cut after some words.

    Args:
        passage: A passage of a plan.
        words: The most words to keep.

    Returns:
        The start of the passage in curly marks; three dots stand outside the passage where it goes on.
    """
    # a mark inside the passage would end the quotation early
    inner = re.split(r"[“”]", passage)
    plain = next((part for part in inner if part.strip()), "").strip()
    ends = [match.end() for match in re.finditer(r"\S+", plain)]
    kept = plain if len(ends) <= words else plain[: ends[words - 1]]
    return f"“{kept} …”" if len(kept) < len(passage.strip()) else f"“{kept}”"


def pick(variants: tuple[str, ...], *, seed: str, turn: int = 0) -> str:
    """One of several wordings, the same one for the same seed.

    Args:
        variants: At least one.
        seed: Any text.
        turn: Steps on to the next wording, so that two in a row differ.

    Returns:
        The wording.
    """
    # FNV-1a: the built-in hash differs from run to run, and a digest costs more than the sentence
    value = 0xCBF29CE484222325
    for byte in seed.encode("utf-8", "surrogatepass"):
        value = ((value ^ byte) * 0x100000001B3) % 2**64
    return variants[((value >> 17) + turn) % len(variants)]
