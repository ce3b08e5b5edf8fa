"""The embedded store: exact scans while they are quick, FAISS above, a folder of verified files behind it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from threading import RLock
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from mtl_core.errors import ArtifactError
from retrieval.filters import Filter
from retrieval.stores.base import Hit, Payload, Record, StoreSpec
from retrieval.stores.checks import check_fields, checked_k, checked_queries, checked_upsert, paths_of, wanted_ids
from retrieval.stores.columns import Columns
from retrieval.stores.faiss_folder import Manifest, Part, StoreFolder
from retrieval.stores.faiss_index import IndexKind, IndexRule, build_index, candidates_of
from retrieval.stores.rows import Rows, best_rows

if TYPE_CHECKING:
    from types import TracebackType

    from numpy.typing import NDArray

__all__ = ["FaissStore"]

_MOST_PARTS = 24
_MOST_DEAD = 0.25
_MOST_TAIL = 0.1
_OVERSAMPLE = 3
_ATTEMPTS = 5


class FaissStore:
    """Vectors and payloads of one process, with or without a folder.

    Opening reads the manifest alone; the parts are read and verified at the first use. A change is seen at once and is
    durable after ``flush``. The first change makes this store the folder's one writer until it is closed.

    Args:
        spec: Which vectors it holds.
        folder: Where it is kept; ``None`` for memory alone.
        rule: When FAISS is used, and how.
        read_only: Refuse changes.
    """

    def __init__(
        self, spec: StoreSpec, folder: StoreFolder | None, *, rule: IndexRule | None = None, read_only: bool = False
    ) -> None:
        self.spec = spec
        self._folder, self._rule, self._read_only = folder, rule or IndexRule(), read_only
        self._lock = RLock()
        self._state: Manifest | None = folder.manifest() if folder else None
        self._loaded = folder is None
        self._closed = False
        self._saved = 0
        self._clear()

    @classmethod
    def open(
        cls,
        path: Path | str | None,
        *,
        spec: StoreSpec,
        create: bool = True,
        read_only: bool = False,
        rule: IndexRule | None = None,
    ) -> Self:
        """Open a store.

        Args:
            path: Its folder; ``None`` keeps it in memory.
            spec: Which vectors it holds.
            create: Whether a folder without a store becomes one.
            read_only: Refuse changes; any number of readers may stand beside one writer.
            rule: When FAISS is used, and how.

        Returns:
            The store.

        Raises:
            ArtifactError: If there is none and ``create`` is false, it is damaged, or of another encoder.
        """
        folder = None if path is None else StoreFolder(Path(path), spec)
        if folder is not None and folder.manifest() is None and (read_only or not create):
            raise ArtifactError(f"There is no store in {folder.path}; index documents into it first.")
        return cls(spec, folder, rule=rule, read_only=read_only)

    def upsert(self, ids: Sequence[str], vectors: NDArray[np.float32], payloads: Sequence[Payload]) -> None:
        """See ``Store``.

        Raises:
            InputError: If something does not fit; then nothing was changed.
            ArtifactError: If the store is read-only or another writer is at work.
        """
        names, matrix, encoded = checked_upsert(ids, vectors, payloads, spec=self.spec)
        with self._lock:
            self._begin_change()
            for name in names:
                self._drop(name)
                self._deleted.discard(name)
            self._rows.append(names, matrix, encoded)
            for payload in payloads:
                self._paths.update(paths_of(payload))

    def delete(self, ids: Sequence[str]) -> int:
        """See ``Store``."""
        names = set(wanted_ids(ids))
        with self._lock:
            self._begin_change()
            found = [name for name in names if self._drop(name)]
            self._deleted.update(found)
            return len(found)

    def get(self, ids: Sequence[str]) -> list[Record | None]:
        """See ``Store``."""
        names = wanted_ids(ids)
        with self._lock:
            self._load()
            return [None if (row := self._rows.by_id.get(name)) is None else self._record(row) for name in names]

    def search(self, vectors: NDArray[np.float32], *, k: int, where: Filter | None = None) -> list[list[Hit]]:
        """See ``Store``."""
        queries, most = checked_queries(vectors, spec=self.spec), checked_k(k)
        with self._lock:
            self._load()
            admitted = self._admitted(where)
            return [
                [Hit(self._rows.ids[row], score, json.loads(self._rows.payloads[row])) for row, score in found]
                for found in self._nearest(queries, most, admitted)
            ]

    def scan(self, where: Filter | None = None) -> Iterator[Record]:
        """See ``Store``."""
        with self._lock:
            self._load()
            rows = sorted(np.flatnonzero(self._admitted(where)).tolist(), key=self._rows.ids.__getitem__)
            ids, payloads, matrix = self._rows.ids, self._rows.payloads, self._rows.vectors
            return iter([Record(ids[row], matrix[row].copy(), json.loads(payloads[row])) for row in rows])

    def count(self, where: Filter | None = None) -> int:
        """See ``Store``."""
        with self._lock:
            if where is None and not self._loaded:
                return 0 if self._state is None else self._state.count
            self._load()
            return int(self._admitted(where).sum())

    def flush(self) -> None:
        """See ``Store``.

        Raises:
            ArtifactError: If the folder cannot be written; the old state stands and the changes are kept in memory.
        """
        with self._lock:
            rows = self._rows
            if self._folder is None or not self._loaded or (len(rows) == self._saved and not self._deleted):
                return
            fresh = [row for row in range(self._saved, len(rows)) if rows.alive[row]]
            kept = self._state.parts if self._state else ()
            if len(kept) >= _MOST_PARTS or rows.dead > _MOST_DEAD * len(rows):
                self._compact()
                kept, fresh = (), list(range(len(self._rows)))
            entry = self._folder.write(self._part(fresh, deleted=sorted(self._deleted) if kept else ()))
            self._state = self._folder.publish([*kept, entry], count=len(rows.by_id))
            self._saved = len(self._rows)
            self._deleted.clear()

    def close(self) -> None:
        """See ``Store``."""
        with self._lock:
            if self._closed:
                return
            self.flush()
            self._closed = True
            if self._folder is not None:
                self._folder.unlock()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _clear(self) -> None:
        self._rows = Rows(self.spec.dimension)
        self._columns = Columns(self._rows.payloads)
        self._paths: Counter[str] = Counter()
        self._deleted: set[str] = set()
        self._saved = 0
        self._index: Any = None
        self._indexed = 0

    def _load(self) -> None:
        """Read the parts; again where a writer has replaced them meanwhile."""
        for attempt in range(_ATTEMPTS):
            if self._loaded or self._folder is None or self._state is None:
                self._loaded = True
                return
            self._clear()
            try:
                for entry in self._state.parts:
                    self._take(self._folder.read(entry))
                self._loaded, self._saved = True, len(self._rows)
            except OSError as error:
                state = self._folder.manifest()
                if state is None or state == self._state or attempt == _ATTEMPTS - 1:
                    raise ArtifactError(
                        f"{self._folder.path} lacks a file that its manifest names ({error}); index again."
                    ) from error
                self._state = state

    def _take(self, part: Part) -> None:
        for name in (*part.ids, *part.deleted):
            self._drop(name)
        self._rows.append(part.ids, part.vectors, part.payloads)
        for payload in part.payloads:
            self._paths.update(paths_of(json.loads(payload)))

    def _begin_change(self) -> None:
        if self._closed:
            raise ArtifactError("The store is closed; open it again.")
        if self._read_only:
            raise ArtifactError("The store was opened for reading alone; open it for writing.")
        if self._folder is not None:
            self._folder.lock()
            state = self._folder.manifest()
            # between opening and the first change another writer may have been at work
            if state != self._state:
                self._state, self._loaded = state, False
        self._load()

    def _drop(self, name: str) -> bool:
        row = self._rows.drop(name)
        if row is None:
            return False
        self._paths.subtract(paths_of(json.loads(self._rows.payloads[row])))
        return True

    def _record(self, row: int) -> Record:
        return Record(self._rows.ids[row], self._rows.vectors[row].copy(), json.loads(self._rows.payloads[row]))

    def _admitted(self, where: Filter | None) -> NDArray[np.bool_]:
        alive = self._rows.alive
        if where is None:
            return alive
        check_fields(where, {path for path, count in self._paths.items() if count > 0})
        return self._columns.mask(where) & alive

    def _nearest(
        self, queries: NDArray[np.float32], most: int, admitted: NDArray[np.bool_]
    ) -> list[list[tuple[int, float]]]:
        count = int(admitted.sum())
        # rows that no longer stand must not tip the choice: a graph takes long to build
        standing = len(self._rows.by_id)
        narrow = count <= max(self._rule.exact_up_to, self._rule.exact_share * standing)
        kind = self._rule.choose(standing, self.spec.dimension)
        if not narrow and kind != "flat":
            found = self._by_index(kind, queries, most, admitted)
            # an approximate search may come back with too few, an exact one never
            if all(len(hits) == min(most, count) for hits in found):
                return found
        return best_rows(self._rows, queries, most, admitted)

    def _by_index(
        self, kind: IndexKind, queries: NDArray[np.float32], most: int, admitted: NDArray[np.bool_]
    ) -> list[list[tuple[int, float]]]:
        matrix = self._rows.vectors
        if self._index is None or len(matrix) - self._indexed > _MOST_TAIL * self._indexed:
            self._index = build_index(kind, matrix, rule=self._rule)
            self._indexed = len(matrix)
        covered = admitted[: self._indexed]
        rows = None if covered.all() else covered
        found = candidates_of(self._index, queries, most=most * _OVERSAMPLE, rows=rows, rule=self._rule)
        hits = []
        for query, near in zip(queries, found, strict=True):
            # what came after the index was built is scanned exactly
            wanted = admitted.copy()
            wanted[: self._indexed] = False
            wanted[near[near >= 0]] = True
            hits += best_rows(self._rows, query[None], most, wanted)
        return hits

    def _part(self, rows: Sequence[int], *, deleted: Sequence[str]) -> Part:
        held = self._rows
        return Part([held.ids[r] for r in rows], [held.payloads[r] for r in rows], held.vectors[list(rows)], deleted)

    def _compact(self) -> None:
        """Rewrite the rows that stand; row numbers change, so what was built on them goes."""
        part, paths = self._part(np.flatnonzero(self._rows.alive).tolist(), deleted=()), self._paths
        deleted = self._deleted
        self._clear()
        self._rows.append(part.ids, part.vectors, part.payloads)
        self._paths, self._deleted = +paths, deleted
