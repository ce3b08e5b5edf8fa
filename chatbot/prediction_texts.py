"""Texts to predict on: given on the command line, one a line, or one JSON object a line."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mtl_core.errors import InputError, one_line

if TYPE_CHECKING:
    from mtl_core.data import Example

__all__ = ["read_texts"]

_JSON_LINES = frozenset({".json", ".jsonl", ".ndjson"})


def read_texts(source: Path | None, texts: Sequence[str]) -> Iterator[Example]:
    """Texts to predict on, in their order; blank lines are skipped.

    Args:
        source: A file, or ``-`` for standard input. It holds one text a line, or JSON objects with ``text`` or
            ``words``, and ``segments`` for evidence tasks; standard input is JSON where its first line is an object.
        texts: Texts given beside it; they come first.

    Yields:
        The texts as examples without labels.

    Raises:
        InputError: If there is none, or a line cannot be used.
    """
    from mtl_core.data import Example  # noqa: PLC0415 - seconds to import

    for number, text in enumerate(texts, start=1):
        if not text.strip():
            raise InputError(f"--text number {number} is empty; give some text.")
        yield Example(text=text, labels={}, source=f"--text {number}")
    if source is None:
        if not texts:
            raise InputError("Give a file of texts, - for standard input, or --text.")
        return
    name, content = _content(source)
    lines = [(f"{name}:{number}", line) for number, line in enumerate(content.splitlines(), start=1) if line.strip()]
    if not lines and not texts:
        raise InputError(f"{name} holds no text; write one a line.")
    is_json = source.suffix.lower() in _JSON_LINES or (str(source) == "-" and lines[0][1].lstrip().startswith("{"))
    for where, line in lines:
        yield _from_json(line, where) if is_json else Example(text=line.strip(), labels={}, source=where)


def _content(source: Path) -> tuple[str, str]:
    is_input = str(source) == "-"
    name = "standard input" if is_input else str(source)
    try:
        raw = sys.stdin.buffer.read() if is_input else source.read_bytes()
        return name, raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"{name} is not UTF-8 text (byte {error.start}); save it as UTF-8.") from error
    except OSError as error:
        raise InputError(f"{name} cannot be read ({error.strerror}); check the path.") from error


def _from_json(line: str, where: str) -> Example:
    from mtl_core.data import Example  # noqa: PLC0415 - seconds to import

    try:
        row = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{where} is not valid JSON ({one_line(error)}).") from error
    if not isinstance(row, dict):
        raise InputError(f'{where} holds no JSON object; write {{"text": "..."}}.')
    words, segments = _strings(row, "words", where), _strings(row, "segments", where)
    text = " ".join(words) if words else row.get("text", " ".join(segments))
    if not isinstance(text, str) or not text.strip():
        raise InputError(f"{where} holds no text; give it as text, or as words.")
    return Example(text=text, labels={}, words=words, segments=segments, source=where)


def _strings(row: Mapping[str, Any], key: str, where: str) -> tuple[str, ...]:
    given = row.get(key) or []
    if not isinstance(given, list) or not all(isinstance(item, str) and item.strip() for item in given):
        raise InputError(f"{where}: {key} is not a list of texts.")
    return tuple(given)
