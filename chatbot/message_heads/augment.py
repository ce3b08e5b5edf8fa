"""Variations of training messages: case, marks, slips of the finger, and words of address around them."""

from __future__ import annotations

import random
import re
from collections.abc import Mapping, Sequence
from types import MappingProxyType

from chatbot.message_heads.listed import LISTED
from chatbot.message_heads.rows import MessageRow, SlotSpan

__all__ = ["slot_values", "swapped", "vary"]

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
    "morning!",
    "good evening,",
    "hiya coach,",
    "quick one:",
    "just wondering,",
    "sorry to be a pain but",
    "when you get a sec,",
    "look,",
    "honestly,",
    "tbh",
    "btw",
    "ah,",
    "hmm,",
    "yeah",
    "sir,",
    "okay coach",
    "right then,",
    "before I forget,",
    "while I think of it,",
    "long day here.",
    "just back from duty.",
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
    "cheers",
    "ta",
    "coach",
    "if that's ok",
    "when you get a chance",
    "please and thank you",
    "sorry",
    "tbh",
    "before the bell goes",
    "if possible",
    "👍",
    "I think",
    "haha",
    "ok?",
    "my friend",
)
_SWAPPED = 0.7
"""Share of the passages that get another value."""

_DIGIT = re.compile(r"\d")
_MARKS = str.maketrans("", "", "'’,")
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
    for share in (0.3, 0.15):
        if chance.random() < share:
            number = chance.randrange(len(parts))
            parts[number] = (_slip(parts[number][0], chance), parts[number][1])
    if chance.random() < 0.15:
        parts = [(text.translate(_MARKS) or text, slot) for text, slot in parts]
    if row.intent not in _OPEN and chance.random() < 0.25:
        parts.insert(0, (chance.choice(_BEFORE) + " ", None))
    if row.intent not in _OPEN and chance.random() < 0.2:
        parts.append((" " + chance.choice(_AFTER), None))
    last, slot = parts[-1]
    if slot is None and last[-1:] in ".!?" and last.strip(".!? ") and chance.random() < 0.5:
        parts[-1] = (last.rstrip(".!?"), None)
    elif chance.random() < 0.25:
        parts.append((chance.choice((".", "!", "?", "...", "!!")), None))
    change = chance.choices((str, str.lower, str.upper), weights=(6, 3, 0.5))[0]
    return _joined(row, [(change(text), slot) for text, slot in parts], capital=chance.random() < 0.35)


def slot_values(
    rows: Sequence[MessageRow], listed: Mapping[str, Sequence[str]] = MappingProxyType({})
) -> dict[str, list[str]]:
    """Values that may stand for each other, in a fixed order.

    Topics, subjects and measures all may. Grades, minutes and group sizes may where they are of one form: both with a
    digit or both without, both with a hyphen, both ending in "s".

    Args:
        rows: Messages to take them from.
        listed: Further values by slot.

    Returns:
        Values by slot, or by slot and form.
    """
    found: dict[str, set[str]] = {slot: set(listed.get(slot, ())) for slot in LISTED}
    for row in rows:
        for span in row.slots:
            value = row.text[span.start : span.end]
            found.setdefault(_form(span.slot, value), set()).add(value)
    return {form: sorted(values) for form, values in found.items()}


def _form(slot: str, value: str) -> str:
    if slot in LISTED:
        return slot
    marks = ("digit" * bool(_DIGIT.search(value)), "s" * value.lower().endswith("s"), "hyphen" * ("-" in value))
    return " ".join((slot, *filter(None, marks)))


def swapped(row: MessageRow, values: Mapping[str, Sequence[str]], *, seed: str) -> MessageRow:
    """A message with other values in some of its slots.

    Args:
        row: The message.
        values: From ``slot_values``; a passage that none of them can stand for is kept.
        seed: The same seed gives the same values.

    Returns:
        The message; its labels stay.
    """
    chance = random.Random(seed)  # noqa: S311 - a choice of words
    parts = [
        (_like(chance.choice(values[form]), text) if form in values and chance.random() < _SWAPPED else text, slot)
        for text, slot, form in ((text, slot or "", _form(slot or "", text)) for text, slot in _parts(row))
    ]
    return _joined(row, [(text, slot or None) for text, slot in parts], capital=row.text[0].isupper())


def _like(value: str, before: str) -> str:
    """The value in capitals where the one before it was."""
    return value.upper() if before.isupper() and len(before) > 3 else value


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
