"""Plans are read one after another: two readings at once would only slow each other down."""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mtl_core.quality import QualityModel
    from mtl_core.reading import Analysis

__all__ = ["ReadingTurns"]


class ReadingTurns:
    """A quality model that reads one text at a time, whoever asks; all else is the model's.

    A pass of the encoder uses every core already. With n readings at once each takes n times as
    long; in turn, the first is done after one, and the last no later.

    Args:
        model: The model.
    """

    def __init__(self, model: QualityModel) -> None:
        self._model = model
        self._turn = Lock()

    def analyse(self, text: str, *, previous: Analysis | None = None) -> Analysis:
        """Read a document when it is its turn; see ``QualityModel.analyse``."""
        with self._turn:
            return self._model.analyse(text, previous=previous)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._model, name)
