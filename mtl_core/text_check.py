"""Whether a text can be read as a document at all."""

from __future__ import annotations

from mtl_core.errors import InputError

__all__ = ["MAX_CHARACTERS", "check_text"]

MAX_CHARACTERS = 200_000
"""Longest document that is read."""

_CONTROLS = frozenset(map(chr, [*range(1, 9), *range(14, 32), 127, 0xFFFD]))


def check_text(text: str) -> None:
    """Refuse a text that cannot be read as a document.

    Args:
        text: The text.

    Raises:
        InputError: If it is empty, without a letter, too long, or binary.
    """
    if not text.strip():
        raise InputError("The text is empty; give a lesson plan as plain text or markdown.")
    if len(text) > MAX_CHARACTERS:
        raise InputError(
            f"The text has {len(text):,} characters; the limit is {MAX_CHARACTERS:,}. Give one lesson at a time."
        )
    controls = sum(character in _CONTROLS for character in text)
    if "\0" in text or controls > len(text) / 100:
        raise InputError("The text holds binary data; save the plan as UTF-8 text, markdown or .txt first.")
    if any("\ud800" <= character <= "\udfff" for character in text):
        raise InputError("The text holds half of a character (a lone surrogate); save the plan as UTF-8 text first.")
    if not any(map(str.isalpha, text)):
        raise InputError("The text holds no word; give a lesson plan as plain text or markdown.")
