"""A passage of a text that names somebody or tells how to reach them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["MASKS", "Kind", "Span"]

Kind = Literal["name", "email", "phone"]

MASKS: dict[Kind, str] = {"name": "[pupil]", "email": "[e-mail]", "phone": "[phone]"}
"""What is written in place of a passage."""


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """A passage.

    Args:
        start: Offset of its first character.
        end: Offset after its last character.
        kind: What it is.
    """

    start: int
    end: int
    kind: Kind
