"""Little phrases for error messages: what exists, and what was probably meant."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

__all__ = ["did_you_mean", "listed"]

_MOST = 12


def listed(names: Iterable[str]) -> str:
    """Names as one phrase, cut to a readable number.

    Args:
        names: The names, in the order to show.

    Returns:
        Such as ``a, b, c`` or ``a, b, … (83 in all)``.
    """
    known = list(names)
    if len(known) <= _MOST:
        return ", ".join(known) or "none"
    return f"{', '.join(known[:_MOST])}, … ({len(known)} in all)"


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """A hint at the nearest known name.

    Args:
        name: What was given.
        known: What exists.

    Returns:
        Such as `` Did you mean 'text'?`` with a leading blank, or nothing where no name is near.
    """
    by_folded = {candidate.casefold(): candidate for candidate in known}
    nearest = difflib.get_close_matches(name.casefold(), list(by_folded), n=1, cutoff=0.6)
    return f" Did you mean {by_folded[nearest[0]]!r}?" if nearest else ""
