"""Variations of training messages: case, marks, slips of the finger, and words of address around them."""

from __future__ import annotations

import random
from collections.abc import Sequence

from chatbot.message_heads.rows import MessageRow, SlotSpan

__all__ = ["varied", "vary"]

_BEFORE = (
    "please",
    "hi,",
    "hey,",
    "ok so",
    "um",
    "well,",
    "so",
    "hello!",
    "right,",
    "sorry,",
    "oh",
    "actually",
    "erm",
    "kindly",
)
_AFTER = (
    "please",
    "pls",
    "thanks",
    "thank you",
    "if you can",
    "for me",
    "mate",
    "though",
    "x",
    "lol",
    ":)",
    "asap",
    "then",
)
_OPEN = frozenset({"thanks", "small_talk", "out_of_scope"})
"""Intents that a word of address may change."""


def vary(row: MessageRow, *, seed: str) -> MessageRow:
    """A variation of a message with the same labels.

    Args:
        row: The message.
        seed: The same seed gives the same variation.

    Returns:
        The variation; its slot passages are moved along.
    """
    chance = random.Random(seed)  # noqa: S311 - a choice of words
    parts = _parts(row)
    if chance.random() < 0.3:
        number = chance.randrange(len(parts))
        parts[number] = (_slip(parts[number][0], chance), parts[number][1])
    if row.intent not in _OPEN and chance.random() < 0.25:
        parts.insert(0, (chance.choice(_BEFORE) + " ", None))
    if row.intent not in _OPEN and chance.random() < 0.2:
        parts.append((" " + chance.choice(_AFTER), None))
    last, slot = parts[-1]
    if slot is None and last[-1:] in ".!?" and len(last) > 1 and chance.random() < 0.5:
        parts[-1] = (last.rstrip(".!?"), None)
    elif chance.random() < 0.25:
        parts.append((chance.choice((".", "!", "?", "...", "!!")), None))
    change = chance.choices((str, str.lower, str.upper), weights=(6, 3, 0.5))[0]
    return _joined(row, [(change(text), slot) for text, slot in parts], capital=chance.random() < 0.35)


def varied(rows: Sequence[MessageRow], *, copies: int) -> list[MessageRow]:
    """The rows with so many variations of each.

    Args:
        rows: The rows.
        copies: Variations of each row.

    Returns:
        The rows themselves, then their variations.
    """
    return [*rows, *(vary(row, seed=f"{row.text}:{copy}") for copy in range(copies) for row in rows)]


def _parts(row: MessageRow) -> list[tuple[str, str | None]]:
    parts: list[tuple[str, str | None]] = []
    place = 0
    for span in row.slots:
        parts += [(row.text[place : span.start], None), (row.text[span.start : span.end], span.slot)]
        place = span.end
    parts.append((row.text[place:], None))
    return [part for part in parts if part[0]]


def _slip(text: str, chance: random.Random) -> str:
    """A slip of the finger between two letters, never at the edge of the text."""
    places = [at for at in range(1, len(text) - 2) if text[at : at + 2].isalpha() and text[at - 1].isalpha()]
    if not places:
        return text
    at = chance.choice(places)
    kind = chance.randrange(3)
    if kind == 0:
        return text[:at] + text[at + 1] + text[at] + text[at + 2 :]
    return text[:at] + text[at + 1 :] if kind == 1 else text[:at] + text[at] + text[at:]


def _joined(row: MessageRow, parts: Sequence[tuple[str, str | None]], *, capital: bool) -> MessageRow:
    text, spans = "", []
    for piece, slot in parts:
        if slot is not None:
            spans.append(SlotSpan(slot=slot, start=len(text), end=len(text) + len(piece)))
        text += piece
    if capital and len(text[0].upper()) == 1:
        text = text[0].upper() + text[1:]
    return MessageRow.model_validate(row.model_dump() | {"text": text, "slots": tuple(spans)})
