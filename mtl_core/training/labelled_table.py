"""Labelled text of one's own: a CSV file with a column of text and a column for each measure."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from mtl_core.errors import InputError
from mtl_core.segments import segment_document
from mtl_core.text_check import check_text
from mtl_core.training.corpus import LabelledPlan, overlapping

__all__ = ["QUOTE", "read_labelled_table"]

QUOTE = "_quote"
"""A column ``<measure>_quote`` may hold the passage that shows the measure."""

_TEXT, _GROUP = "text", "group"
_PRESENT = {"1": True, "yes": True, "true": True, "present": True}
_LABELS = _PRESENT | {"0": False, "no": False, "false": False, "absent": False}
_MAX_BYTES = 200_000_000


def read_labelled_table(path: str | Path, measures: Sequence[str]) -> tuple[LabelledPlan, ...]:
    """Read labelled texts; a text may be one sentence or a whole plan.

    Args:
        path: CSV in UTF-8 with a column ``text``, a column for each measure (1 or 0, yes or no, empty
            where nobody judged it), for any measure a column ``<measure>_quote`` with the passage that
            shows it, and a column ``group`` (school, author) whose texts are never split in calibration.
        measures: Keys of the measures.

    Returns:
        The texts in the order of the file.

    Raises:
        InputError: If a column, label, quote or text does not fit; the line is named.
    """
    rows = list(_rows(Path(path), measures))
    if not rows:
        raise InputError(f"{path} holds no row below the header; give labelled texts.")
    return tuple(_plan(path, line, row, measures) for line, row in rows)


def _rows(path: Path, measures: Sequence[str]) -> Iterator[tuple[int, Mapping[str, str]]]:
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror}).") from error
    if len(raw) > _MAX_BYTES:
        raise InputError(f"{path} has {len(raw):,} bytes; the limit is {_MAX_BYTES:,}.")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"{path} is not UTF-8 (byte {error.start}); save the table as CSV in UTF-8.") from error
    # a plan in a cell is longer than the reader's default of 131,072 characters allows
    csv.field_size_limit(_MAX_BYTES)
    reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    try:
        _check_columns(path, reader.fieldnames or (), measures)
        for row in reader:
            if None in row or None in row.values():
                raise InputError(f"{path}, line {reader.line_num}: the row has not as many cells as the header.")
            yield reader.line_num, row
    except csv.Error as error:
        raise InputError(f"{path}, line {reader.line_num}: no valid CSV ({error}).") from error


def _check_columns(path: Path, columns: Sequence[str], measures: Sequence[str]) -> None:
    missing = [name for name in (_TEXT, *measures) if name not in columns]
    if missing:
        raise InputError(f"{path} has no column {missing[0]!r}; its columns are: {', '.join(columns) or 'none'}.")
    allowed = {_TEXT, _GROUP, *measures, *(f"{key}{QUOTE}" for key in measures)}
    unknown = [name for name in columns if name not in allowed]
    if unknown:
        raise InputError(f"{path} has a column {unknown[0]!r} that is no measure of the rubric; rename or remove it.")
    if len(set(columns)) < len(columns):
        raise InputError(f"{path} has two columns of one name; keep one.")


def _plan(path: str | Path, line: int, row: Mapping[str, str], measures: Sequence[str]) -> LabelledPlan:
    try:
        check_text(row[_TEXT])
    except InputError as error:
        raise InputError(f"{path}, line {line}: {error}") from error
    present: dict[str, bool] = {}
    quotes: dict[str, tuple[str, ...]] = {}
    for key in measures:
        label, quote = row[key].strip().lower(), row.get(f"{key}{QUOTE}", "").strip()
        if label and label not in _LABELS:
            raise InputError(f"{path}, line {line}: {row[key]!r} is no label of {key!r}; write 1, 0 or nothing.")
        if label:
            present[key] = _LABELS[label]
        if quote and not present.get(key):
            raise InputError(f"{path}, line {line}: {key!r} has a quote and is not present; mend one of them.")
        quotes[key] = (quote,) if quote else ()
    plan = LabelledPlan(
        id=f"row-{line:08d}",
        group=row.get(_GROUP, "").strip() or f"row-{line:08d}",
        text=row[_TEXT],
        segments=tuple(segment_document(row[_TEXT])),
        present=present,
        quotes=quotes,
    )
    if not plan.segments:
        raise InputError(f"{path}, line {line}: the text holds no word outside marks.")
    lost = [key for key, found in quotes.items() if found and not overlapping(plan, found[0])]
    if lost:
        raise InputError(f"{path}, line {line}: the quote of {lost[0]!r} is not in the text; copy it exactly.")
    return plan
