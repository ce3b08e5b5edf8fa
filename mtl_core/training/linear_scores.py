"""Fitted linear scores of segments."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from mtl_core.training.dataset import EvidenceDataset

__all__ = ["LinearScores"]


@dataclass(frozen=True, slots=True)
class LinearScores:
    """Weights ``[inputs, measures]`` and offsets ``[measures]`` of the segment scores."""

    weights: NDArray[np.float64]
    offsets: NDArray[np.float64]

    def __call__(self, dataset: EvidenceDataset, rows: NDArray[np.int64]) -> NDArray[np.float64]:
        """Scores ``[rows, measures]``."""
        scores: NDArray[np.float64] = dataset.inputs[rows] @ self.weights + self.offsets
        return scores
