"""E-mail addresses and telephone numbers in a text."""

from __future__ import annotations

import re
from collections.abc import Iterator

from chatbot.masking_spans import Span

__all__ = ["find_emails", "find_phones"]

_EMAIL = re.compile(
    r"(?<![\w.%+'/@-])[A-Za-z0-9][\w.%+'-]{0,63}@(?:[A-Za-z0-9][A-Za-z0-9-]{0,62}\.){1,4}[A-Za-z]{2,24}(?![\w@])"
)
# reserved for examples, so nobody's
_NOBODY = re.compile(r"@(?:[\w-]+\.)*example(?:\.\w+)?$", re.IGNORECASE)
_URL = re.compile(r"(?:https?://|www\.)\S+|\bdoi\S+", re.IGNORECASE)
_BEFORE = r"(?<![\w.,/+=×*^-])"
_AFTER = r"(?![\w/=×*^]|[.,-]\d)"
_SHAPES = re.compile(
    _BEFORE
    + r"(?:\+[1-9]\d{0,2}[ .-]?(?:\(0?\d{1,4}\)[ .-]?)?\d{1,4}(?:[ .-]?\d{2,4}){2,4}"  # +44 7700 900123
    + r"|(?:1[ .-])?\([2-9]\d\d\) ?[2-9]\d\d[ .-]\d{4}"  # (212) 555-0147
    + r"|(?:1-)?[2-9]\d\d-[2-9]\d\d-\d{4}"
    + r"|[2-9]\d\d\.[2-9]\d\d\.\d{4}"
    + r"|\(?0\d{4}\)? \d{6}|\(?0\d{4}\)? \d{3} \d{3}|\(?0\d{3}\)? \d{3} \d{4}|\(?0\d{2}\)? \d{4} \d{4}|07\d{9})"  # British
    + _AFTER
)
_NAMED = re.compile(
    r"\b(?:tel|telephone|phone|mobile|cell|cellphone|whatsapp|fax)(?: (?:no|number|num))?\b[.:]*[ \t]*(?:(?:is|on|at|:|-)[ \t]*)?"
    r"(?P<number>[+(]?\d[\d ().-]{5,17}\d)" + _AFTER,
    re.IGNORECASE,
)
_YEARS = re.compile(r"(?:1\d|20)\d\d\D+(?:1\d|20)\d\d")


def find_emails(text: str) -> Iterator[Span]:
    """E-mail addresses, but for those that are reserved for examples."""
    for found in _EMAIL.finditer(text):
        if not _NOBODY.search(found.group()):
            yield Span(found.start(), found.end(), "email")


def find_phones(text: str) -> Iterator[Span]:
    """Telephone numbers: written as one in Britain, North America or with a country code, or named as one."""
    urls = [found.span() for found in _URL.finditer(text)]
    for start, end in [found.span() for found in _SHAPES.finditer(text)] + [
        found.span("number") for found in _NAMED.finditer(text)
    ]:
        digits = re.sub(r"\D", "", text[start:end])
        # groups of noughts and ones are a lesson about binary numbers
        is_number = 7 <= len(digits) <= 15 and len(set(digits)) > 2 and not _YEARS.fullmatch(text[start:end])
        if is_number and not any(low <= start < high for low, high in urls):
            yield Span(start, end, "phone")
