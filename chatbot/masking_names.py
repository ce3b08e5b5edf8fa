"""Names of pupils in a text: found by lists and notes, then wherever else the same name stands."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from chatbot.masking_lists import Item, NameList, name_lists
from chatbot.masking_sentences import NEEDS, SENTENCES, SentenceRule
from chatbot.masking_spans import Span
from chatbot.masking_words import NAME, NO_NAMES, TITLES, every_name, first_names, names_that_are_words

__all__ = ["find_names"]

_ONE = re.compile(NAME)
_WORD = re.compile(r"[^\W\d_]+")
_PUBLIC = re.compile(
    r"\b(?:character|novel|book|author|story|stories|film|movie|biograph|scientist|artist|athlete|famous|histor|"
    r"president|king|queen|poet|poem|inventor|musician|composer|actor|explorer|philosopher|play\b|Paralymp)",
    re.IGNORECASE,
)
_AROUND = 150
_ROUNDS = 6
_MOST_ALIKE = 20
_CAPITALISED = re.compile(r"(?<![\w-])[^\W\d_a-z][^\W\d_]+(?:['’-][^\W\d_]{3,})*(?![\w-])")
_SURNAME = re.compile(r" [A-ZÀ-Ý][a-zà-ÿ]+")
_STUDIED = (re.compile(rf"\b(?:{TITLES})\.? ([^\W\d_]+)\b"), re.compile(r"\b([^\W\d_]+) [IVX]{1,4}\b(?!\.)"))
_SURNAMED = re.compile(r"\b([^\W\d_a-z][^\W\d_]+)(?= ([A-ZÀ-Ý][a-zà-ÿ]{2,}))")
_NUMERALS = frozenset({"I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X"})


def find_names(text: str, *, names: frozenset[str] = frozenset()) -> Iterator[Span]:
    """Names of pupils.

    Args:
        text: Any text.
        names: Known to be pupils' names already.

    Yields:
        Passages; they may overlap.
    """
    known = set(names)
    # what was found is blanked, so that a pupil's own surname does not make a known person of the pupil
    for _ in range(_ROUNDS):
        studied = _studied(text)
        found = [*_in_lists(text, studied), *_in_sentences(text, studied)]
        known |= {text[span.start : span.end] for span in found}
        found += _elsewhere(text, known, studied)
        yield from found
        if not found:
            return
        text = _blanked(text, found)


def _blanked(text: str, spans: list[Span]) -> str:
    parts, end = [], 0
    for span in sorted(spans):
        if span.start >= end:
            parts += [text[end : span.start], "_" * (span.end - span.start)]
            end = span.end
    return "".join([*parts, text[end:]])


def _in_lists(text: str, studied: frozenset[str]) -> Iterator[Span]:
    for names in name_lists(text):
        wanted = _sure_items(names) if names.sure else _group_items(names, text, studied)
        for item in wanted:
            start, name = _trimmed(item.name)
            yield Span(item.start + start, item.start + start + len(name), "name")


def _sure_items(names: NameList) -> list[Item]:
    """Of a class list: known names, and unknown ones where most are known."""
    shaped = [item for item in names.items if item.name and item.name.split()[0] not in NO_NAMES]
    known = [item for item in shaped if _has_first_name(item.name)]
    if not any(_is_sure(item.name) for item in shaped):
        return []
    mostly = len(known) * 2 >= len(names.items)
    return [item for item in shaped if item in known or (mostly and len(item.name.split()) <= 3)]


def _group_items(names: NameList, text: str, studied: frozenset[str]) -> list[Item]:
    """Of groups: all or nothing, since a group may be one of planets or of persons who are studied."""
    items = names.items
    if len(items) < 2 or not all(item.name for item in items):
        return []
    known = [item for item in items if _has_first_name(item.name) and item.name not in studied]
    sure = [item for item in known if _is_sure(item.name)]
    if len(known) * 4 < len(items) * 3 or len(sure) < 2:
        return []
    around = text[max(0, items[0].start - _AROUND) : items[-1].start + _AROUND]
    return [] if _PUBLIC.search(around) else list(items)


def _in_sentences(text: str, studied: frozenset[str]) -> Iterator[Span]:
    start = 0
    for line in text.splitlines(keepends=True):
        if _may_be_a_note(line):
            for rule in SENTENCES:
                for found in rule.pattern.finditer(line):
                    yield from _of_sentence(text, start, found, rule, studied)
        start += len(line)


def _may_be_a_note(line: str) -> bool:
    """Whether a line holds a first name or a need; most lines hold neither, and the rules are slow."""
    known = every_name()
    return not known.isdisjoint(_WORD.findall(line)) or NEEDS.search(line) is not None


def _of_sentence(
    text: str, start: int, found: re.Match[str], rule: SentenceRule, studied: frozenset[str]
) -> Iterator[Span]:
    groups = [group for group in ("names", "more") if found.groupdict().get(group)]
    people = [
        (found.start(group) + one.start(), one.group()) for group in groups for one in _ONE.finditer(found[group])
    ]
    any_sure = any(_is_sure(name) for _, name in people)
    listed = sum(_has_first_name(name) for _, name in people)
    for at, whole in people:
        skipped, name = _trimmed(whole)
        begin = start + at + skipped
        around = text[max(0, begin - _AROUND) : begin + _AROUND]
        words = name.split()
        is_full = len(words) > 1 and len(words[1].rstrip(".")) > 1
        if words[0] in NO_NAMES or _titled(text, begin) or (len(words) > 1 and words[1] in _NUMERALS):
            continue
        if _has_first_name(name):
            about_nobody_known = rule.sure or name not in studied
            wanted = about_nobody_known and (rule.full or (any_sure and not is_full))
        else:
            # a name that no list holds counts where nothing else fits and it is no common word
            wanted = (rule.sure or listed >= 2) and not is_full and words[0].lower() not in _lower_words(text)
        if wanted and not ((is_full or not _has_first_name(name)) and _PUBLIC.search(around)):
            yield Span(begin, begin + len(name), "name")


def _elsewhere(text: str, known: set[str], studied: frozenset[str]) -> Iterator[Span]:
    """Where the names stand again: whole, or the first name alone."""
    whole: dict[str, list[str]] = {}
    for name in sorted(known, key=lambda name: (-len(name), name)):
        if " " in name and len(whole.setdefault(name.split()[0], [])) < _MOST_ALIKE:
            whole[name.split()[0]].append(name)
    alone = {name.split()[0] for name in known} - names_that_are_words() - studied
    for found in _CAPITALISED.finditer(text) if known else ():
        first, start = found.group(), found.start()
        full = next(
            (n for n in whole.get(first, ()) if text.startswith(n, start) and not _goes_on(text, start + len(n))), ""
        )
        if full:
            yield Span(start, start + len(full), "name")
        elif first in alone and _SURNAME.match(text, found.end()) is None and not _titled(text, start):
            yield Span(start, found.end(), "name")


def _goes_on(text: str, end: int) -> bool:
    return text[end : end + 1].isalnum()


def _trimmed(name: str) -> tuple[int, str]:
    """A name without words before it that are none, and their length: "While Aisha" is Aisha."""
    skipped = 0
    while " " in name and name.split(" ", maxsplit=1)[0] in NO_NAMES:
        first, name = name.split(" ", 1)
        skipped += len(first) + 1
    return skipped, name


def _has_first_name(name: str) -> bool:
    return _first(name.split(maxsplit=1)[0]) in every_name()


def _is_sure(name: str) -> bool:
    return _first(_trimmed(name)[1].split()[0]) in first_names()


def _first(word: str) -> str:
    return re.split(r"[-'’]", word)[0]


def _titled(text: str, start: int) -> bool:
    return re.search(rf"\b(?:{TITLES})\.? $", text[max(0, start - 14) : start]) is not None


def _studied(text: str) -> frozenset[str]:
    """First names of persons of whom the text speaks by a title, a number or a surname."""
    found = {match[1] for pattern in _STUDIED for match in pattern.finditer(text)}
    found |= {match[1] for match in _SURNAMED.finditer(text) if match[2] not in NO_NAMES}
    return frozenset(found)


@lru_cache(maxsize=4)
def _lower_words(text: str) -> frozenset[str]:
    return frozenset(re.findall(r"\b[^\W\d_A-Z]+\b", text))
