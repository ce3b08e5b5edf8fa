"""Places of the templates in two dimensions, and of a plan among them, from the vectors that the search uses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mtl_core.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from retrieval.index import TemplateIndex

__all__ = ["LibraryMap"]


@dataclass(frozen=True, eq=False)
class LibraryMap:
    """Principal components of the template vectors: the same library always gives the same map.

    Args:
        ids: Of the templates.
        points: ``[len(ids), 2]`` float64, each axis -1 to 1.
        vectors: ``[len(ids), dimension]`` unit vectors.
        centre: ``[dimension]`` mean of the vectors.
        axes: ``[dimension, 2]``, scaled so that the furthest template lies at 1.
    """

    ids: tuple[str, ...]
    points: NDArray[np.float64]
    vectors: NDArray[np.float32]
    centre: NDArray[np.float64]
    axes: NDArray[np.float64]

    @classmethod
    def of(cls, index: TemplateIndex) -> LibraryMap:
        """The map of an index.

        Args:
            index: With at least three templates.

        Returns:
            The map.

        Raises:
            InputError: If there are fewer templates.
        """
        ids = tuple(index.library.ids)
        if len(ids) < 3:
            raise InputError("A map needs at least three templates.")
        vectors = index.vectors_of(ids)
        wide = vectors.astype(np.float64)
        centre = wide.mean(axis=0)
        axes = np.linalg.svd(wide - centre, full_matrices=False)[2][:2].T
        # the sign of a component is arbitrary: its largest entry is made positive
        axes = axes * np.sign(axes[np.abs(axes).argmax(axis=0), [0, 1]])
        reach = np.abs((wide - centre) @ axes).max(axis=0)
        axes = axes / np.where(reach > 0, reach, 1)
        return cls(ids, (wide - centre) @ axes, vectors, centre, axes)

    def place(self, vector: NDArray[np.float32]) -> tuple[float, float]:
        """Where a plan lies.

        Args:
            vector: ``[dimension]`` unit vector of the plan.

        Returns:
            Both coordinates, held within -1 to 1.
        """
        across, up = np.clip((vector.astype(np.float64) - self.centre) @ self.axes, -1, 1)
        return float(across), float(up)

    def nearest(self, vector: NDArray[np.float32], *, k: int) -> list[int]:
        """Rows of the templates nearest to a plan by cosine, in all dimensions and not on the map alone.

        Args:
            vector: ``[dimension]`` unit vector of the plan.
            k: How many.

        Returns:
            Rows, nearest first; ties in the order of the library.
        """
        return [int(row) for row in np.argsort(-(self.vectors @ vector), kind="stable")[:k]]
