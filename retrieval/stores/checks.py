"""Checks on the input of every store, each with one sentence that says what is wrong."""

from __future__ import annotations

import json
import math
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from mtl_core.errors import InputError
from retrieval.filters import Filter, fields_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from retrieval.stores.base import Payload, StoreSpec

__all__ = [
    "MOST_ID_BYTES",
    "check_fields",
    "checked_ids",
    "checked_k",
    "checked_queries",
    "checked_upsert",
    "encoded_payload",
    "paths_of",
    "wanted_ids",
]

MOST_ID_BYTES = 512
_UNIT_TOLERANCE = 1e-3
_DEEPEST_PAYLOAD = 100


def checked_upsert(
    ids: Sequence[str], vectors: NDArray[np.float32], payloads: Sequence[Payload], *, spec: StoreSpec
) -> tuple[list[str], NDArray[np.float32], list[bytes]]:
    """Input of ``upsert``, checked as a whole before anything is changed.

    Args:
        ids: Ids.
        vectors: ``[n, dimension]``.
        payloads: JSON objects.
        spec: What the store holds.

    Returns:
        Ids, contiguous float32 vectors and each payload as UTF-8 JSON.

    Raises:
        InputError: If something does not fit, with one sentence that says what.
    """
    checked = checked_ids(ids)
    if len(payloads) != len(checked):
        raise InputError(f"There are {len(checked)} ids and {len(payloads)} payloads; give one payload an id.")
    array = _checked_vectors(vectors, spec.dimension, what="Vector")
    if len(array) != len(checked):
        raise InputError(f"There are {len(checked)} ids and {len(array)} vectors; give one vector an id.")
    encoded = [encoded_payload(payload, name) for payload, name in zip(payloads, checked, strict=True)]
    return checked, array, encoded


def checked_queries(vectors: NDArray[np.float32], *, spec: StoreSpec) -> NDArray[np.float32]:
    """Query vectors of a search.

    Args:
        vectors: ``[q, dimension]``.
        spec: What the store holds.

    Returns:
        Contiguous float32.

    Raises:
        InputError: If the shape does not fit or a vector is not a finite unit vector.
    """
    return _checked_vectors(vectors, spec.dimension, what="Query")


def checked_ids(ids: Sequence[str]) -> list[str]:
    """Ids to be stored: non-empty texts of at most ``MOST_ID_BYTES`` bytes, none twice.

    Args:
        ids: Ids.

    Returns:
        The same as a list.

    Raises:
        InputError: If one cannot be used.
    """
    checked = wanted_ids(ids)
    for name in checked:
        if not name or "\0" in name:
            raise InputError(f"{name!r} is no id; give a text that is not empty and has no NUL character.")
        if len(name) * 4 > MOST_ID_BYTES and len(_utf8(name, "The id")) > MOST_ID_BYTES:
            raise InputError(f"The id {name[:40]!r}… is longer than {MOST_ID_BYTES} bytes; give a shorter one.")
        if not name.isascii():
            _utf8(name, "The id")
    if len(set(checked)) != len(checked):
        seen: set[str] = set()
        twice = next(name for name in checked if name in seen or seen.add(name))  # type: ignore[func-returns-value]
        raise InputError(f"The id {twice!r} comes twice in one call; give each id once.")
    return checked


def wanted_ids(ids: Sequence[str]) -> list[str]:
    """Ids to look up or delete: any texts, repeated or not.

    Args:
        ids: Ids.

    Returns:
        The same as a list.

    Raises:
        InputError: If it is one text or holds something else than texts.
    """
    if isinstance(ids, str):
        raise InputError(f"The ids are one text, {ids!r}; give a list of ids.")
    listed = list(ids)
    for name in listed:
        if not isinstance(name, str):
            raise InputError(f"The id {name!r} is of type {type(name).__name__}; give a text.")
    return listed


def checked_k(k: int) -> int:
    """The number of hits wanted.

    Args:
        k: The number.

    Returns:
        The same.

    Raises:
        InputError: If it is below 1 or no whole number.
    """
    if isinstance(k, bool) or not isinstance(k, int | np.integer) or k < 1:
        raise InputError(f"k is {k}; give a whole number of 1 or more.")
    return int(k)


