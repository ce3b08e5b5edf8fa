"""Rows of tables in a PDF, put together from cells that run over several lines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from chatbot.uploads.pdf_lines import Line

__all__ = ["joined_rows"]

_MOST_LINES = 12
_NEAR = 4.0
_COLUMN = 20.0


def joined_rows(lines: Sequence[Line]) -> list[Line]:
    """Put the lines of one table row together.

    A cell is drawn line by line before the next cell of its row. So a line that goes back up to
    the height of a line shortly before it, and stands to the right, opens the next cell.

    Args:
        lines: The lines of one page in drawing order.

    Returns:
        Lines, where a row with cells of several lines has become one.
    """
    made: list[Line] = []
    lowest: dict[int, float] = {}
    for line in lines:
        top = _row_of(made, line)
        if top is not None:
            row = _merged(made[top:])
            made[top:] = [replace(row, cells=(*row.cells, *line.cells), starts=(*row.starts, *line.starts))]
            lowest = {len(made) - 1: line.y}
        elif made and (column := _column_below(made[-1], line, lowest.get(len(made) - 1, made[-1].y))) is not None:
            made[-1] = _with_cell(made[-1], column, line.text)
            lowest[len(made) - 1] = line.y
        else:
            made.append(line)
    return [replace(line, text=" ".join(line.cells)) for line in made]


def _row_of(made: Sequence[Line], line: Line) -> int | None:
    """Index of the line at whose height this one starts another cell."""
    if not made or line.y < made[-1].y - 0.35 * line.size:
        return None
    for index in range(len(made) - 1, max(-1, len(made) - 1 - _MOST_LINES), -1):
        other = made[index]
        if abs(other.y - line.y) <= 0.35 * line.size and line.x > max(other.starts) + _COLUMN:
            return index
    return None


def _merged(lines: Sequence[Line]) -> Line:
    row = lines[0]
    for line in lines[1:]:
        nearest = min(range(len(row.starts)), key=lambda column: abs(row.starts[column] - line.x))
        row = _with_cell(row, nearest, line.text)
    return row


def _column_below(row: Line, line: Line, lowest: float) -> int | None:
    """The last cell of a row, if this line stands right below it; its first cell would look like the next row."""
    if len(row.cells) < 2 or len(line.cells) > 1 or not 0 < lowest - line.y <= 1.6 * line.size:
        return None
    last = len(row.starts) - 1
    return last if abs(row.starts[last] - line.x) <= _NEAR else None


def _with_cell(row: Line, column: int, text: str) -> Line:
    cells = [f"{cell} {text}" if index == column else cell for index, cell in enumerate(row.cells)]
    return replace(row, cells=tuple(cells))
