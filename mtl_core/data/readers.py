"""Rows of any data set that we read, each with the place it came from."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal, get_args

from mtl_core.data.hints import listed
from mtl_core.data.table_files import read_hugging_face, read_parquet
from mtl_core.data.text_files import read_delimited, read_json_lines
from mtl_core.errors import InputError

__all__ = ["Format", "read_rows"]

Format = Literal["auto", "csv", "tsv", "jsonl", "parquet", "hf"]
"""How a data set is stored; ``auto`` tells it from the name."""

_BY_SUFFIX: dict[str, Format] = {
    ".csv": "csv",
    ".tsv": "tsv",
    ".json": "jsonl",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".parquet": "parquet",
    ".pq": "parquet",
}


def read_rows(
    path_or_name: str | Path,
    *,
    format: Format = "auto",  # noqa: A002  # the field's own word
    split: str | None = None,
    config: str | None = None,
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Rows of a data set, in the order of the file.

    CSV, TSV and JSON-lines files are UTF-8 and may be gzip'd. A folder, or a name that is neither a
    file nor ends like one, is a Hugging Face data set.

    Args:
        path_or_name: A file, a folder, or the name of a Hugging Face data set.
        format: How it is stored.
        split: Split of a Hugging Face data set; a file has none.
        config: Configuration of a Hugging Face data set that has several.

    Returns:
        ``file:line`` and the cells by column; lines count from 1, the rows of a table too.

    Raises:
        InputError: If it is missing, empty, binary, of another encoding or not of its format. The
            lines are read while the result is consumed, and so are their errors raised.
    """
    name = str(path_or_name)
    path = Path(name)
    stored = _format_of(path) if format == "auto" else format
    if stored == "hf":
        return _not_empty(read_hugging_face(name, split=split, config=config), name)
    if split is not None or config is not None:
        raise InputError(f"{name} is a {stored} file and has no split or configuration; leave them out.")
    if not path.is_file():
        raise InputError(f"{name} is not a file; correct the path." if path.exists() else f"{name} does not exist.")
    if stored == "parquet":
        return _not_empty(read_parquet(path), name)
    if stored == "jsonl":
        return _not_empty(read_json_lines(path), name)
    return _not_empty(read_delimited(path, delimiter="\t" if stored == "tsv" else ","), name)


def _format_of(path: Path) -> Format:
    suffixes = [suffix.lower() for suffix in path.suffixes]
    if suffixes[-1:] == [".gz"]:
        suffixes.pop()
    found = _BY_SUFFIX.get(suffixes[-1]) if suffixes else None
    if path.is_dir() or (found is None and not path.exists()):
        return "hf"
    if found is None:
        raise InputError(
            f"The format of {path} is not known from its name; give one of {listed(get_args(Format)[1:])}."
        )
    return found


def _not_empty(rows: Iterator[tuple[str, dict[str, Any]]], name: str) -> Iterator[tuple[str, dict[str, Any]]]:
    empty = True
    for row in rows:
        empty = False
        yield row
    if empty:
        raise InputError(f"{name} holds no rows; give a data set with at least one.")