def check_fields(where: Filter | None, known: Collection[str]) -> None:
    """Refuse a filter on a field that no stored payload has; a store without fields refuses none.

    Args:
        where: The filter.
        known: Paths of the payloads stored.

    Raises:
        InputError: If a field is unknown; it names the known ones.
    """
    if not known:
        return
    unknown = sorted(fields_of(where) - set(known))
    if unknown:
        names = sorted(known)
        listed = ", ".join(names[:30]) + (f" and {len(names) - 30} more" if len(names) > 30 else "")
        raise InputError(f"No item has the field {unknown[0]}; filter by one of {listed}.")


def encoded_payload(payload: Payload, name: str) -> bytes:
    """A payload as one line of UTF-8 JSON.

    Args:
        payload: A JSON object.
        name: Id of the item, for the error.

    Returns:
        The line without its end.

    Raises:
        InputError: If it is no JSON object, or holds NaN, infinity or text that is not Unicode.
    """
    if not isinstance(payload, Mapping):
        raise InputError(f"The payload of {name!r} is of type {type(payload).__name__}; give a JSON object.")
    _check_json(payload, name, 0)
    return _utf8(json.dumps(payload, ensure_ascii=False, separators=(",", ":")), f"The payload of {name!r}")


def paths_of(payload: Payload) -> set[str]:
    """Paths that a filter may look at: the dotted paths to everything that is not an object.

    Args:
        payload: A JSON object.

    Returns:
        Dotted paths; a path through a key that is empty or holds a dot is left out.
    """
    paths: set[str] = set()
    for key, value in payload.items():
        if key and "." not in key:
            if isinstance(value, Mapping):
                paths.update(f"{key}.{rest}" for rest in paths_of(value))
            else:
                paths.add(key)
    return paths


def _checked_vectors(vectors: NDArray[np.float32], dimension: int, *, what: str) -> NDArray[np.float32]:
    array = np.asarray(vectors)
    if array.ndim != 2 or array.dtype.kind != "f":
        raise InputError(f"The vectors have shape {array.shape} and type {array.dtype}; give float32 of two axes.")
    if array.shape[1] != dimension:
        raise InputError(
            f"The vectors have {array.shape[1]} dimensions and the store has {dimension}; use the encoder of the store."
        )
    array = np.ascontiguousarray(array, dtype=np.float32)
    lengths = np.sqrt(np.einsum("ij,ij->i", array, array))
    # written so that NaN counts as wrong
    wrong = np.flatnonzero(~(np.abs(lengths - 1) <= _UNIT_TOLERANCE))
    if len(wrong):
        row = int(wrong[0])
        if not np.isfinite(array[row]).all():
            raise InputError(f"{what} {row} holds NaN or infinity; encode its text again.")
        raise InputError(f"{what} {row} has length {lengths[row]:.3g}, not 1; divide vectors by their length first.")
    return array


def _check_json(value: object, name: str, depth: int) -> None:
    if depth > _DEEPEST_PAYLOAD:
        raise InputError(f"The payload of {name!r} is nested more than {_DEEPEST_PAYLOAD} deep; make it flatter.")
    if isinstance(value, Mapping):
        for key, inner in value.items():
            if not isinstance(key, str):
                raise InputError(f"The payload of {name!r} has the key {key!r}; keys of JSON objects are texts.")
            _check_json(inner, name, depth + 1)
    elif isinstance(value, list):
        for inner in value:
            _check_json(inner, name, depth + 1)
    elif isinstance(value, float):
        if not math.isfinite(value):
            raise InputError(f"The payload of {name!r} holds {value}, which JSON cannot; give a finite number.")
    elif value is not None and not isinstance(value, str | int):
        raise InputError(f"The payload of {name!r} holds a value of type {type(value).__name__}; give JSON values.")


def _utf8(text: str, what: str) -> bytes:
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise InputError(f"{what} holds half a character (a lone surrogate); clean the text first.") from error
