"""A folder in BEIR form: documents, queries and judgements."""

from __future__ import annotations

import csv
import gzip
import io
import json
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError

from mtl_core.errors import InputError
from retrieval.documents import Document

__all__ = ["Benchmark", "BenchmarkQuery", "read_benchmark"]


class _Row(BaseModel):
    model_config = ConfigDict(extra="ignore")
    id: str = Field(alias="_id", min_length=1)
    title: str = ""
    text: str
    metadata: dict[str, JsonValue] = Field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class BenchmarkQuery:
    """One query with its judgements.

    Args:
        id: Its id.
        text: What is searched.
        category: ``metadata.category``, empty where there is none.
        judged: Grade by document id.
    """

    id: str
    text: str
    category: str
    judged: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Benchmark:
    """A test collection.

    Args:
        documents: All documents.
        queries: The queries that have a judgement.
    """

    documents: tuple[Document, ...]
    queries: tuple[BenchmarkQuery, ...]


def read_benchmark(folder: str | Path) -> Benchmark:
    """Read ``corpus.jsonl`` (or ``.jsonl.gz``), ``queries.jsonl`` and ``qrels.tsv``.

    The layout is that of Thakur et al., BEIR (NeurIPS 2021); the judgements may also be in
    ``qrels/test.tsv``.

    Args:
        folder: The folder.

    Returns:
        The collection.

    Raises:
        InputError: If a file is missing or a row cannot be read; file and line are named.
    """
    place = Path(folder)
    documents = tuple(
        Document(id=row.id, fields={"title": row.title, "text": row.text}, metadata=row.metadata)
        for row in _rows(_first_of(place, "corpus.jsonl", "corpus.jsonl.gz"))
    )
    judged = _judgements(_first_of(place, "qrels.tsv", "qrels/test.tsv"))
    queries = tuple(
        BenchmarkQuery(row.id, row.text, str(row.metadata.get("category") or ""), judged[row.id])
        for row in _rows(_first_of(place, "queries.jsonl", "queries.jsonl.gz"))
        if row.id in judged
    )
    if not documents or not queries:
        raise InputError(f"{place} holds no documents, or no query that qrels.tsv judges; check the ids.")
    return Benchmark(documents, queries)


def _first_of(folder: Path, *names: str) -> Path:
    for name in names:
        if (folder / name).is_file():
            return folder / name
    raise InputError(f"{folder} holds no {names[0]}; give a folder in BEIR form.")


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    try:
        content = path.read_bytes()
        text = (gzip.decompress(content) if path.suffix == ".gz" else content).decode("utf-8-sig")
    except (OSError, EOFError, zlib.error, UnicodeDecodeError) as error:
        raise InputError(f"{path} cannot be read as UTF-8 text ({error}).") from error
    yield from ((number, line) for number, line in enumerate(io.StringIO(text), 1) if line.strip())


def _rows(path: Path) -> Iterator[_Row]:
    seen: set[str] = set()
    for number, line in _lines(path):
        try:
            row = _Row.model_validate(_null_free(json.loads(line)))
        except (ValidationError, json.JSONDecodeError) as error:
            raise InputError(f'{path}, line {number}: no row with "_id" and "text" ({_reason(error)}).') from error
        if row.id in seen:
            raise InputError(f"{path}, line {number}: the id {row.id!r} is there twice; give each its own.")
        seen.add(row.id)
        yield row


def _null_free(row: Any) -> Any:
    return {name: value for name, value in row.items() if value is not None} if isinstance(row, dict) else row


def _reason(error: ValidationError | json.JSONDecodeError) -> str:
    if isinstance(error, json.JSONDecodeError):
        return error.msg
    first = error.errors(include_url=False)[0]
    return f"{'.'.join(map(str, first['loc'])) or 'the line'}: {first['msg']}"


def _judgements(path: Path) -> dict[str, dict[str, int]]:
    judged: dict[str, dict[str, int]] = {}
    for number, line in _lines(path):
        cells = next(csv.reader([line.rstrip("\r\n")], delimiter="\t"))
        if len(cells) == 4:  # TREC form has an unused second column
            del cells[1]
        try:
            query, document, grade = cells
            judged.setdefault(query, {})[document] = int(grade)
        except ValueError as error:
            if number == 1:  # the header
                continue
            raise InputError(f"{path}, line {number}: write query id, document id and a whole grade.") from error
    return judged
