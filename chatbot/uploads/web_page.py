"""The text of a web page: what a reader sees of its main part, in order."""

from __future__ import annotations

import re
from collections.abc import Iterable

from bs4 import BeautifulSoup
from bs4.element import NavigableString, PageElement, PreformattedString, Tag

from chatbot.uploads.pieces import Piece, PieceKind, is_short_title, plan_text, table_pieces
from mtl_core.errors import InputError

__all__ = ["web_page_text"]

_LEFT_OUT = frozenset(
    [
        "script",
        "style",
        "noscript",
        "template",
        "head",
        "svg",
        "math",
        "iframe",
        "object",
        "embed",
        "canvas",
        "audio",
        "video",
        "select",
        "button",
        "input",
        "textarea",
        "nav",
        "dialog",
        "map",
    ]
)
_BLOCKS = frozenset(
    [
        "address",
        "article",
        "aside",
        "blockquote",
        "body",
        "center",
        "details",
        "dd",
        "div",
        "dl",
        "dt",
        "fieldset",
        "figcaption",
        "figure",
        "footer",
        "form",
        "header",
        "hr",
        "html",
        "li",
        "main",
        "ol",
        "p",
        "pre",
        "section",
        "summary",
        "ul",
        "table",
        "tbody",
        "thead",
        "tfoot",
        "tr",
        "td",
        "th",
        "caption",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
    ]
)
_HEADINGS = {f"h{level}": level for level in range(1, 7)}
_HIDDEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)


def web_page_text(data: bytes) -> str:
    """Read a web page.

    Nothing on the page is run and nothing is fetched. Scripts, forms, navigation and hidden parts
    are left out.

    Args:
        data: The .html file, in the encoding that it declares.

    Returns:
        The text of the plan.

    Raises:
        InputError: One clause that follows the file's name, if the page is binary.
    """
    if b"\0" in data[:4096] and not data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise InputError("is binary data and no web page; save the page again, or give the plan as text.")
    page = BeautifulSoup(data, "lxml")
    pieces = _Blocks().read(page.body or page)
    if page.title and page.title.string and not any(piece.kind is PieceKind.HEADING for piece in pieces):
        pieces.insert(0, Piece(PieceKind.HEADING, page.title.string, 1))
    return plan_text(pieces)


class _Blocks:
    """Collects words until a block ends."""

    def __init__(self) -> None:
        self._pieces: list[Piece] = []
        self._words: list[str] = []
        self._bold: list[bool] = []
        self._item: Piece | None = None

    def read(self, root: PageElement) -> list[Piece]:
        self._visit(root, depth=0, bold=False)
        self._end()
        return self._pieces

    def _visit(self, element: PageElement, *, depth: int, bold: bool) -> None:
        if isinstance(element, NavigableString):
            if not isinstance(element, PreformattedString):
                kept = element.find_parent("pre") is not None
                self._add(str(element) if kept else re.sub(r"\s+", " ", element), bold=bold)
            return
        if not isinstance(element, Tag) or element.name in _LEFT_OUT or _is_hidden(element):
            return
        if element.name == "br":
            self._add("\n", bold=bold)
        elif element.name == "table":
            self._end()
            self._pieces += table_pieces(_rows(element))
        elif element.name in _HEADINGS:
            self._end()
            words = " ".join(element.get_text(" ").split())
            self._pieces.append(Piece(PieceKind.HEADING, words, _HEADINGS[element.name]))
        elif element.name == "li":
            self._list_item(element, depth=depth)
        else:
            self._children(element, depth=depth, bold=bold)

    def _children(self, element: Tag, *, depth: int, bold: bool) -> None:
        is_block = element.name in _BLOCKS
        if is_block:
            self._end()
        deeper = depth + (element.name in ("ul", "ol"))
        for child in element.children:
            self._visit(child, depth=deeper, bold=bold or element.name in ("b", "strong"))
        if is_block:
            self._end()

    def _list_item(self, element: Tag, *, depth: int) -> None:
        self._end()
        self._item = Piece(PieceKind.ITEM, "", max(0, depth - 1), _mark(element))
        for child in element.children:
            self._visit(child, depth=depth, bold=False)
        self._end()
        self._item = None

    def _add(self, words: str, *, bold: bool) -> None:
        self._words.append(words)
        if words.strip():
            self._bold.append(bold)

    def _end(self) -> None:
        text = "".join(self._words).strip()
        if text:
            if self._item is not None:
                item, self._item = self._item, None
                self._pieces.append(Piece(PieceKind.ITEM, text, item.level, item.mark))
            elif all(self._bold) and is_short_title(text):
                self._pieces.append(Piece(PieceKind.TITLE, text))
            else:
                self._pieces.append(Piece(PieceKind.TEXT, text))
        self._words, self._bold = [], []


def _is_hidden(element: Tag) -> bool:
    return (
        element.has_attr("hidden")
        or element.get("aria-hidden") == "true"
        or bool(_HIDDEN.search(str(element.get("style", ""))))
    )


def _mark(item: Tag) -> str:
    above = item.parent
    if above is None or above.name != "ol":
        return "-"
    start = str(above.get("start", "1"))
    first = int(start) if start.isdecimal() and len(start) < 6 else 1
    return f"{first + sum(1 for other in item.previous_siblings if isinstance(other, Tag) and other.name == 'li')}."


def _rows(table: Tag) -> list[list[list[Piece]]]:
    """Cells by row; a table inside a cell is part of that cell."""

    def own(tags: Iterable[Tag]) -> list[Tag]:
        return [tag for tag in tags if tag.find_parent("table") is table]

    rows = own(table.find_all("tr"))
    return [[_Blocks().read(cell) for cell in row.find_all(["td", "th"], recursive=False)] for row in rows]
