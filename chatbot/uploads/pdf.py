"""The text of a PDF: lines, headings by size, bullets, tables by gaps, without running headers."""

from __future__ import annotations

import io
import re
from collections import Counter
from collections.abc import Sequence

from pypdf import PdfReader
from pypdf.errors import DependencyError, FileNotDecryptedError

from chatbot.uploads.pdf_lines import Line, page_lines
from chatbot.uploads.pdf_tables import joined_rows
from chatbot.uploads.pieces import Piece, PieceKind, is_short_title, plan_text
from mtl_core.errors import InputError

__all__ = ["pdf_text"]

MAX_PAGES = 100
_PROTECTED = "is protected by a password; save a copy without the password."
_BULLET = re.compile(r"(?P<mark>[•◦▪●○■□➢✓‣·o\uf0b7\uf0a7\uf0d8\x7f–-]|\(?\d{1,2}[.)]|\(?[a-z][.)])\s+(?=\S)")
_NUMBER = re.compile(r"\d+")
_HYPHEN = re.compile(r"(\w{2,})[-‐\u00ad]$")
_PREFIXES = frozenset(
    [
        "self",
        "well",
        "non",
        "co",
        "pre",
        "post",
        "re",
        "semi",
        "multi",
        "cross",
        "long",
        "short",
        "high",
        "low",
        "half",
        "two",
        "three",
        "four",
        "one",
        "ex",
    ]
)
_EDGE_LINES = 3
_NUMBERED_WORDS = 8


def pdf_text(data: bytes) -> str:
    """Read a PDF.

    Args:
        data: The file.

    Returns:
        The text of the plan.

    Raises:
        InputError: One clause that follows the file's name, if the PDF is protected, has too many
            pages or holds no text.
    """
    reader = PdfReader(io.BytesIO(data))
    try:
        if reader.is_encrypted and not reader.decrypt(""):
            raise InputError(_PROTECTED)
        count = len(reader.pages)
    except (DependencyError, FileNotDecryptedError) as error:
        raise InputError(_PROTECTED) from error
    if count > MAX_PAGES:
        raise InputError(f"has {count:,} pages; the limit is {MAX_PAGES}. Give one lesson at a time.")
    pages = [page_lines(page) for page in reader.pages]
    letters = sum(character.isalpha() for page in pages for line in page for character in line.text)
    if letters < 20 * max(1, min(count, 3)):
        raise InputError("holds pictures of pages and no text; run text recognition on it, or give the plan as text.")
    lines = [line for page in _without_running_lines(pages) for line in joined_rows(page)]
    return plan_text(_pieces(lines))


