"""Errors of the conversation beside those of the readers."""

from __future__ import annotations

from mtl_core.errors import InputError

__all__ = ["StateError"]


class StateError(InputError):
    """What was asked is in order, and does not fit where the conversation stands now."""
