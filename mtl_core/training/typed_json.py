"""Nested Python data with tensors as JSON and a table of tensors: every type comes back as it went in, without pickle.

Plain JSON values stand for themselves. Everything else is an object with one key that starts with ``$`` and names the
type, such as ``{"$tuple": [1, 2]}``.
"""

from __future__ import annotations

import base64
import json
import math
from collections import OrderedDict
from collections.abc import Callable, Mapping
from pathlib import Path, PurePath
from typing import Any

import numpy as np
import torch
from torch import Tensor

from mtl_core.errors import InputError

__all__ = ["pack", "unpack"]

_MARK = "$"
_STORABLE = frozenset(
    {
        torch.bool,
        torch.uint8,
        torch.int8,
        torch.int16,
        torch.int32,
        torch.int64,
        torch.uint16,
        torch.uint32,
        torch.uint64,
        torch.float16,
        torch.bfloat16,
        torch.float32,
        torch.float64,
    }
)


def pack(value: Any) -> tuple[str, dict[str, Tensor]]:
    """Part data into JSON text and the tensors that it refers to.

    Args:
        value: Any nesting of None, bool, int, float, str, bytes, list, tuple, dict, OrderedDict, set, frozenset, paths,
            NumPy arrays and scalars, tensors, ``torch.Size``, ``torch.dtype`` and ``torch.device``.

    Returns:
        The text, and contiguous copies of the tensors on the CPU by the keys used in the text.

    Raises:
        InputError: If something in it is of another type; the message names its place.
    """
    packer = _Packer()
    return json.dumps(packer.encode(value, ""), allow_nan=False), packer.tensors


def unpack(text: str, tensors: Mapping[str, Tensor]) -> Any:
    """Put together what :func:`pack` parted.

    Args:
        text: The JSON text.
        tensors: The tensors by key.

    Returns:
        Data equal to what was packed; arrays and tensors own their memory.

    Raises:
        ValueError: If the text is not of this form, or names a tensor that is not there.
    """
    try:
        return _decode(json.loads(text), tensors)
    except (KeyError, TypeError, AttributeError, RecursionError, RuntimeError) as error:
        raise ValueError(f"not typed JSON: {error!r}") from error


class _Packer:
    """Encodes values and gathers the tensors on the way."""

    def __init__(self) -> None:
        self.tensors: dict[str, Tensor] = {}

    def encode(self, value: Any, where: str) -> Any:
        # exact types: a subclass (an enum, a named tuple, a Counter) would come back as its base without a word
        encoder = _ENCODERS.get(type(value))
        if encoder is None:
            encoder = next((encode for base, encode in _FAMILIES if isinstance(value, base)), None)
        if encoder is None:
            raise InputError(
                f"{where or 'The value'} is of type {type(value).__module__}.{type(value).__qualname__}, which cannot "
                "be saved without pickle; keep plain data there (numbers, text, lists, dicts, arrays, tensors)."
            )
        return encoder(self, value, where)

    def keep(self, tensor: Tensor) -> str:
        key = f"t{len(self.tensors)}"
        # a copy of its own: safetensors refuses views of shared memory, such as tied weights
        self.tensors[key] = tensor.detach().to("cpu", copy=True).contiguous()
        return key


def _itself(_packer: _Packer, value: Any, _where: str) -> Any:
    return value


def _float(_packer: _Packer, value: float, _where: str) -> Any:
    return value if math.isfinite(value) else {"$float": repr(value)}


def _items(packer: _Packer, values: Any, where: str) -> list[Any]:
    return [packer.encode(item, f"{where}[{number}]") for number, item in enumerate(values)]


def _pairs(packer: _Packer, value: Mapping[Any, Any], where: str) -> list[Any]:
    return [
        [packer.encode(key, f"{where}, key {key!r}"), packer.encode(item, f"{where}[{key!r}]")]
        for key, item in value.items()
    ]


def _dict(packer: _Packer, value: dict[Any, Any], where: str) -> Any:
    if all(type(key) is str and not key.startswith(_MARK) for key in value):
        return {key: packer.encode(item, f"{where}[{key!r}]") for key, item in value.items()}
    return {"$dict": _pairs(packer, value, where)}


def _set(packer: _Packer, value: Any, where: str) -> Any:
    # sorted, so that equal sets give equal files whatever the hash seed
    return {f"${type(value).__name__}": sorted(_items(packer, value, where), key=json.dumps)}


