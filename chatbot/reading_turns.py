"""Plans are read in turns: more readings at once than cores can serve would only slow each other down."""

from __future__ import annotations

from threading import BoundedSemaphore
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from chatbot.masking import NameFinder
    from chatbot.masking_spans import Span
    from mtl_core.quality import QualityModel
    from mtl_core.reading import Analysis

__all__ = ["ReadingTurns"]


class ReadingTurns:
    """A quality model that reads a few texts at a time, whoever asks; all else is the model's.

    A pass of the encoder uses every core that torch was given. With more readings at once each takes
    longer and the last is done no sooner.

    Args:
        model: The model.
        at_once: Readings that run beside each other; as many as cores where each pass has one core.

    Raises:
        ValueError: If ``at_once`` is below 1.
    """

    def __init__(self, model: QualityModel, *, at_once: int = 1) -> None:
        if at_once < 1:
            raise ValueError(f"at_once is {at_once}; give 1 or more")
        self._model = model
        self._turn = BoundedSemaphore(at_once)

    def analyse(self, text: str, *, previous: Analysis | None = None) -> Analysis:
        """Read a document when it is its turn; see ``QualityModel.analyse``."""
        with self._turn:
            return self._model.analyse(text, previous=previous)

    def taking_turns(self, finder: NameFinder) -> NameFinder:
        """A finder of names that waits for the same turns, since it too is a pass of the encoder."""

        def find(text: str) -> list[Span]:
            with self._turn:
                return finder(text)

        return find

    def __getattr__(self, name: str) -> Any:
        return getattr(self._model, name)
