"""Lists of a class: a register, a seating plan, groups, pupils with needs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from chatbot.masking_words import NAME

__all__ = ["Item", "NameList", "name_lists"]

_BEFORE = r"^[\s>|#*•+_-]*(?:\d{1,2}[.)] )?[*_]*"
_ORDER = r"(?:[A-H]|\d{1,2}|[Oo]ne|[Tt]wo|[Tt]hree|[Ff]our|[Ff]ive|[Ss]ix)"
_KIND = (
    r"(?:(?:[Rr]ed|[Bb]lue|[Gg]reen|[Yy]ellow|[Oo]range|[Pp]urple|[Tt]op|[Mm]iddle|[Ll]ower|[Hh]igher|[Ff]ront|[Bb]ack|"
    r"[Ww]indow|[Ll]eft|[Rr]ight|[Mm]ixed|[Rr]eading|[Mm]aths?|[Pp]honics|[Gg]uided|[Ss]pelling) )*"
)
_GROUP = re.compile(
    rf"{_BEFORE}{_KIND}(?:[Gg]roup|[Tt]able|[Tt]eam|[Pp]airs?|[Rr]ow|[Pp]artners|[Tt]rio)(?: {_ORDER})?[*_]*(?: ?\([^()\n]{{0,80}}\))?[*_]*"
    r"[ ]?[:–|-][*_]*(?P<list>.+)$"
)
_CLASS = (
    r"(?:[Rr]egister|[Cc]lass [Ll]ist|[Aa]bsent(?:ees)?|[Ss]eating(?: [Pp]lan| [Cc]hart)?|[Ss]eats|[Aa]ttendance|"
    r"(?:[Ff]ocus|[Tt]arget(?:ed)?|[Vv]ulnerable|[Kk]ey) (?:[Cc]hild(?:ren)?|[Pp]upils?|[Ss]tudents?|[Ll]earners?|[Gg]roup)|"
    r"(?:(?:[Pp]upils|[Ss]tudents|[Cc]hildren|[Ll]earners) (?:with|on|who (?:need|have|are))(?: [\w/,&-]+){1,4})|"
    r"(?:SEND?|IEPs?|EHCPs?|504s?|EAL|ELLs?|ESL|PP|FSM|GDS|HAPs?|MAPs?|LAPs?|HA|MA|LA|WTS|EXS|G&T)"
    r"(?:/(?:SEND?|IEPs?|EHCPs?|504s?|EAL|ELLs?|PP|FSM))*(?: (?:[Nn]otes|[Ss]upport|[Pp]upils|[Ss]tudents|[Cc]hildren|[Ll]earners|[Gg]roup))?|"
    r"[Pp]upil [Pp]remium|[Gg]ifted(?: and [Tt]alented)?|[Ii]nterventions?(?: [Gg]roup)?|[Ss]upport [Gg]roup|[Cc]hallenge [Gg]roup|"
    r"TA (?:[Ss]upport|[Gg]roup|with)|(?:[Ii]ndividual|[Pp]upil|[Ss]tudent) (?:[Nn]eeds|[Nn]otes)|[Bb]irthdays?|[Mm]edical(?: [Nn]otes)?|[Aa]llergies)"
)
_CLASS_LINE = re.compile(rf"{_BEFORE}{_CLASS}[*_]*(?: ?\([^()\n]{{0,80}}\))?[*_]*[ ]?[:–|-][*_]*(?P<list>.+)$")
_CLASS_HEAD = re.compile(rf"{_BEFORE}{_CLASS}[*_]*(?: ?\([^()\n]{{0,80}}\))?[*_]*:?[*_]*\s*$")
_GROUP_HEAD = re.compile(rf"{_BEFORE}(?:[Gg]roups|[Gg]roupings?|[Pp]airs|[Pp]artners|[Tt]eams)[*_]*:?[*_]*\s*$")
_HEADING = re.compile(r"^\s*#|^\s*\*\*[^*]+\*\*:?\s*$|^[A-Z][\w ]{2,40}:\s*$")
_SEPARATOR = re.compile(r"\s*(?:[,;|/&+]|\band\b)\s*")
_NOTE = (
    r"(?:\s*\([^()]{0,80}\)|\s*[:–-]\s.*|\s+(?:needs?|has|have|is|are|to|will|should|sits?|uses?|works?|requires?|gets?|benefits?|leaves?|arrives?|goes|go|comes?|with|on)\b.*"
    r"|['’]s\s.*)?"
)
_ITEM = re.compile(rf"^[\s>#*•+_\d.)-]*(?P<name>{NAME}){_NOTE}[\s.*_]*$")
_RULE = re.compile(r"^[\s|:+-]*$")
_MOST_LINES = 40


@dataclass(frozen=True, slots=True)
class Item:
    """One entry of a list.

    Args:
        start: Offset of the name in the text; of the entry where it is none.
        name: The name, empty where the entry is not shaped like one.
    """

    start: int
    name: str


@dataclass(frozen=True, slots=True)
class NameList:
    """Entries that stand together.

    Args:
        items: In order.
        sure: Whether the heading says that these are pupils; a group may be one of planets.
    """

    items: tuple[Item, ...]
    sure: bool


def name_lists(text: str) -> Iterator[NameList]:
    """Lists under or beside a heading that speaks of a class or of groups.

    Args:
        text: A plan.

    Yields:
        Every list that may hold pupils' names.
    """
    start = 0
    section: list[Item] = []
    section_sure, lines_left = False, 0
    for line in text.splitlines(keepends=True):
        body = line.rstrip("\r\n")
        head = _CLASS_HEAD.match(body) or _GROUP_HEAD.match(body)
        if head is not None or (lines_left and _HEADING.match(body)) or (lines_left == 1):
            if section:
                yield NameList(tuple(section), section_sure)
            section, lines_left = [], 0
        beside = _CLASS_LINE.match(body)
        in_group = None if beside else _GROUP.match(body)
        found = beside or in_group
        if head is not None:
            section_sure, lines_left = _CLASS_HEAD.match(body) is not None, _MOST_LINES
        elif found is not None:
            yield NameList(tuple(_items(body, found.start("list"), start)), beside is not None)
        elif lines_left and not _RULE.match(body):
            section += _items(body, 0, start)
            lines_left -= 1
        start += len(line)
    if section:
        yield NameList(tuple(section), section_sure)


def _items(line: str, begin: int, offset: int) -> Iterator[Item]:
    """Entries of a line from a column on; commas in brackets separate nothing."""
    flat = re.sub(r"\([^()\n]{0,80}\)", lambda found: "(" + "x" * (len(found.group()) - 2) + ")", line)
    for low, high in _between(flat, begin):
        if not flat[low:high].strip(" .*_-"):
            continue
        found = _ITEM.match(flat[low:high])
        if found is None:
            yield Item(offset + low, "")
        else:
            yield Item(offset + low + found.start("name"), found["name"])


def _between(line: str, begin: int) -> Iterator[tuple[int, int]]:
    for separator in _SEPARATOR.finditer(line, begin):
        yield begin, separator.start()
        begin = separator.end()
    yield begin, len(line)
