"""What every store of vectors offers, and the checks on input that all of them share."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, Self, runtime_checkable

from pydantic import JsonValue

from mtl_core.errors import InputError
from retrieval.filters import Filter
from retrieval.stores.checks import (
    MOST_ID_BYTES,
    check_fields,
    checked_ids,
    checked_k,
    checked_queries,
    checked_upsert,
    encoded_payload,
    paths_of,
    wanted_ids,
)

if TYPE_CHECKING:
    from types import TracebackType

    import numpy as np
    from numpy.typing import NDArray

__all__ = [
    "MOST_ID_BYTES",
    "Hit",
    "Payload",
    "Record",
    "Store",
    "StoreSpec",
    "check_fields",
    "checked_ids",
    "checked_k",
    "checked_queries",
    "checked_upsert",
    "encoded_payload",
    "paths_of",
    "wanted_ids",
]

Payload = Mapping[str, JsonValue]


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreSpec:
    """Which vectors a store holds.

    Args:
        dimension: Numbers in a vector.
        fingerprint: Fingerprint of the encoder that makes the vectors; a store refuses another's.

    Raises:
        InputError: If the dimension is below 1 or the fingerprint is empty.
    """

    dimension: int
    fingerprint: str

    def __post_init__(self) -> None:
        if self.dimension < 1:
            raise InputError(f"The dimension is {self.dimension}; give 1 or more.")
        if not self.fingerprint:
            raise InputError("The fingerprint of the encoder is empty; give the fingerprint of the encoder in use.")


@dataclass(frozen=True, slots=True, eq=False)
class Record:
    """One stored item.

    Args:
        id: Its id.
        vector: ``[dimension]`` float32 unit vector.
        payload: What was stored with it.
    """

    id: str
    vector: NDArray[np.float32]
    payload: dict[str, JsonValue]


@dataclass(frozen=True, slots=True)
class Hit:
    """One result of a search.

    Args:
        id: Id of the item.
        score: Inner product of unit vectors, the cosine: -1 to 1, higher is nearer.
        payload: What was stored with it.
    """

    id: str
    score: float
    payload: dict[str, JsonValue]


@runtime_checkable
class Store(Protocol):
    """Vectors with payloads, under ids, searchable under filters.

    A change is seen by the store that made it at once, and is durable after ``flush`` or ``close``.
    """

    @property
    def spec(self) -> StoreSpec:
        """Which vectors the store holds."""

    def upsert(self, ids: Sequence[str], vectors: NDArray[np.float32], payloads: Sequence[Payload]) -> None:
        """Add items, replacing those whose id is there already.

        Args:
            ids: Ids, none twice.
            vectors: ``[n, dimension]`` float32 unit vectors.
            payloads: One JSON object an id.

        Raises:
            InputError: If something does not fit; then nothing was changed.
        """

    def delete(self, ids: Sequence[str]) -> int:
        """Remove items; an id that is not there is no error.

        Args:
            ids: Ids.

        Returns:
            How many were there.
        """

    def get(self, ids: Sequence[str]) -> list[Record | None]:
        """Items by id.

        Args:
            ids: Ids.

        Returns:
            One record an id in the order given, ``None`` where there is none.
        """

    def search(self, vectors: NDArray[np.float32], *, k: int, where: Filter | None = None) -> list[list[Hit]]:
        """The nearest items of each query among those that pass the filter.

        Args:
            vectors: ``[q, dimension]`` float32 unit vectors.
            k: Most hits a query, at least 1; above the number of items that pass, all of them come.
            where: Evaluated before the search, never after.

        Returns:
            Hits a query, best first, equal scores by id.

        Raises:
            InputError: If a vector, ``k`` or a field of the filter cannot be used.
        """

    def scan(self, where: Filter | None = None) -> Iterator[Record]:
        """Every item that passes the filter, by id in the order of code points.

        Args:
            where: The filter.

        Returns:
            Records of the state at the time of the call.
        """

    def count(self, where: Filter | None = None) -> int:
        """How many items pass the filter.

        Args:
            where: The filter.

        Returns:
            The number.
        """

    def flush(self) -> None:
        """Make every change durable."""

    def close(self) -> None:
        """Flush and let go of files and connections; closing twice is no error."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...