def _tensor(packer: _Packer, value: Tensor, where: str) -> Any:
    if value.layout is not torch.strided or value.is_quantized or value.dtype not in _STORABLE:
        raise InputError(
            f"{where or 'The tensor'} is a tensor of {value.dtype} with layout {value.layout}, which safetensors "
            "cannot hold; convert it to a dense one of a common type."
        )
    return {"$tensor": packer.keep(value)}


def _array(packer: _Packer, value: np.ndarray[Any, Any], where: str) -> Any:
    if value.dtype.hasobject or value.dtype.fields is not None:
        raise InputError(f"{where or 'The array'} is an array of {value.dtype}; keep numbers or text of fixed length.")
    raw = torch.frombuffer(bytearray(value.tobytes()), dtype=torch.uint8) if value.nbytes else torch.empty(0)
    return {"$ndarray": packer.keep(raw), "dtype": value.dtype.str, "shape": list(value.shape)}


def _scalar(_packer: _Packer, value: np.generic, where: str) -> Any:
    if value.dtype.hasobject or value.dtype.fields is not None:
        raise InputError(f"{where or 'The value'} is a NumPy {value.dtype}; keep a number or a text.")
    return {"$scalar": base64.b64encode(value.tobytes()).decode(), "dtype": value.dtype.str}


_Encoder = Callable[[_Packer, Any, str], Any]
_ENCODERS: Mapping[type, _Encoder] = {
    type(None): _itself,
    bool: _itself,
    int: _itself,
    str: _itself,
    float: _float,
    list: _items,
    dict: _dict,
    OrderedDict: lambda packer, value, where: {"$ordered": _pairs(packer, value, where)},
    tuple: lambda packer, value, where: {"$tuple": _items(packer, value, where)},
    set: _set,
    frozenset: _set,
    bytes: lambda _packer, value, _where: {"$bytes": base64.b64encode(value).decode()},
    torch.Size: lambda _packer, value, _where: {"$size": list(value)},
    torch.dtype: lambda _packer, value, _where: {"$dtype": str(value).removeprefix("torch.")},
    torch.device: lambda _packer, value, _where: {"$device": str(value)},
}
_FAMILIES: tuple[tuple[type, _Encoder], ...] = (
    (Tensor, _tensor),
    (np.ndarray, _array),
    (np.generic, _scalar),
    (PurePath, lambda _packer, value, _where: {"$path": str(value)}),
)


def _decode(value: Any, tensors: Mapping[str, Tensor]) -> Any:
    if isinstance(value, list):
        return [_decode(item, tensors) for item in value]
    if not isinstance(value, dict):
        return value
    tag = next(iter(value), "")
    if not tag.startswith(_MARK):
        return {key: _decode(item, tensors) for key, item in value.items()}
    return _DECODERS[tag](value, tensors)


def _decode_array(value: dict[str, Any], tensors: Mapping[str, Tensor]) -> np.ndarray[Any, Any]:
    raw = tensors[value["$ndarray"]].numpy().tobytes()
    return np.ndarray(value["shape"], np.dtype(value["dtype"]), buffer=raw).copy()


def _decode_scalar(value: dict[str, Any], _tensors: Mapping[str, Tensor]) -> Any:
    return np.ndarray((), np.dtype(value["dtype"]), buffer=base64.b64decode(value["$scalar"]))[()]


def _decode_dtype(value: dict[str, Any], _tensors: Mapping[str, Tensor]) -> torch.dtype:
    dtype = getattr(torch, value["$dtype"])
    if not isinstance(dtype, torch.dtype):
        raise TypeError(f"torch.{value['$dtype']} is no type of number")
    return dtype


def _collection(tag: str, build: Callable[[list[Any]], Any]) -> Callable[[dict[str, Any], Mapping[str, Tensor]], Any]:
    return lambda value, tensors: build(_decode(value[tag], tensors))


_DECODERS: Mapping[str, Callable[[dict[str, Any], Mapping[str, Tensor]], Any]] = {
    "$float": lambda value, _tensors: float(value["$float"]),
    "$dict": _collection("$dict", dict),
    "$ordered": _collection("$ordered", OrderedDict),
    "$tuple": _collection("$tuple", tuple),
    "$set": _collection("$set", set),
    "$frozenset": _collection("$frozenset", frozenset),
    "$size": _collection("$size", torch.Size),
    "$bytes": lambda value, _tensors: base64.b64decode(value["$bytes"]),
    "$path": lambda value, _tensors: Path(value["$path"]),
    "$device": lambda value, _tensors: torch.device(value["$device"]),
    "$dtype": _decode_dtype,
    "$tensor": lambda value, tensors: tensors[value["$tensor"]],
    "$ndarray": _decode_array,
    "$scalar": _decode_scalar,
}
