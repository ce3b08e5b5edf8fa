"""The embedded store: exact scans while they are quick, FAISS above, a folder of verified files behind it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from threading import Lock, RLock
from typing import TYPE_CHECKING, Self

from mtl_core.errors import ArtifactError
from retrieval.filters import Filter
from retrieval.stores.base import Hit, Payload, Record, StoreSpec
from retrieval.stores.checks import checked_k, checked_queries, checked_upsert, wanted_ids
from retrieval.stores.faiss_base import Base, MemoryKeeper, StoreKeeper
from retrieval.stores.faiss_changes import Changes, kept_parts
from retrieval.stores.faiss_folder import StoreFolder
from retrieval.stores.faiss_index import Graph, IndexRule, build_graph, extended
from retrieval.stores.faiss_view import View
from retrieval.stores.rows import Segment

if TYPE_CHECKING:
    from types import TracebackType

    import numpy as np
    from numpy.typing import NDArray

__all__ = ["FaissStore"]

_MOST_TAIL = 0.1


class FaissStore:
    """Vectors and payloads, in memory alone or in a folder that any number of processes share.

    Opening reads the manifest alone; files are verified and mapped at the first use. Any number of threads search at
    the same time, and none waits for a writer. A change is seen by this store at once, and by others after ``flush``,
    which also builds the approximate index where the number of vectors asks for one. Two stores that write to one
    folder take turns in ``flush``; of two changes to one id, the one that is flushed later stands.

    Args:
        spec: Which vectors it holds.
        keeper: Where the published state is kept.
        rule: When FAISS is used, and how.
        read_only: Refuse changes.
    """

    def __init__(
        self, spec: StoreSpec, keeper: StoreKeeper, *, rule: IndexRule | None = None, read_only: bool = False
    ) -> None:
        self.spec = spec
        self._keeper, self._rule, self._read_only = keeper, rule or IndexRule(), read_only
        self._writing, self._building = RLock(), Lock()
        self._changes: Changes | None = None
        self._closed = False

    @classmethod
    def open(
        cls,
        path: Path | str | None,
        *,
        spec: StoreSpec,
        create: bool = True,
        read_only: bool = False,
        rule: IndexRule | None = None,
        wait: float = 60.0,
    ) -> Self:
        """Open a store.

        Args:
            path: Its folder; ``None`` keeps it in memory.
            spec: Which vectors it holds.
            create: Whether a folder without a store becomes one.
            read_only: Refuse changes.
            rule: When FAISS is used, and how.
            wait: Seconds that ``flush`` waits for another writer.

        Returns:
            The store.

        Raises:
            ArtifactError: If there is none and ``create`` is false, it is damaged, or of another encoder.
        """
        if path is None:
            return cls(spec, MemoryKeeper(), rule=rule, read_only=read_only)
        folder = StoreFolder(Path(path), spec, wait=wait)
        if folder.manifest() is None and (read_only or not create):
            raise ArtifactError(f"There is no store in {folder.path}; index documents into it first.")
        return cls(spec, folder, rule=rule, read_only=read_only)

    def upsert(self, ids: Sequence[str], vectors: NDArray[np.float32], payloads: Sequence[Payload]) -> None:
        """See ``Store``.

        Raises:
            InputError: If something does not fit; then nothing was changed.
            ArtifactError: If the store is read-only or closed.
        """
        names, matrix, encoded = checked_upsert(ids, vectors, payloads, spec=self.spec)
        segment = Segment.of(names, matrix, payloads, encoded)
        with self._writing:
            changes = self._begun()
            if names:
                self._changes = changes.upserted(names, segment)

    def delete(self, ids: Sequence[str]) -> int:
        """See ``Store``."""
        names = list(dict.fromkeys(wanted_ids(ids)))
        with self._writing:
            before = self._begun()
            self._changes = after = before.without(names)
            return before.view.count - after.view.count

    def get(self, ids: Sequence[str]) -> list[Record | None]:
        """See ``Store``."""
        names, view = wanted_ids(ids), self._view()
        return [None if row < 0 else view.record(row) for row in view.find(names).tolist()]

    def search(self, vectors: NDArray[np.float32], *, k: int, where: Filter | None = None) -> list[list[Hit]]:
        """See ``Store``."""
        queries, most = checked_queries(vectors, spec=self.spec), checked_k(k)
        return self._view().nearest(queries, most=most, where=where, rule=self._rule)

    def scan(self, where: Filter | None = None) -> Iterator[Record]:
        """See ``Store``."""
        view = self._view()
        return map(view.record, view.ordered(where))

    def count(self, where: Filter | None = None) -> int:
        """See ``Store``."""
        if where is None and self._changes is None:
            # the published state knows, and no part need be read
            return self._keeper.count()
        view = self._view()
        admitted = view.admitted(where)
        return view.count if admitted is None else int(admitted.sum())

    def flush(self) -> None:
        """See ``Store``.

        Raises:
            ArtifactError: If the folder cannot be written or another writer does not come to an end; the old state
                stands and the changes are kept in memory.
        """
        with self._writing:
            if self._changes is None:
                return
            if self._changes.is_any:
                with self._keeper.locked():
                    changes = self._refreshed()
                    base = changes.base
                    keep, segment, dropped = kept_parts(changes, self.spec.dimension)
                    base = self._keeper.append(base, segment, dropped, keep=keep, count=changes.view.count)
                    self._changes = Changes.none(base)
        if not self._read_only:
            self._index()

    def close(self) -> None:
        """See ``Store``."""
        with self._writing:
            if not self._closed:
                self.flush()
                self._closed = True

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _view(self) -> View:
        """What is held now, with what others have published; no waiting for a writer but at the first use."""
        changes = self._changes
        if changes is not None and self._keeper.is_current(changes.base):
            return changes.view
        if not self._writing.acquire(blocking=changes is None):
            # a flush of this store is at work, and what it publishes is in this view already
            return changes.view  # type: ignore[union-attr]  # acquiring blocks where there is none
        try:
            return self._refreshed().view
        finally:
            self._writing.release()

    def _refreshed(self) -> Changes:
        """The published state with the changes of this store on top; the caller holds the writers' lock."""
        changes = self._changes
        if changes is None or not self._keeper.is_current(changes.base):
            base = self._keeper.read(None if changes is None else changes.base)
            changes = Changes.none(base) if changes is None else changes.onto(base)
            self._changes = changes
        return changes

    def _begun(self) -> Changes:
        if self._closed:
            raise ArtifactError("The store is closed; open it again.")
        if self._read_only:
            raise ArtifactError("The store was opened for reading alone; open it for writing.")
        self._keeper.prepare()
        return self._refreshed()

    def _index(self) -> None:
        """Build or extend the approximate index where it is due; nobody waits meanwhile but a second builder."""
        if not self._building.acquire(blocking=False):
            return
        try:
            changes = self._changes
            graph = None if changes is None else self._graph_due(changes.base)
            if changes is None or graph is None:
                return
            parts = changes.base.parts
            with self._writing, self._keeper.locked():
                base = self._refreshed().base
                # rows that were merged meanwhile have other numbers; the next flush tries again
                same = len(base.parts) >= len(parts) and all(
                    now.segment is then.segment for now, then in zip(base.parts, parts, strict=False)
                )
                if same:
                    self._changes = self._refreshed().onto(self._keeper.add_graph(base, graph, len(parts)))
        finally:
            self._building.release()

    def _graph_due(self, base: Base) -> Graph | None:
        kind = self._rule.choose(int(base.alive().sum()), self.spec.dimension)
        rows = sum(len(part.segment) for part in base.parts)
        if kind == "flat" or not rows:
            return None
        if base.graph is None or base.graph.kind != kind:
            return build_graph(kind, [part.segment.vectors for part in base.parts], rule=self._rule)
        if rows - base.graph.rows > _MOST_TAIL * base.graph.rows:
            return extended(base.graph, [part.segment.vectors for part in base.parts[base.graph_parts :]])
        return None
