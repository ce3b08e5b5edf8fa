"""Names of pupils in a text: found by lists and notes, then wherever else the same name stands."""

from __future__ import annotations

import re
from collections.abc import Iterator

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
        found = [*_in_lists(text), *_in_sentences(text)]
        known |= {text[span.start : span.end] for span in found}
        found += _elsewhere(text, known)
        yield from found
        if not found:
            return
        for span in found:
            text = f"{text[: span.start]}{'_' * (span.end - span.start)}{text[span.end :]}"


def _in_lists(text: str) -> Iterator[Span]:
    for names in name_lists(text):
        wanted = _sure_items(names) if names.sure else _group_items(names, text)
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


def _group_items(names: NameList, text: str) -> list[Item]:
    """Of groups: all or nothing, since a group may be one of planets or of persons who are studied."""
    items = names.items
    if len(items) < 2 or not all(item.name for item in items):
        return []
    known = [item for item in items if _has_first_name(item.name) and not _is_studied(item.name, text)]
    sure = [item for item in known if _is_sure(item.name)]
    if len(known) * 4 < len(items) * 3 or len(sure) < 2:
        return []
    around = text[max(0, items[0].start - _AROUND) : items[-1].start + _AROUND]
    return [] if _PUBLIC.search(around) else list(items)


def _in_sentences(text: str) -> Iterator[Span]:
    start = 0
    for line in text.splitlines(keepends=True):
        if _may_be_a_note(line):
            for rule in SENTENCES:
                for found in rule.pattern.finditer(line):
                    yield from _of_sentence(text, start, found, rule)
        start += len(line)


def _may_be_a_note(line: str) -> bool:
    """Whether a line holds a first name or a need; most lines hold neither, and the rules are slow."""
    known = every_name()
    return not known.isdisjoint(_WORD.findall(line)) or NEEDS.search(line) is not None


def _of_sentence(text: str, start: int, found: re.Match[str], rule: SentenceRule) -> Iterator[Span]:
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
            about_nobody_known = rule.sure or not _is_studied(name, text)
            wanted = about_nobody_known and (rule.full or (any_sure and not is_full))
        else:
            # a name that no list holds counts where nothing else fits and it is no common word
            wanted = (rule.sure or listed >= 2) and not is_full and not re.search(rf"\b{words[0].lower()}\b", text)
        if wanted and not ((is_full or not _has_first_name(name)) and _PUBLIC.search(around)):
            yield Span(begin, begin + len(name), "name")


def _elsewhere(text: str, known: set[str]) -> Iterator[Span]:
    """Where the names stand again: whole, or the first name alone."""
    wanted = {name for name in known if len(name.split()) > 1}
    wanted |= {name.split()[0] for name in known if name.split()[0] not in names_that_are_words()}
    wanted = {name for name in wanted if not _is_studied(name, text)}
    if not wanted:
        return
    longest_first = "|".join(map(re.escape, sorted(wanted, key=lambda name: (-len(name), name))))
    for found in re.finditer(rf"(?<![\w-])(?:{longest_first})(?![\w-])", text):
        surname = re.match(r" [A-ZÀ-Ý][a-zà-ÿ]+", text[found.end() :])
        if surname is None and not _titled(text, found.start()):
            yield Span(found.start(), found.end(), "name")


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


def _is_studied(name: str, text: str) -> bool:
    """Whether the text speaks of a person of this first name by a title, a number or a surname."""
    first = re.escape(name.split(maxsplit=1)[0])
    titled = rf"\b(?:{TITLES})\.? {first}\b"
    numbered = rf"\b{first} [IVX]{{1,4}}\b(?!\.)"
    surnamed = rf"\b{first} (?!{'|'.join(sorted(NO_NAMES))}\b)[A-ZÀ-Ý][a-zà-ÿ]{{2,}}"
    return len(name.split()) == 1 and re.search(f"{titled}|{numbered}|{surnamed}", text) is not None
