"""Lesson templates from JSON lines, CSV and Markdown files whose columns fit the schema."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from mtl_core.data.hints import did_you_mean
from mtl_core.data.text_files import read_delimited, read_json_lines
from mtl_core.errors import InputError
from retrieval.importers.delimited import delimiter_of
from retrieval.importers.front_matter import split_front_matter
from retrieval.importers.markdown import markdown_files
from retrieval.importers.text_file import read_text_file
from retrieval.templates import LessonTemplate

__all__ = ["read_templates"]

_LISTS = ("steps", "subjects", "measures", "materials", "keywords")
_TABLE_COLUMNS = (*LessonTemplate.model_fields, "grades_from", "grades_to")
_GRADES = re.compile(r"(\d{1,2}|K) *(?:-|–|to) *(\d{1,2})|(\d{1,2}|K)", re.IGNORECASE)
_SECTION = re.compile(r"^##[ \t]+(.+?)[ \t]*$", re.MULTILINE)
_TITLE = re.compile(r"^#[ \t]+(.+?)[ \t]*$", re.MULTILINE)
_ITEM = re.compile(r"^[ \t]*(?:[-*+]|\d+[.)])[ \t]+(.+)$", re.MULTILINE)


def read_templates(source: str | Path, *, separator: str = "|") -> Iterator[LessonTemplate]:
    """Read lesson templates one by one; give the result to ``TemplateLibrary`` to check their ids.

    A table has the fields of ``LessonTemplate`` as columns; a cell of steps, subjects, measures,
    materials or keywords parts its items with the separator; grades are written ``3-8`` or in two
    columns ``grades_from`` and ``grades_to``. A Markdown file has the fields as front matter, the
    text as its body, and the steps as a list under a heading ``## Steps``.

    Args:
        source: A JSON-lines, CSV, TSV or Markdown file, or a folder of Markdown files.
        separator: Parts the items of a cell.

    Returns:
        Templates, read while the result is consumed.

    Raises:
        InputError: If the source is missing or of another kind, or a row is no template; file and
            line are named. Rows raise while the result is consumed.
    """
    path = Path(source)
    if not path.exists():
        raise InputError(f"{path} does not exist; correct the path.")
    suffix = path.suffix.lower()
    if path.is_dir() or suffix in {".md", ".markdown"}:
        if not markdown_files(path):
            raise InputError(f"{path} holds no Markdown (.md) files; name another folder.")
        return (_from_markdown(one) for one in markdown_files(path))
    if suffix in {".jsonl", ".ndjson"}:
        return (_template(row, where) for where, row in read_json_lines(path))
    if suffix in {".csv", ".tsv"}:
        rows = read_delimited(path, delimiter="\t" if suffix == ".tsv" else delimiter_of(path))
        return (_template(_from_cells(row, separator, where), where) for where, row in rows)
    raise InputError(f"{path} is no JSON-lines, CSV, TSV or Markdown file; write the templates as one of them.")


def _template(row: Mapping[str, Any], where: str) -> LessonTemplate:
    try:
        return LessonTemplate.model_validate(row)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        part = ".".join(map(str, first["loc"])) or "the row"
        raise InputError(f"{where}: {part}: {first['msg']}.") from error


def _from_cells(cells: Mapping[str, str], separator: str, where: str) -> dict[str, Any]:
    unknown = [name for name in cells if name not in _TABLE_COLUMNS]
    if unknown:
        hint = did_you_mean(unknown[0], _TABLE_COLUMNS)
        raise InputError(
            f"{where}: there is no template field {unknown[0]!r}; the fields are {', '.join(_TABLE_COLUMNS)}.{hint}"
        )
    row: dict[str, Any] = {name: value.strip() for name, value in cells.items() if value.strip()}
    for name in _LISTS:
        if name in row:
            row[name] = [part.strip() for part in row[name].split(separator) if part.strip()]
    ends = {"from": row.pop("grades_from", None), "to": row.pop("grades_to", None)}
    if "grades" in row:
        row["grades"] = _grades(row["grades"], where)
    elif any(ends.values()):
        row["grades"] = {end: value for end, value in ends.items() if value is not None}
    return row


def _grades(value: Any, where: str) -> Any:
    if not isinstance(value, str):
        return {"from": value, "to": value} if isinstance(value, int) else value
    match = _GRADES.fullmatch(value.strip())
    if match is None:
        raise InputError(f"{where}: the grades are {value!r}; write them like 3-8, K-5 or 7.")
    lowest, highest = (match[1], match[2]) if match[1] else (match[3], match[3])
    return {"from": _grade(lowest), "to": _grade(highest)}


def _grade(text: str) -> int:
    return 0 if text.upper() == "K" else int(text)


def _from_markdown(path: Path) -> LessonTemplate:
    values, body = split_front_matter(read_text_file(path), where=str(path))
    if not values:
        raise InputError(f"{path} has no front matter; begin it with --- and the fields of a template.")
    unknown = [name for name in values if name not in LessonTemplate.model_fields]
    if unknown:
        known = ", ".join(LessonTemplate.model_fields)
        hint = did_you_mean(unknown[0], LessonTemplate.model_fields)
        raise InputError(f"{path}: there is no template field {unknown[0]!r}; the fields are {known}.{hint}")
    head, *sections = _SECTION.split(body)
    named = dict(zip((name.lower() for name in sections[::2]), sections[1::2], strict=True))
    row = {"id": path.stem, **values}
    heading = _TITLE.search(head)
    if heading:
        row.setdefault("title", heading[1])
    row.setdefault("text", " ".join(_TITLE.sub("", head).split()))
    for name in ("steps", "materials"):
        if name in named:
            row.setdefault(name, [item.strip() for item in _ITEM.findall(named[name])])
    for name in _LISTS:
        if isinstance(row.get(name), str):
            row[name] = [row[name]]
    if "grades" in row:
        row["grades"] = _grades(row["grades"], str(path))
    return _template(row, str(path))
