"""What the parsers of files find, piece by piece, and how pieces become the text of a plan."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

__all__ = ["Piece", "PieceKind", "is_short_title", "plan_text", "table_pieces"]

_LABEL_WORDS = 9
_LONG_CELL_WORDS = 40
_SPACES = re.compile(r"[^\S\n]+")
_UNSEEN = dict.fromkeys([0xAD, 0x200B, 0x2060, 0xFEFF])


class PieceKind(StrEnum):
    """What a piece was in the file."""

    HEADING = "heading"
    TITLE = "title"
    TEXT = "text"
    ITEM = "item"
    ROW = "row"


@dataclass(frozen=True, slots=True)
class Piece:
    """One heading, paragraph, list item or table row.

    Args:
        kind: What it was. ``TITLE`` is a bold line that heads what follows without being a heading.
        text: Its words, without marks of markdown.
        level: Depth of a heading (1 is the highest) or of a list item (0 is the outermost).
        mark: Mark of a list item, such as ``-`` or ``2.``.
    """

    kind: PieceKind
    text: str
    level: int = 0
    mark: str = "-"


def plan_text(pieces: Iterable[Piece]) -> str:
    """Write pieces as the text of a plan, in markdown.

    Args:
        pieces: In reading order.

    Returns:
        The text. A list and a table stand line by line, everything else between empty lines.
    """
    lines: list[str] = []
    before: PieceKind | None = None
    for piece in pieces:
        text = _clean(piece.text)
        if not text:
            continue
        together = piece.kind == before and piece.kind in (PieceKind.ITEM, PieceKind.ROW)
        if lines and not together:
            lines.append("")
        lines.append(_line(piece, text))
        before = piece.kind
    return "\n".join(lines) + "\n" if lines else ""


def table_pieces(rows: Sequence[Sequence[Sequence[Piece]]]) -> list[Piece]:
    """Write a table: rows of cells, each cell the pieces that it holds.

    A row with one filled cell, and a short label beside a long cell, are a form and no table:
    their content stays paragraphs and lists under the label.

    Args:
        rows: Cells by row.

    Returns:
        Rows in the manner of markdown, or the content itself.
    """
    made: list[Piece] = []
    headed = False
    for row in rows:
        filled = [cell for cell in row if any(piece.text.strip() for piece in cell)]
        if not filled:
            continue
        if len(filled) == 1:
            made += [_as_title(filled[0][0])] if _is_label(filled[0]) and len(row) > 1 else filled[0]
        elif len(filled) == 2 and _is_label(filled[0]) and _is_long(filled[1]):
            made += [_as_title(filled[0][0]), *filled[1]]
        else:
            made.append(Piece(PieceKind.ROW, _row([_cell(cell) for cell in row])))
            if not headed and len(rows) > 1:
                made.append(Piece(PieceKind.ROW, _row(["---"] * len(row))))
            headed = True
    return made


def is_short_title(text: str) -> bool:
    """Whether a line set in bold names what follows: a few words without a mark of a sentence's end."""
    plain = text.strip()
    return bool(plain) and len(plain.split()) <= _LABEL_WORDS and plain[-1] not in ".!?;,…" and "\n" not in plain


def _line(piece: Piece, text: str) -> str:
    if piece.kind is PieceKind.TEXT:
        return text
    text = " ".join(text.split())
    if piece.kind is PieceKind.HEADING:
        return f"{'#' * min(6, max(1, piece.level))} {text}"
    if piece.kind is PieceKind.TITLE:
        return f"**{text.replace('*', '')}**"
    return f"{'  ' * min(piece.level, 8)}{piece.mark} {text}" if piece.kind is PieceKind.ITEM else text


def _clean(text: str) -> str:
    """One space between words, no empty line inside, no invisible mark."""
    spaced = _SPACES.sub(" ", text.translate(_UNSEEN).replace("\r", "\n"))
    return "\n".join(line for line in map(str.strip, spaced.split("\n")) if line)


def _is_label(cell: Sequence[Piece]) -> bool:
    return len(cell) == 1 and is_short_title(cell[0].text)


def _is_long(cell: Sequence[Piece]) -> bool:
    return len(cell) >= 3 or sum(len(piece.text.split()) for piece in cell) > _LONG_CELL_WORDS


def _as_title(piece: Piece) -> Piece:
    return piece if piece.kind is PieceKind.HEADING else Piece(PieceKind.TITLE, piece.text)


def _cell(cell: Sequence[Piece]) -> str:
    """The pieces of a cell on one line; what ends without a mark is set off by a semicolon."""
    joined = ""
    for piece in cell:
        text = " ".join(_clean(piece.text).split())
        if piece.kind is PieceKind.ITEM and piece.mark != "-":
            text = f"{piece.mark} {text}"
        if piece.kind is PieceKind.ROW:
            text = text.strip("| ").replace(" | ", ", ")
        if text:
            joined += (" " if joined[-1:] in ".!?:;,…" else "; ") + text if joined else text
    return joined.replace("|", "/")


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
