"""Documents into a folder of encoded parts, in one process or through Ray; a run that broke off goes on."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
from filelock import FileLock, Timeout

from mtl_core.errors import ArtifactError, InputError
from retrieval.bulk.folder import EncodedFolder
from retrieval.bulk.parts import Part, encode_part, part_name, read_keys, read_part, text_hash, write_part
from retrieval.documents import Document
from retrieval.importers.sources import unique
from retrieval.search_config import SearchConfig
from retrieval.search_dense import dense_text

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mtl_core.encoder import SharedEncoder

__all__ = ["EncodeProgress", "Workers", "encode_documents"]

Workers = Literal["one", "ray"]
"""``one`` encodes in this process, ``ray`` in several, on one machine or a cluster."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EncodeProgress:
    """How far a run is.

    Args:
        read: Documents read.
        encoded: Documents that were, or with Ray will be, encoded by this run.
        kept: Documents whose vector was there already.
    """

    read: int = 0
    encoded: int = 0
    kept: int = 0


def encode_documents(
    documents: Iterable[Document],
    folder: str | Path,
    encoder: SharedEncoder,
    *,
    workers: Workers = "one",
    processes: int | None = None,
    encoder_source: str | Path | None = None,
    rows_per_part: int = 2048,
    on_progress: Callable[[EncodeProgress], None] | None = None,
) -> EncodeProgress:
    """Encode documents that the folder does not hold yet with this text and this encoder.

    What is done already is known by id, hash of the encoded text and fingerprint of the encoder. Every part is
    durable when it is written, so a run that was killed goes on at the part where it stopped.

    Args:
        documents: The documents, each id once.
        folder: Where the parts go; made if missing. With Ray on several machines all must see it.
        encoder: The encoder.
        workers: Where the encoding is done.
        processes: Processes of Ray; ``None`` takes one a processor.
        encoder_source: What ``SharedEncoder.load`` takes in each process of Ray to load the same encoder.
        rows_per_part: Documents in one file.
        on_progress: Told after each part.

    Returns:
        What was done.

    Raises:
        InputError: If there is no document, an id comes twice or ``rows_per_part`` is below 1.
        ArtifactError: If another run writes to the folder.
    """
    if rows_per_part < 1:
        raise InputError(f"The parts have {rows_per_part} rows; give 1 or more.")
    place = Path(folder)
    place.mkdir(parents=True, exist_ok=True)
    with _locked(place):
        run = _Run(place, encoder, staged=workers == "ray")
        parts = _parts(unique(documents, name="The source"), dimension=encoder.dimension, rows=rows_per_part)
        done = _taken(run, parts, on_progress)
        if not done.read:
            raise InputError("There is no document to encode; give a source with at least one.")
        if run.staged:
            from retrieval.bulk.ray_encoding import encode_staged  # noqa: PLC0415 - Ray is an extra

            encode_staged(
                place, run.staged, fingerprint=encoder.fingerprint, source=encoder_source, processes=processes
            )
        run.finish()
        return done


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    lock = FileLock(folder / ".lock")
    try:
        lock.acquire(timeout=0)
    except Timeout as error:
        raise ArtifactError(f"Another run writes to {folder}; wait for it, or name another folder.") from error
    with lock:
        yield


def _taken(run: _Run, parts: Iterable[Part], on_progress: Callable[[EncodeProgress], None] | None) -> EncodeProgress:
    """Finish or stage every part, and tell of each."""
    done = EncodeProgress()
    for part in parts:
        encoded = run.take(part)
        done = replace(
            done,
            read=done.read + len(part.ids),
            encoded=done.encoded + encoded,
            kept=done.kept + len(part.ids) - encoded,
        )
        if on_progress is not None:
            on_progress(done)
    return done


def _parts(documents: Iterator[Document], *, dimension: int, rows: int) -> Iterator[Part]:
    config = SearchConfig()
    while batch := list(islice(documents, rows)):
        texts = [dense_text(document, config) for document in batch]
        payloads = [json.dumps(document.payload(), sort_keys=True, ensure_ascii=True) for document in batch]
        empty = np.full((len(batch), dimension), np.nan, np.float32)
        yield Part([document.id for document in batch], [text_hash(text) for text in texts], payloads, empty, texts)


class _Run:
    """Parts of one run, beside those that are there."""

    def __init__(self, folder: Path, encoder: SharedEncoder, *, staged: bool) -> None:
        self._folder, self._encoder, self._fingerprint = folder, encoder, encoder.fingerprint
        self._stages = staged
        self._known = _KnownVectors(folder, fingerprint=self._fingerprint)
        self._names: list[str] = []
        self._rows: list[int] = []
        self.staged: list[str] = []

    def take(self, part: Part) -> int:
        """Finish a part, or stage it for Ray; returns how many rows were not there."""
        name = part_name(part, fingerprint=self._fingerprint)
        self._names.append(name)
        self._rows.append(len(part.ids))
        if self._known.holds(name, part):
            return 0
        filled = self._known.fill(part)
        count = len(filled.open_rows)
        if self._stages and count:
            write_part(self._folder / f"todo-{name}", filled, fingerprint=self._fingerprint)
            self.staged.append(name)
        else:
            write_part(self._folder / name, encode_part(filled, self._encoder), fingerprint=self._fingerprint)
        return count

    def finish(self) -> None:
        """Publish the parts of this run as the folder's content."""
        EncodedFolder.publish(
            self._folder,
            self._names,
            self._rows,
            encoder=self._encoder.name,
            fingerprint=self._fingerprint,
            dimension=self._encoder.dimension,
        )
        for stale in self._folder.glob("todo-*.parquet"):
            stale.unlink()


class _KnownVectors:
    """Vectors that earlier runs left, by id and text; those of one part at a time are in memory."""

    def __init__(self, folder: Path, *, fingerprint: str) -> None:
        self._folder, self._fingerprint = folder, fingerprint
        self._places: dict[tuple[str, str], tuple[str, int]] = {}
        self._whole: dict[str, int] = {}
        self._open: tuple[str, NDArray[np.float32]] = ("", np.zeros((0, 0), np.float32))
        for path in sorted(folder.glob("part-*.parquet")):
            keys = read_keys(path, fingerprint=fingerprint)
            self._whole[path.name] = len(keys)
            self._places.update({key: (path.name, row) for row, key in enumerate(keys)})

    def holds(self, name: str, part: Part) -> bool:
        """Whether a part is there as a whole."""
        return self._whole.get(name, 0) == len(part.ids)

    def fill(self, part: Part) -> Part:
        """The part with the vectors that are known."""
        found = [self._places.get(key) for key in zip(part.ids, part.hashes, strict=True)]
        vectors = part.vectors.copy()
        for row, place in enumerate(found):
            if place is not None:
                vectors[row] = self._vectors(place[0])[place[1]]
        return replace(part, vectors=vectors)

    def _vectors(self, name: str) -> NDArray[np.float32]:
        if self._open[0] != name:
            self._open = name, read_part(self._folder / name, fingerprint=self._fingerprint).vectors
        return self._open[1]
