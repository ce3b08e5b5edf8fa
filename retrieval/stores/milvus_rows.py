"""Rows of a Milvus collection: ids as hexadecimal digits, payloads as JSON text, and pages of them."""

from __future__ import annotations

import base64
import json
import struct
import tempfile
import zlib
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from mtl_core.errors import ArtifactError, InputError, one_line
from retrieval.stores.base import Payload, Record
from retrieval.stores.milvus_terms import facts_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["MOST_TEXT_BYTES", "batches", "id_of", "key_of", "nearest", "record_of", "row_of", "spooled"]

MOST_TEXT_BYTES = 65_535
"""Bytes that a text field of Milvus holds at most."""

_BATCH_ROWS = 1000
_BATCH_BYTES = 16_000_000
_IN_MEMORY = 32_000_000
_PLAIN, _PACKED = "j", "z"


def key_of(name: str) -> str:
    """The primary key of an id: its UTF-8 bytes in hexadecimal digits, which sort as the ids do.

    Args:
        name: The id.

    Returns:
        Hexadecimal digits, safe inside any expression.
    """
    return name.encode("utf-8", "surrogatepass").hex()


def id_of(key: str) -> str:
    """The id of a primary key."""
    return bytes.fromhex(key).decode("utf-8")


def row_of(name: str, vector: NDArray[np.float32], payload: Payload, encoded: bytes) -> dict[str, Any]:
    """A row as pymilvus takes it.

    Args:
        name: The id.
        vector: Its vector.
        payload: Its payload.
        encoded: The payload as UTF-8 JSON.

    Returns:
        Field values.

    Raises:
        InputError: If the payload is larger than Milvus holds.
    """
    terms, numbers = facts_of(payload, name)
    return {
        "id": key_of(name),
        "vector": vector,
        "payload": _packed(encoded, name),
        "terms": terms,
        "numbers": numbers,
    }


def record_of(row: dict[str, Any]) -> Record:
    """A record of a row that Milvus gave back.

    Args:
        row: Values of ``id``, ``vector`` and ``payload``.

    Returns:
        The record.

    Raises:
        ArtifactError: If the row was not written by this program.
    """
    try:
        return Record(id_of(row["id"]), np.asarray(row["vector"], np.float32), _unpacked(row["payload"]))
    except (KeyError, ValueError, zlib.error) as error:
        raise ArtifactError(f"A row of the collection cannot be read ({one_line(error)}); index it again.") from error


def batches(rows: Iterable[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    """Rows in batches that fit one message to the server.

    Args:
        rows: Rows.

    Returns:
        Batches of at most 1,000 rows and about 16 MB.
    """
    batch: list[dict[str, Any]] = []
    size = 0
    for row in rows:
        weight = len(row["payload"]) + row["vector"].nbytes + 30 * len(row["terms"])
        if batch and (len(batch) >= _BATCH_ROWS or size + weight > _BATCH_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(row)
        size += weight
    if batch:
        yield batch


def spooled(records: Iterable[Record], dimension: int) -> Iterator[Record]:
    """Read records now and give them later, from memory or, when they are many, from a temporary file.

    Args:
        records: Records, read before this returns.
        dimension: Numbers in a vector.

    Returns:
        The same records.
    """
    spool = tempfile.SpooledTemporaryFile(_IN_MEMORY)  # noqa: SIM115 - closed by the reader
    for record in records:
        name, payload = record.id.encode(), json.dumps(record.payload, ensure_ascii=False).encode()
        spool.write(struct.pack("<II", len(name), len(payload)))
        spool.write(name + payload + record.vector.tobytes())
    spool.seek(0)
    return _read_spool(spool, dimension)


def _read_spool(spool: tempfile.SpooledTemporaryFile[bytes], dimension: int) -> Iterator[Record]:
    with spool:
        while head := spool.read(8):
            name_size, payload_size = struct.unpack("<II", head)
            name, payload = spool.read(name_size).decode(), json.loads(spool.read(payload_size))
            yield Record(name, np.frombuffer(spool.read(4 * dimension), np.float32), payload)


def _packed(encoded: bytes, name: str) -> str:
    if len(encoded) < MOST_TEXT_BYTES:
        return _PLAIN + encoded.decode()
    packed = base64.b64encode(zlib.compress(encoded)).decode()
    if len(packed) >= MOST_TEXT_BYTES:
        raise InputError(
            f"The payload of {name!r} has {len(encoded)} bytes, too many for a text field of Milvus; shorten it, "
            "or use a FAISS or PostgreSQL store."
        )
    return _PACKED + packed


def _unpacked(text: str) -> dict[str, Any]:
    content = zlib.decompress(base64.b64decode(text[1:])) if text[0] == _PACKED else text[1:]
    payload: dict[str, Any] = json.loads(content)
    return payload


def nearest(records: Sequence[Record], query: NDArray[np.float32]) -> list[tuple[float, Record]]:
    """Records with their inner products, best first, equal scores by id.

    Args:
        records: Candidates.
        query: ``[dimension]``.

    Returns:
        Score and record.
    """
    if not records:
        return []
    # summed row by row in float64: equal vectors get equal scores wherever they stand
    scores = (np.stack([record.vector for record in records]).astype(np.float64) * query).sum(axis=1)
    return sorted(zip(scores.tolist(), records, strict=True), key=lambda pair: (-pair[0], pair[1].id))
