"""Lessons in the shapes that Oak National Academy publishes: bulk files, lesson summaries, search corpora."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from mtl_core.errors import InputError
from retrieval.documents import Document
from retrieval.importers.json_documents import json_rows
from retrieval.importers.mapping import DocumentMapping, document_of

__all__ = ["is_oak_lesson", "oak_documents", "split_lesson_text"]

_MARKS = frozenset({"lessonTitle", "pupilLessonOutcome", "lessonKeywords", "keyLearningPoints"})
_NAMES = {
    "id": ("lessonSlug", "slug", "_id", "id"),
    "title": ("lessonTitle", "title"),
    "outcome": ("pupilLessonOutcome", "pupil_lesson_outcome", "learningOutcome", "outcome"),
    "key_points": ("keyLearningPoints", "key_learning_points", "key_points"),
    "keywords": ("lessonKeywords", "keywords"),
    "misconceptions": ("misconceptionsAndCommonMistakes", "misconceptions"),
    "teacher_tips": ("teacherTips", "teacher_tips"),
    "subject": ("subjectSlug", "subject"),
    "key_stage": ("keyStageSlug", "keyStage", "key_stage"),
    "year": ("year",),
    "unit": ("unitTitle", "unit"),
    "url": ("canonicalUrl", "oakUrl", "url"),
}
_PARTS = {
    "key_points": (("keyLearningPoint",), " "),
    "keywords": (("keyword", "description", "definition"), " - "),
    "misconceptions": (("misconception", "response", "description"), " "),
    "teacher_tips": (("teacherTip",), " "),
}
_FIELDS = ("title", "outcome", "key_points", "keywords", "misconceptions", "teacher_tips")
_METADATA = ("subject", "key_stage", "year", "unit", "url")
_MISSING = ("", "NULL")
_SECTION = re.compile(r"(?:^|\s)(Keywords|Misconception): ")
_FIRST_SENTENCE = re.compile(r"^(.+?[.!?])(?:\s+|$)", re.DOTALL)


def is_oak_lesson(row: Mapping[str, Any]) -> bool:
    """Whether a row has the names of Oak's lesson summaries.

    Args:
        row: Values by name.

    Returns:
        Whether at least two of them are there.
    """
    return len(_MARKS & row.keys()) >= 2


def split_lesson_text(text: str) -> dict[str, str]:
    """Part the text of a search corpus row into the fields that it was joined from.

    Args:
        text: The outcome (its first sentence), the key points, then ``Keywords: ...`` and
            ``Misconception: ...`` where the lesson has them.

    Returns:
        ``outcome``, ``key_points``, ``keywords`` and ``misconceptions``, those that are there.
    """
    pieces = _SECTION.split(text.strip())
    parted: dict[str, list[str]] = {}
    for name, piece in zip(pieces[1::2], pieces[2::2], strict=True):
        parted.setdefault("keywords" if name == "Keywords" else "misconceptions", []).append(piece.strip())
    first = _FIRST_SENTENCE.match(pieces[0].strip())
    outcome = first[1] if first else pieces[0].strip()
    rest = pieces[0].strip()[len(outcome) :].strip()
    fields = {"outcome": outcome, "key_points": rest}
    fields |= {name: "\n".join(found) for name, found in parted.items()}
    return {name: value for name, value in fields.items() if value}


def oak_documents(source: Path) -> Iterator[Callable[[], Document]]:
    """Documents of Oak-style lessons, each made when it is called for.

    Fields are ``title``, ``outcome``, ``key_points``, ``keywords``, ``misconceptions`` and
    ``teacher_tips``; metadata ``subject``, ``key_stage``, ``year``, ``unit`` and ``url``. The id is the
    lesson's slug. A row of a search corpus (``_id``, ``title``, ``text``, ``metadata``) is parted
    into the same fields and keeps its metadata.

    Args:
        source: A JSON file (one lesson, a list, or a bulk file with ``lessons`` and ``sequence``), a
            JSON-lines file, or a folder of them.

    Yields:
        What makes one document, or raises an ``InputError`` that names the place.
    """
    for where, row, years in _rows(source):
        yield partial(_document, row, where, years)


def _rows(source: Path) -> Iterator[tuple[str, Any, dict[str, Any]]]:
    for where, value in json_rows(source):
        if isinstance(value, Mapping) and isinstance(value.get("lessons"), list):
            years = _years(value.get("sequence"))
            for number, lesson in enumerate(value["lessons"], start=1):
                yield f"{where}, lesson {number}", lesson, years
        elif isinstance(value, list):
            for number, lesson in enumerate(value, start=1):
                yield f"{where}, lesson {number}", lesson, {}
        else:
            yield where, value, {}


def _years(units: Any) -> dict[str, Any]:
    """Year by unit: in a bulk file the units know it, the lessons do not."""
    if not isinstance(units, Sequence) or isinstance(units, str):
        return {}
    known = [unit for unit in units if isinstance(unit, Mapping)]
    return {str(unit.get("unitSlug")): unit["year"] for unit in known if unit.get("year") is not None}


def _document(row: Any, where: str, years: dict[str, Any]) -> Document:
    if not isinstance(row, Mapping):
        raise InputError(f"{where} is no JSON object; write one lesson as an object.")
    if "text" in row and not is_oak_lesson(row):
        return _corpus_document(row, where)
    cells = {name: _lesson_value(row, name, where) for name in _NAMES}
    cells["id"] = cells["id"] or str(cells["url"] or "").rstrip("/").rsplit("/", 1)[-1]
    if cells["year"] is None:
        cells["year"] = years.get(str(row.get("unitSlug")))
    mapping = DocumentMapping(
        id="id",
        fields={name: name for name in _FIELDS if cells[name]},
        metadata={name: name for name in _METADATA},
    )
    if not cells["title"]:
        raise InputError(f"{where} has no lesson title; give lessonTitle or title.")
    return document_of(cells, where=where, mapping=mapping)


def _corpus_document(row: Mapping[str, Any], where: str) -> Document:
    if not isinstance(row["text"], str):
        raise InputError(f"{where}: 'text' holds {type(row['text']).__name__}, not text; correct it.")
    fields = {"title": row.get("title"), **split_lesson_text(row["text"])}
    known = {name: fields[name] for name in _FIELDS if fields.get(name)}
    rest = {name: value for name, value in row.items() if name not in {"title", "text"}}
    return document_of({**rest, **known}, where=where, mapping=DocumentMapping(fields={name: name for name in known}))


def _lesson_value(row: Mapping[str, Any], name: str, where: str) -> Any:
    value = next((row[given] for given in _NAMES[name] if row.get(given) is not None), None)
    if value in _MISSING or value is None:
        return None
    if name not in _PARTS or isinstance(value, str):
        return value
    if not isinstance(value, list):
        raise InputError(f"{where}: {name} holds {type(value).__name__}; give a list.")
    keys, between = _PARTS[name]
    return "\n".join(_item(one, keys, between, f"{where}: {name}") for one in value)


def _item(item: Any, keys: tuple[str, ...], between: str, where: str) -> str:
    if isinstance(item, str):
        return item.strip()
    if not isinstance(item, Mapping) or not isinstance(item.get(keys[0]), str):
        raise InputError(f"{where} has an item without {keys[0]!r}; give objects such as {{{keys[0]!r}: ...}}.")
    return between.join(part.strip() for key in keys if isinstance(part := item.get(key), str) and part.strip())
