"""One Parquet file of documents with their vectors."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from mtl_core.errors import ArtifactError, one_line
from mtl_core.saved import write_atomic
from retrieval.documents import Document

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from retrieval.search_dense import QueryEncoder

__all__ = ["Part", "encode_part", "part_name", "read_keys", "read_part", "text_hash", "write_part"]

_FINGERPRINT = b"encoder_fingerprint"


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """Rows of one file.

    Args:
        ids: Ids of the n documents.
        hashes: Hex sha256 of the text that each vector was made from.
        payloads: Documents as JSON text.
        vectors: ``[n, dimension]`` float32; a row of NaN is one that is not encoded yet.
        texts: The texts, needed for rows that are not encoded yet; empty in a finished part.
    """

    ids: Sequence[str]
    hashes: Sequence[str]
    payloads: Sequence[str]
    vectors: NDArray[np.float32]
    texts: Sequence[str] = ()

    @property
    def open_rows(self) -> list[int]:
        """Rows that are not encoded yet."""
        rows: list[int] = np.flatnonzero(np.isnan(self.vectors).any(axis=1)).tolist()
        return rows

    def documents(self) -> list[Document]:
        """The documents, in order."""
        return [
            Document.from_payload(name, json.loads(text)) for name, text in zip(self.ids, self.payloads, strict=True)
        ]


def text_hash(text: str) -> str:
    """Hex sha256 of a text."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def part_name(part: Part, *, fingerprint: str) -> str:
    """Name of a part by what it holds: the same rows and encoder give the same name.

    Args:
        part: The rows; vectors do not count, as text and encoder settle them.
        fingerprint: Of the encoder.

    Returns:
        A file name.
    """
    digest = hashlib.sha256(fingerprint.encode())
    for row in zip(part.ids, part.hashes, part.payloads, strict=True):
        digest.update(json.dumps(row).encode())
    return f"part-{digest.hexdigest()[:32]}.parquet"


def encode_part(part: Part, encoder: QueryEncoder) -> Part:
    """Encode the rows that are not encoded yet.

    Args:
        part: Rows with their texts.
        encoder: The encoder.

    Returns:
        The finished part.
    """
    rows = part.open_rows
    vectors = part.vectors.copy()
    if rows:
        vectors[rows] = encoder.encode([part.texts[row] for row in rows]).vectors
    return Part(part.ids, part.hashes, part.payloads, vectors)


def write_part(path: Path, part: Part, *, fingerprint: str) -> None:
    """Write a part whole or not at all.

    Args:
        path: The file.
        part: The rows.
        fingerprint: Of the encoder of the vectors.
    """
    columns: dict[str, Any] = {
        "id": pa.array(part.ids, pa.string()),
        "text_sha256": pa.array(part.hashes, pa.string()),
        "document": pa.array(part.payloads, pa.string()),
        "vector": pa.FixedSizeListArray.from_arrays(
            pa.array(part.vectors.reshape(-1), pa.float32()), part.vectors.shape[1]
        ),
    }
    if part.texts:
        columns["text"] = pa.array(part.texts, pa.string())
    table = pa.table(columns).replace_schema_metadata({_FINGERPRINT: fingerprint.encode()})
    stream = io.BytesIO()
    pq.write_table(table, stream)
    write_atomic(path, stream.getvalue())


def read_part(path: Path, *, fingerprint: str) -> Part:
    """Read a part.

    Args:
        path: The file.
        fingerprint: The encoder that must have made it.

    Returns:
        The rows.

    Raises:
        ArtifactError: If the file is damaged, or of another encoder.
    """
    try:
        table = pq.read_table(path)
        vectors = table.column("vector").combine_chunks()
        flat = vectors.flatten().to_numpy(zero_copy_only=False).astype(np.float32, copy=False)
        part = Part(
            table.column("id").to_pylist(),
            table.column("text_sha256").to_pylist(),
            table.column("document").to_pylist(),
            flat.reshape(table.num_rows, vectors.type.list_size),
            table.column("text").to_pylist() if "text" in table.column_names else (),
        )
    except (OSError, KeyError, AttributeError, ValueError, pa.ArrowException) as error:
        raise ArtifactError(f"{path} cannot be read as encoded documents ({one_line(error)}); encode again.") from error
    if (table.schema.metadata or {}).get(_FINGERPRINT) != fingerprint.encode():
        raise ArtifactError(f"{path} was made with another encoder; encode again, or load that encoder.")
    return part


def read_keys(path: Path, *, fingerprint: str) -> list[tuple[str, str]]:
    """Id and text hash of every row, without its vectors.

    Args:
        path: The file.
        fingerprint: Of the encoder asked for.

    Returns:
        The keys; none if the file is damaged or of another encoder.
    """
    try:
        table = pq.read_table(path, columns=["id", "text_sha256"])
    except (OSError, ValueError, KeyError, pa.ArrowException):
        return []
    if (table.schema.metadata or {}).get(_FINGERPRINT) != fingerprint.encode():
        return []
    return list(zip(table.column("id").to_pylist(), table.column("text_sha256").to_pylist(), strict=True))
