"""Texts as one run of bytes that can lie in a mapped file, and how an id is found among them."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Texts", "hashes_of", "joined_texts"]


@dataclass(frozen=True, slots=True, eq=False)
class Texts:
    """Texts as one run of bytes, so that nothing is parsed or copied before it is asked for.

    Args:
        blob: Their bytes.
        starts: ``[n + 1]`` where each begins, and the end.
    """

    blob: NDArray[np.uint8]
    starts: NDArray[np.int64]

    @classmethod
    def of(cls, texts: Sequence[bytes]) -> Texts:
        """Put texts together.

        Args:
            texts: The texts.

        Returns:
            The run.
        """
        starts = np.zeros(len(texts) + 1, np.int64)
        np.cumsum([len(text) for text in texts], out=starts[1:])
        return cls(np.frombuffer(b"".join(texts), np.uint8), starts)

    def __len__(self) -> int:
        return len(self.starts) - 1

    def __getitem__(self, row: int) -> bytes:
        start, end = self.starts[row : row + 2].tolist()
        return self.blob[start:end].tobytes()

    def taken(self, rows: NDArray[np.int64]) -> list[bytes]:
        """Some of them.

        Args:
            rows: Their numbers.

        Returns:
            One a row.
        """
        # slices of a memoryview cost a third of slices of an array, which is felt at every hit
        held, starts, ends = self.blob.data, self.starts[rows].tolist(), self.starts[rows + 1].tolist()
        return [bytes(held[start:end]) for start, end in zip(starts, ends, strict=True)]

    def listed(self) -> list[bytes]:
        """All of them."""
        whole, bounds = self.blob.tobytes(), self.starts.tolist()
        return [whole[start:end] for start, end in pairwise(bounds)]


def hashes_of(ids: Sequence[bytes]) -> NDArray[np.uint64]:
    """A number for each id by which it is found.

    Args:
        ids: UTF-8.

    Returns:
        ``[n]``.
    """
    return np.frombuffer(b"".join(hashlib.blake2b(name, digest_size=8).digest() for name in ids), "<u8")


def joined_texts(parts: Sequence[tuple[Texts, NDArray[np.bool_]]]) -> Texts:
    """Texts of several runs one after another.

    Args:
        parts: Texts, and ``[n]`` true for those that stay.

    Returns:
        Those that stay.
    """
    lengths = [np.diff(texts.starts) for texts, _ in parts]
    blobs = [
        texts.blob if stays.all() else texts.blob[np.repeat(stays, length)]
        for (texts, stays), length in zip(parts, lengths, strict=True)
    ]
    kept = [length[stays] for length, (_, stays) in zip(lengths, parts, strict=True)]
    starts = np.cumsum(np.concatenate([np.zeros(1, np.int64), *kept]), dtype=np.int64)
    return Texts(np.concatenate([np.zeros(0, np.uint8), *blobs]), starts)
