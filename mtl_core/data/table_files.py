"""Rows of Parquet files and of Hugging Face data sets."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from mtl_core.data.hints import did_you_mean, listed
from mtl_core.errors import InputError, one_line

__all__ = ["read_hugging_face", "read_parquet"]

_ON_DISK = ("dataset_dict.json", "state.json")


def read_parquet(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Rows of a Parquet file.

    Args:
        path: The file.

    Yields:
        ``file:row``, counted from 1, and the cells by column.

    Raises:
        InputError: If pyarrow is missing or the file is no Parquet file.
    """
    try:
        import pyarrow as pa  # noqa: PLC0415  # heavy
        import pyarrow.parquet as pq  # noqa: PLC0415  # heavy
    except ImportError as error:
        raise InputError(f"{path} needs the library pyarrow; install it with: pip install pyarrow") from error
    number = 0
    try:
        with pq.ParquetFile(path) as table:
            for batch in table.iter_batches():
                for number, row in enumerate(batch.to_pylist(), start=number + 1):  # noqa: B020
                    yield f"{path}:{number}", row
    except (pa.ArrowException, OSError) as error:
        raise InputError(f"{path} cannot be read as Parquet after row {number} ({one_line(error)}).") from error


def read_hugging_face(
    name: str, *, split: str | None = None, config: str | None = None
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Rows of a Hugging Face data set; class numbers are given as their names.

    Args:
        name: Name on the hub, a folder of data files, or a folder written by ``save_to_disk``.
        split: The split; needed where there are several.
        config: The configuration of a data set that has several.

    Yields:
        ``name[split]:row``, counted from 1, and the cells by column.

    Raises:
        InputError: If the library is missing, the data set cannot be loaded, or the split must be named.
    """
    try:
        import datasets  # noqa: PLC0415  # heavy
    except ImportError as error:
        raise InputError(f"{name} needs the library datasets; install it with: pip install datasets") from error
    # loaders fail in many ways: each is one clear error to the user
    failures = (OSError, ValueError, datasets.exceptions.DatasetsError)
    on_disk = any((Path(name) / file).is_file() for file in _ON_DISK)
    try:
        loaded = datasets.load_from_disk(name) if on_disk else datasets.load_dataset(name, config)
    except failures as error:
        raise InputError(f"The data set {name!r} cannot be loaded ({one_line(error)}).") from error
    if isinstance(loaded, Mapping):
        split, loaded = _chosen(loaded, name=name, split=split)
    elif split is not None and str(loaded.split) != split:
        raise InputError(f"{name} holds the single split {str(loaded.split)!r}, not {split!r}; leave the split out.")
    names = {column: _names_of(feature) for column, feature in loaded.features.items()}
    where = name if split is None else f"{name}[{split}]"
    for number, row in enumerate(loaded, start=1):
        yield f"{where}:{number}", {column: names[column](value) for column, value in row.items()}


def _chosen(splits: Mapping[str, Any], *, name: str, split: str | None) -> tuple[str, Any]:
    if split is None and len(splits) == 1:
        return next(iter(splits.items()))
    if split is None:
        raise InputError(f"{name} has the splits {listed(splits)}; name one.")
    if split not in splits:
        raise InputError(f"{name} has no split {split!r}; it has {listed(splits)}.{did_you_mean(split, splits)}")
    return split, splits[split]


def _names_of(feature: Any) -> Callable[[Any], Any]:
    """How a cell of this feature is given: class numbers by name, lists of them as well, all else unchanged."""
    names = getattr(feature, "names", None)
    if isinstance(names, list):
        # a negative class is the library's mark of a row without a label
        return lambda value: names[value] if isinstance(value, int) and value >= 0 else None
    inner = getattr(feature, "feature", None)
    if isinstance(getattr(inner, "names", None), list):
        one = _names_of(inner)
        return lambda value: None if value is None else [one(item) for item in value]
    return lambda value: value
