"""The saved state of a store: immutable parts, an index of them as a cache, and a manifest that is replaced last.

A part holds the rows of one flush and names the earlier rows that it overrules, so a small change writes a small part.
Small parts are merged as they come (each at least twice as large as the next), so there are never many; when much is
overruled, everything is written anew.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from mtl_core.errors import ArtifactError
from retrieval.stores.faiss_base import Base, Part
from retrieval.stores.faiss_files import StoreFiles
from retrieval.stores.faiss_index import Graph, read_graph
from retrieval.stores.faiss_manifest import FileEntry, GraphEntry, Manifest, PartEntry, parsed_manifest
from retrieval.stores.faiss_tensors import mapped_tensors, write_tensors
from retrieval.stores.rows import Segment

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from retrieval.stores.base import StoreSpec

__all__ = ["StoreFolder"]

_ATTEMPTS = 20


class StoreFolder:
    """Keeps the state of a store in a folder; one writer at a time, readers are never blocked.

    Args:
        path: The folder.
        spec: What its vectors must be.
        wait: Seconds that a writer waits for another one.
    """

    def __init__(self, path: Path, spec: StoreSpec, *, wait: float) -> None:
        self.path = path
        self._spec = spec
        self._files = StoreFiles(path, wait=wait)
        self.prepare, self.locked = self._files.prepare, self._files.locked

    def manifest(self) -> Manifest | None:
        """The present state; ``None`` where the folder has none yet.

        Raises:
            ArtifactError: If it is damaged, of another schema, or of another encoder.
        """
        found = self._files.manifest()
        if found is None:
            return None
        os.close(found[1])
        return parsed_manifest(found[0], self.path, self._spec)

    def is_current(self, base: Base) -> bool:
        """See ``StoreKeeper``."""
        return self._files.is_same(base.descriptor)

    def count(self) -> int:
        """See ``StoreKeeper``."""
        state = self.manifest()
        return 0 if state is None else state.count

    def read(self, known: Base | None) -> Base:
        """See ``StoreKeeper``.

        Raises:
            ArtifactError: If a file is missing, damaged, of another schema or of another encoder.
        """
        for attempt in range(_ATTEMPTS):
            found = self._files.manifest()
            if found is None:
                return Base()
            try:
                return self._read_once(*found, known=known)
            except FileNotFoundError as error:
                # a writer may have replaced the state between the manifest and its files
                if attempt == _ATTEMPTS - 1:
                    raise ArtifactError(
                        f"{self.path} lacks a file that its manifest names ({error}); index the documents again."
                    ) from error
        raise AssertionError

    def append(self, base: Base, segment: Segment, dropped: NDArray[np.int64], *, keep: int, count: int) -> Base:
        """See ``StoreKeeper``.

        Raises:
            ArtifactError: If the folder cannot be written; the old state stands.
        """
        arrays = {**segment.arrays(), "dropped": dropped}

        def fill(path: Path) -> None:
            with path.open("wb") as stream:
                write_tensors(stream, arrays)

        entry = PartEntry(rows=len(segment), file=self._files.write("part", "safetensors", fill))
        entries = (*(part.entry for part in base.parts[:keep] if part.entry is not None), entry)
        old = base.manifest.graph if base.manifest is not None else None
        graph = old if old is not None and old.parts <= keep else None
        return self._publish(entries, graph, count=count, known=base)

    def add_graph(self, base: Base, graph: Graph, parts: int) -> Base:
        """See ``StoreKeeper``.

        Raises:
            ArtifactError: If the folder cannot be written; the old state stands.
        """
        if base.manifest is None:
            return base
        file = self._files.write("graph", "faiss", graph.save)
        kind = "ivf" if graph.kind == "ivf" else "hnsw"
        entry = GraphEntry(kind=kind, parts=parts, rows=graph.rows, file=file)
        return self._publish(base.manifest.parts, entry, count=base.manifest.count, known=base)

    def _publish(self, parts: tuple[PartEntry, ...], graph: GraphEntry | None, *, count: int, known: Base) -> Base:
        state = Manifest(
            dimension=self._spec.dimension, fingerprint=self._spec.fingerprint, count=count, parts=parts, graph=graph
        )
        files = {part.file.file for part in parts} | ({graph.file.file} if graph is not None else set())
        self._files.publish((state.model_dump_json(indent=1) + "\n").encode(), files)
        return self.read(known)

    def _read_once(self, content: bytes, descriptor: int, *, known: Base | None) -> Base:
        try:
            state = parsed_manifest(content, self.path, self._spec)
            parts = self._parts(state.parts, known)
            graph = self._graph(state.graph, known)
            base = Base(parts, graph, state.graph.parts if graph and state.graph else 0, state, descriptor)
        except BaseException:
            os.close(descriptor)
            raise
        return base

    def _parts(self, entries: Sequence[PartEntry], known: Base | None) -> tuple[Part, ...]:
        held = {part.entry: part for part in known.parts} if known is not None else {}
        parts, first = [], 0
        with ExitStack() as stack:
            # all before any is verified: what is open stays, however often a writer publishes meanwhile
            streams = {
                entry: stack.enter_context(self._files.opened(entry.file)) for entry in entries if entry not in held
            }
            for entry in entries:
                parts.append(held[entry] if entry in held else self._part(entry, first, streams[entry]))
                first += entry.rows
        return tuple(parts)

    def _part(self, entry: PartEntry, first: int, stream: BinaryIO) -> Part:
        """A part from its file; ``first`` is the number of its first row."""
        content = self._files.mapped(entry.file, stream)
        try:
            arrays = mapped_tensors(content)
            segment, dropped = Segment.from_arrays(arrays), arrays["dropped"]
            fits = segment.vectors.shape == (entry.rows, self._spec.dimension)
            fits = fits and (not len(dropped) or 0 <= int(dropped.min()) <= int(dropped.max()) < first)
        except (ValueError, KeyError, TypeError) as error:
            raise ArtifactError(f"{self.path} holds a part that cannot be read; index the documents again.") from error
        if not fits:
            raise ArtifactError(f"{self.path} holds a part that does not fit it; index the documents again.")
        return Part(segment, dropped, entry)

    def _graph(self, entry: GraphEntry | None, known: Base | None) -> Graph | None:
        if entry is None:
            return None
        before = known.manifest.graph if known is not None and known.manifest is not None else None
        if known is not None and before is not None and before.file == entry.file and known.graph is not None:
            return known.graph
        return self._verified_graph(entry.file, entry)

    def _verified_graph(self, file: FileEntry, entry: GraphEntry) -> Graph | None:
        try:
            with self._files.opened(file) as stream:
                self._files.mapped(file, stream).close()
        except FileNotFoundError:
            # the graph is a cache: a search without it is exact, and the next flush builds it
            return None
        return read_graph(entry.kind, self.path / file.file, entry.rows)
