"""The turn that is left when everything was forgotten."""

from __future__ import annotations

import numpy as np

from chatbot.events import Said
from chatbot.session import Turn
from mtl_core.reading import Analysis

__all__ = ["blank_turn"]


def blank_turn(message: str) -> Turn:
    """A turn without a plan.

    Args:
        message: What the coach says.

    Returns:
        The turn; it asks the door to delete what is kept.
    """
    nothing = np.zeros(0, np.float32)
    analysis = Analysis(
        words=0,
        language="en",
        is_lesson_plan=False,
        measures={},
        vector=nothing,
        segments=(),
        segment_vectors=np.zeros((0, 0), np.float32),
        encoded=0,
    )
    return Turn("", analysis, (message,), said=(Said("coach", message, "goodbye"),), stopped=True, wish="forget")
