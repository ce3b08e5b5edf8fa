"""The published state of a store, and who keeps it: this process's memory, or a folder."""

from __future__ import annotations

import os
import weakref
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from retrieval.stores.faiss_index import Graph
    from retrieval.stores.faiss_manifest import Manifest, PartEntry
    from retrieval.stores.rows import Segment

__all__ = ["Base", "MemoryKeeper", "Part", "StoreKeeper"]


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """Rows of one flush.

    Args:
        segment: The rows.
        dropped: Numbers of earlier rows that it overrules.
        entry: What the manifest says of it; ``None`` in memory.
    """

    segment: Segment
    dropped: NDArray[np.int64]
    entry: PartEntry | None = None


@dataclass(frozen=True, eq=False)
class Base:
    """A published state.

    Args:
        parts: Oldest first.
        graph: Approximate index of the first ``graph_parts`` parts.
        graph_parts: How many.
        manifest: Its manifest; ``None`` in memory and where nothing was published yet.
        descriptor: Of the manifest's file, open as long as this state is in use.
    """

    parts: tuple[Part, ...] = ()
    graph: Graph | None = None
    graph_parts: int = 0
    manifest: Manifest | None = None
    descriptor: int | None = None

    def __post_init__(self) -> None:
        if self.descriptor is not None:
            weakref.finalize(self, os.close, self.descriptor)

    def alive(self, parts: int | None = None) -> NDArray[np.bool_]:
        """Which rows of the first parts stand.

        Args:
            parts: How many parts; ``None`` for all.

        Returns:
            ``[rows]``.
        """
        chosen = self.parts[:parts]
        alive = np.ones(sum(len(part.segment) for part in chosen), np.bool_)
        for part in chosen:
            alive[part.dropped] = False
        return alive


class StoreKeeper(Protocol):
    """Keeps the published state of a store."""

    def is_current(self, base: Base) -> bool:
        """Whether nothing was published since."""

    def count(self) -> int:
        """How many items the published state has."""

    def read(self, known: Base | None) -> Base:
        """The published state; what is known already is not read again."""

    def prepare(self) -> None:
        """See early whether a change can be kept."""

    def locked(self) -> AbstractContextManager[None]:
        """Keep every other writer waiting."""

    def append(self, base: Base, segment: Segment, dropped: NDArray[np.int64], *, keep: int, count: int) -> Base:
        """Publish a part after the first ``keep`` parts, in place of those that came after them."""

    def add_graph(self, base: Base, graph: Graph, parts: int) -> Base:
        """Publish an index of the first parts."""


class MemoryKeeper:
    """Keeps the state of a store that has no folder."""

    def __init__(self) -> None:
        self._base = Base()

    def is_current(self, base: Base) -> bool:
        """See ``StoreKeeper``."""
        return base is self._base

    def count(self) -> int:
        """See ``StoreKeeper``."""
        return int(self._base.alive().sum())

    def read(self, known: Base | None) -> Base:  # noqa: ARG002 - the protocol's
        """See ``StoreKeeper``."""
        return self._base

    def prepare(self) -> None:
        """See ``StoreKeeper``."""

    def locked(self) -> AbstractContextManager[None]:
        """See ``StoreKeeper``."""
        return nullcontext()

    def append(
        self,
        base: Base,
        segment: Segment,
        dropped: NDArray[np.int64],
        *,
        keep: int,
        count: int,  # noqa: ARG002 - the protocol's
    ) -> Base:
        """See ``StoreKeeper``."""
        covered = base.graph_parts <= keep
        self._base = Base(
            (*base.parts[:keep], Part(segment, dropped)),
            base.graph if covered else None,
            base.graph_parts if covered else 0,
        )
        return self._base

    def add_graph(self, base: Base, graph: Graph, parts: int) -> Base:
        """See ``StoreKeeper``."""
        self._base = replace(base, graph=graph, graph_parts=parts)
        return self._base
