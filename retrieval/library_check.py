"""What a library must be beyond a valid schema: distinct, readable, complete. And what it holds, counted.

``python -m retrieval.library_check docs/templates.md`` checks the shipped library and rewrites the counts in that page.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator, Mapping
from itertools import combinations
from pathlib import Path
from types import MappingProxyType

from mtl_core.errors import InputError
from mtl_core.rubric import MEASURES
from mtl_core.saved import write_atomic
from retrieval.templates import SUBJECTS, Kind, LessonTemplate, TemplateLibrary

__all__ = [
    "AGE_BANDS",
    "MAX_LIX",
    "MAX_OVERLAP",
    "counts_table",
    "library_problems",
    "lix",
    "overlap",
    "with_counts",
]

AGE_BANDS: Mapping[str, range] = MappingProxyType(
    {
        "early years": range(1),
        "primary": range(1, 6),
        "lower secondary": range(6, 9),
        "upper secondary": range(9, 13),
        "adult": range(13, 14),
    }
)
"""US grades of each age band; see :mod:`retrieval.grades`."""

MAX_OVERLAP = 0.12
"""Two texts are near duplicates when they share more than this part of their word trigrams."""

MAX_LIX = 55.0
"""A text above this is hard to read."""

_WORDS: Mapping[Kind, range] = MappingProxyType({"repair": range(20, 71), "lesson": range(40, 106)})
_STEPS: Mapping[Kind, range] = MappingProxyType({"repair": range(3, 7), "lesson": range(4, 9)})
_TITLE_WORDS = range(2, 8)
_SLOT = re.compile(r"\{(?:topic|grade|minutes)\}")
_WORD = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")
_CLAUSE_END = re.compile(r"[.!?:;](?=\W|$)")
_OTHER_NAMES = re.compile(r"\b(?:students?|learners?|children|kids?)\b", re.IGNORECASE)
_UNKIND = re.compile(r"\b(?:must|should|fail(?:s|ed|ure)?|wrong|scores?)\b", re.IGNORECASE)
_LONG_WORD = 7
_COUNTS = re.compile(r"(<!-- counts -->\n).*?(<!-- end of counts -->)", re.DOTALL)


def lix(text: str) -> float:
    """Readability by Björnsson's LIX: words a clause plus the percentage of words of seven letters or more.

    About 25 is easy, 40 an ordinary newspaper, 60 very hard. A semicolon ends a clause as a colon does.

    Args:
        text: Text without slots; at least one word.

    Returns:
        The index, 0 or more; 0 for a text without a word.

    Source:
        Björnsson, C. H. (1968). Läsbarhet. Stockholm: Liber.
    """
    words = _WORD.findall(text)
    if not words:
        return 0.0
    clauses = sum(bool(_WORD.search(clause)) for clause in _CLAUSE_END.split(text))
    return len(words) / clauses + 100 * sum(len(word) >= _LONG_WORD for word in words) / len(words)


def overlap(first: str, second: str) -> float:
    """Jaccard similarity of the word trigrams of two texts, 0 to 1; slots and case do not count."""
    return _jaccard(_trigrams(first), _trigrams(second))


def _jaccard(mine: frozenset[tuple[str, ...]], theirs: frozenset[tuple[str, ...]]) -> float:
    union = len(mine | theirs)
    return len(mine & theirs) / union if union else 0.0


def _trigrams(text: str) -> frozenset[tuple[str, ...]]:
    words = [word.casefold() for word in _WORD.findall(_SLOT.sub(" ", text))]
    return frozenset(zip(words, words[1:], words[2:], strict=False))


def library_problems(library: TemplateLibrary) -> list[str]:
    """Everything that keeps a library from being shipped.

    Args:
        library: The templates.

    Returns:
        One sentence a problem; empty for a sound library.
    """
    return [*_unlike_texts(library), *(line for one in library.values() for line in _template_problems(one))]


def _unlike_texts(library: TemplateLibrary) -> Iterator[str]:
    by_title: dict[str, str] = {}
    for template in library.values():
        twin = by_title.setdefault(template.title.casefold(), template.id)
        if twin != template.id:
            yield f"{template.id} has the title of {twin}; give it its own."
    trigrams = {template.id: _trigrams(template.text) for template in library.values()}
    for first, second in combinations(trigrams, 2):
        shared = _jaccard(trigrams[first], trigrams[second])
        if shared > MAX_OVERLAP:
            yield f"{second} shares {shared:.0%} of its wording with {first}; rewrite one of them."


def _template_problems(template: LessonTemplate) -> Iterator[str]:
    plain = _SLOT.sub("it", template.text)
    counted = {
        "words of text": (len(template.text.split()), _WORDS[template.kind]),
        "steps": (len(template.steps), _STEPS[template.kind]),
        "words of title": (len(template.title.split()), _TITLE_WORDS),
    }
    for what, (count, allowed) in counted.items():
        if count not in allowed:
            yield f"{template.id} has {count} {what}; {allowed.start} to {allowed.stop - 1} are usual."
    if lix(plain) > MAX_LIX:
        yield f"{template.id} is hard to read (LIX {lix(plain):.0f}, at most {MAX_LIX:.0f}); shorten its sentences."
    if found := _OTHER_NAMES.search(" ".join((template.title, template.text, *template.steps))):
        yield f"{template.id} says {found[0]!r}; write pupils, which the coach replaces by the plan's word."
    if found := _UNKIND.search(template.title):
        yield f"{template.id} says {found[0]!r} in its title; the coach quotes titles and never says so to a teacher."
    if ("{minutes}" in template.text) != (template.minutes > 0):
        yield f"{template.id} must name its minutes in the text, or take 0 minutes and name none."
    if not template.keywords:
        yield f"{template.id} has no keywords; name what a teacher would search for."
    if "pacing_and_materials" in template.measures and len(re.findall(r"\b\d+\b", template.text)) < 2:
        yield f"{template.id} names no two durations; write them as figures."
    if "pacing_and_materials" in template.measures and not template.materials:
        yield f"{template.id} names no materials; list them."


def counts_table(library: TemplateLibrary) -> str:
    """How many templates serve each measure, subject and age band, as Markdown tables.

    Args:
        library: The templates.

    Returns:
        The tables. A measure counts where it is a template's first, a subject where a template is
        limited to it, an age band where the template's grades touch it.
    """
    templates = list(library.values())
    parts = [("measure", key, [t for t in templates if t.measures[0] == key]) for key in MEASURES]
    parts += [("subject", name, [t for t in templates if name in t.subjects]) for name in (*SUBJECTS, "any")]
    parts += [
        ("age band", name, [t for t in templates if any(grade in t.grades for grade in band)])
        for name, band in AGE_BANDS.items()
    ]
    parts.append(("all", "all", templates))
    lines: list[str] = []
    for group in ("measure", "subject", "age band", "all"):
        lines += ["", f"| {'' if group == 'all' else group} | repairs | lessons | together |", "|---|---|---|---|"]
        for _, name, chosen in (part for part in parts if part[0] == group):
            lessons = sum(template.kind == "lesson" for template in chosen)
            label = f"`{name}`" if group in ("measure", "subject") else name
            lines.append(f"| {label} | {len(chosen) - lessons} | {lessons} | {len(chosen)} |")
    return "\n".join(lines[1:]) + "\n"


def with_counts(page: str, library: TemplateLibrary) -> str:
    """A page with the counts of a library between its two marks.

    Args:
        page: Markdown with ``<!-- counts -->`` and ``<!-- end of counts -->`` on lines of their own.
        library: The templates.

    Returns:
        The page with new counts.

    Raises:
        InputError: If the marks are missing.
    """
    if not _COUNTS.search(page):
        raise InputError("The page has no place for counts; add <!-- counts --> and <!-- end of counts --> lines.")
    return _COUNTS.sub(lambda marks: f"{marks[1]}\n{counts_table(library)}\n{marks[2]}", page)


def main() -> None:
    """Check the shipped library, then rewrite the counts of a page."""
    parser = argparse.ArgumentParser(description="Check the shipped templates and count them in a page.")
    parser.add_argument("page", type=Path)
    page = parser.parse_args().page
    library = TemplateLibrary.shipped()
    if problems := library_problems(library):
        raise SystemExit("\n".join(problems))
    write_atomic(page, with_counts(page.read_text(encoding="utf-8"), library).encode())


if __name__ == "__main__":
    main()
