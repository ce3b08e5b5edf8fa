"""Lists of topics, subjects and names of measures, which variations of messages take values from."""

from __future__ import annotations

from pathlib import Path

from chatbot.message_heads.rows import MESSAGES
from mtl_core.errors import InputError

__all__ = ["LISTED", "load_listed"]

LISTED = ("topic", "subject", "measure")
"""Slots whose values keep a sentence right whichever they are."""


def load_listed(*, folder: Path = MESSAGES) -> dict[str, tuple[str, ...]]:
    """Read the lists, one value a line.

    Args:
        folder: The messages; the lists lie in ``values`` in it.

    Returns:
        Values by slot, in the order of the files.

    Raises:
        InputError: If a list is missing, empty, or holds a value twice or with blanks around it.
    """
    return {slot: _read(folder / "values" / f"{slot}s.txt") for slot in LISTED}


def _read(path: Path) -> tuple[str, ...]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror}); install the package again.") from error
    if not lines or len(set(lines)) < len(lines) or any(line != line.strip() or not line for line in lines):
        raise InputError(f"{path} is empty, or has a line that is blank, repeated or padded; write one value a line.")
    return tuple(lines)
