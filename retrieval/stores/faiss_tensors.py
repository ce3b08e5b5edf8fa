"""Arrays in one safetensors file that is used where it lies: no array is copied, and nothing is executed.

The safetensors library copies every array that it reads, so the (short) format is read here; it writes and reads the
same files. Format: https://huggingface.co/docs/safetensors
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import IO, TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Buffer  # type: ignore[attr-defined]  # the type checker knows it, Python from 3.12 on

    from numpy.typing import NDArray

__all__ = ["mapped_tensors", "write_tensors"]

_TYPES = {"I64": "<i8", "U64": "<u8", "F64": "<f8", "F32": "<f4", "I32": "<i4", "U8": "|u1"}
_NAMES = {np.dtype(kind): name for name, kind in _TYPES.items()}
_ALIGNMENT = 64


def write_tensors(stream: IO[bytes], arrays: Mapping[str, NDArray[Any]]) -> None:
    """Write arrays, the widest numbers first so that each begins at a multiple of its width.

    Args:
        stream: Where.
        arrays: By name, of a type in the table above.
    """
    ordered = sorted(arrays, key=lambda name: (-arrays[name].dtype.itemsize, name))
    header: dict[str, Any] = {}
    start = 0
    for name in ordered:
        array = arrays[name]
        end = start + array.nbytes
        header[name] = {"dtype": _NAMES[array.dtype], "shape": list(array.shape), "data_offsets": [start, end]}
        start = end
    encoded = json.dumps(header, separators=(",", ":")).encode()
    encoded += b" " * (-(len(encoded) + 8) % _ALIGNMENT)
    stream.write(len(encoded).to_bytes(8, "little") + encoded)
    for name in ordered:
        # its bytes as they lie in memory: no copy, however large the array is
        stream.write(np.ascontiguousarray(arrays[name]).reshape(-1).view(np.uint8).data)


def mapped_tensors(buffer: Buffer) -> dict[str, NDArray[Any]]:
    """Arrays of a file, as views of its bytes.

    Args:
        buffer: The whole file, such as a memory map; its bytes have been verified before.

    Returns:
        Read-only arrays by name.

    Raises:
        ValueError: If the bytes are no such file.
    """
    view = memoryview(buffer)
    start = 8 + int.from_bytes(view[:8], "little")
    if len(view) < start:
        raise ValueError("the header is cut off")
    header = json.loads(bytes(view[8:start]))
    arrays: dict[str, NDArray[Any]] = {}
    for name, entry in header.items():
        if name == "__metadata__":
            continue
        shape, (first, end) = tuple(entry["shape"]), entry["data_offsets"]
        kind = np.dtype(_TYPES[entry["dtype"]])
        if not 0 <= first <= end <= len(view) - start or end - first != math.prod(shape) * kind.itemsize:
            raise ValueError(f"the array {name} does not fit the file")
        array = np.frombuffer(view[start + first : start + end], kind).reshape(shape)
        array.flags.writeable = False
        arrays[name] = array
    return arrays