def _without_running_lines(pages: Sequence[Sequence[Line]]) -> list[list[Line]]:
    """Drop the lines at the top and foot of pages that come back on at least half of them."""
    seen: Counter[str] = Counter()
    for page in pages:
        seen.update({_running_key(line) for line in _edges(page)})
    least = max(2, (len(pages) + 1) // 2)
    running = {key for key, count in seen.items() if count >= least}
    kept = []
    for page in pages:
        edges = {id(line) for line in _edges(page) if _running_key(line) in running}
        kept.append([line for line in page if id(line) not in edges])
    return kept


def _edges(page: Sequence[Line]) -> list[Line]:
    """The highest and the lowest lines of a page."""
    by_height = sorted((line for line in page if line.at_edge), key=lambda line: -line.y)
    return [*by_height[:_EDGE_LINES], *by_height[-_EDGE_LINES:]]


def _running_key(line: Line) -> str:
    # the place counts as well: a step that opens two pages with the same words is no header
    words = line.text.lower().split()
    numbered = _NUMBER.sub("#", " ".join(words)) if len(words) <= _NUMBERED_WORDS else " ".join(words)
    return f"{round(line.y / 4)} {numbered}"


def _pieces(lines: Sequence[Line]) -> list[Piece]:
    body = _body_size(lines)
    levels = _heading_levels(lines, body)
    words = Counter(word.lower() for line in lines for word in re.findall(r"[\w-]+", line.text))
    pieces: list[Piece] = []
    before: Line | None = None
    for line in lines:
        piece = _piece(line, body, levels)
        if before is not None and pieces and _goes_on(before, line, pieces[-1], piece):
            last = pieces[-1]
            pieces[-1] = Piece(last.kind, _joined(last.text, line.text, words), last.level, last.mark)
        else:
            pieces.append(piece)
        before = line
    return pieces


def _piece(line: Line, body: float, levels: dict[float, int]) -> Piece:
    if len(line.cells) > 1:
        return Piece(PieceKind.ROW, f"| {' | '.join(cell.replace('|', '/') for cell in line.cells)} |")
    if line.size in levels and len(line.text.split()) <= 14:
        return Piece(PieceKind.HEADING, line.text, levels[line.size])
    bullet = _BULLET.match(line.text)
    if bullet and not (line.bold and is_short_title(line.text)):
        mark = bullet["mark"] if bullet["mark"][-1] in ".)" else "-"
        return Piece(PieceKind.ITEM, line.text[bullet.end() :], mark=mark)
    if line.bold and is_short_title(line.text) and line.size >= body - 0.6:
        return Piece(PieceKind.TITLE, line.text)
    return Piece(PieceKind.TEXT, line.text)


def _body_size(lines: Sequence[Line]) -> float:
    sizes: Counter[float] = Counter()
    for line in lines:
        sizes[line.size] += len(line.text)
    return sizes.most_common(1)[0][0]


def _heading_levels(lines: Sequence[Line], body: float) -> dict[float, int]:
    """Sizes clearly above that of the body, the largest as level 1."""
    sizes = sorted({line.size for line in lines if line.size >= body * 1.12 and line.size > body + 0.9}, reverse=True)
    return {size: min(level, 4) for level, size in enumerate(sizes, 1)}


def _goes_on(before: Line, line: Line, last: Piece, piece: Piece) -> bool:
    """Whether a line is the next line of the same paragraph, item or heading."""
    same_page = before.page == line.page
    step = before.y - line.y
    if same_page and not 0 < step <= 1.75 * max(line.size, before.size):
        return False
    if last.kind is PieceKind.HEADING and piece.kind is PieceKind.HEADING:
        return last.level == piece.level and same_page
    unfinished = last.text.rstrip()[-1:] not in ".!?:" and before.end > before.right - 8 * before.size
    if piece.kind is PieceKind.TITLE and last.kind in (PieceKind.TEXT, PieceKind.ITEM) and same_page and unfinished:
        return True
    if piece.kind is not PieceKind.TEXT or last.kind in (PieceKind.HEADING, PieceKind.TITLE, PieceKind.ROW):
        return False
    if same_page and line.x < before.x - 2 and last.kind is PieceKind.ITEM and not piece.text[:1].islower():
        return False
    ended = last.text.rstrip()[-1:] in ".!?:"
    if not same_page:
        return not ended and (piece.text[:1].islower() or last.text.rstrip()[-1:] in ",-")
    # a line that stops short of the margin after a full stop ends its paragraph
    return not (ended and before.end < before.right - 6 * before.size) and not _is_field(last.text, before)


def _is_field(text: str, before: Line) -> bool:
    """A short line with a label, such as "Grade: 4", stands alone."""
    return ":" in text[:40] and before.end < before.right - 10 * before.size


def _joined(text: str, following: str, words: Counter[str]) -> str:
    following = following.strip()
    match = _HYPHEN.search(text)
    if not match or not following[:1].islower():
        return f"{text.rstrip()} {following}"
    head, tail = match[1], re.match(r"\w*", following)
    whole = f"{head}{tail[0] if tail else ''}".lower()
    kept = f"{head}-{tail[0] if tail else ''}".lower()
    stays = text[-1] != "\u00ad" and whole not in words and (kept in words or head.lower() in _PREFIXES)
    return text + following if stays else text[:-1] + following
