"""Which language a text is written in."""

from __future__ import annotations

import py3langid

__all__ = ["detect_language"]

_CHARACTERS = 8_000


def detect_language(text: str) -> str:
    """Tell the language that a text is most likely written in (py3langid).

    Args:
        text: The text; its first 8,000 characters decide.

    Returns:
        ISO 639-1 code, such as ``en``.
    """
    code: str = py3langid.classify(text[:_CHARACTERS])[0]
    return code
