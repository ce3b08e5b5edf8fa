"""What a plan says under its labels: key words, activities, the exit question."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from chatbot.artefacts.blocks import Block, BlockKind
from chatbot.artefacts.inline import plain
from chatbot.artefacts.parts import Part, Passage, Section, passages_of
from chatbot.artefacts.timings import minutes_in, without_number

__all__ = ["Activity", "KeyWord", "find_activities", "find_exit", "find_key_words", "find_under"]

_KEY_WORDS = re.compile(
    r"\b(?:vocabulary|vocab|key ?words?|key terms?|glossary|terminology|word bank)\b", re.IGNORECASE
)
_EXIT = re.compile(r"\b(?:exit (?:ticket|slip|question|card|pass|task|quiz)s?|ticket out)\b", re.IGNORECASE)
_ACTIVITY = re.compile(
    r"\b(?:starter|warm[- ]?ups?|hook|launch|engage(?:ment)?|explore|explain|elaborate|extend|evaluate|activit(?:y|ies)|practice"
    r"|instruction|modell?ing|tasks?|plenary|closing|closure|wrap[- ]?up|discussion|stations?|group ?work|do now|opening|exit"
    r"|investigat\w+|experiments?|demonstrat\w+|play(?:ing)?|reflect(?:ion)?|i do|we do|you do|exercises?|brainstorm\w*|share|debrief"
    r"|synthesi[sz]e|conclusion|circle time|procedure|steps?|main|lesson (?:sequence|procedure|steps)|session|role ?play|game)\b",
    re.IGNORECASE,
)
_NO_ACTIVITY = re.compile(
    r"\b(?:objectives?|outcomes?|goals?|materials?|resources?|equipment|supplies|(?:you|we) need|standards?|vocabulary|key ?words?|key terms?|preparation|background"
    r"|assessment criteria|rubric|differentiation|accommodations?|modifications?|extensions?|homework|overview|prerequisites?"
    r"|prior knowledge|answer key|misconceptions?|references?|notes?|license|licence|credits?|summary|information|safety|weather|adaptations?|before (?:the )?lesson)\b",
    re.IGNORECASE,
)
_HOLDER = re.compile(
    r"\b(?:procedures?|lesson (?:plan|sequence|steps|outline)|activities|sequence|agenda)\b", re.IGNORECASE
)
_MEANING = re.compile(r"(?P<term>[^:–—=]{1,60}?)\s*(?::|\s[–—-]\s|=|·)\s*(?P<meaning>\S.*)$", re.DOTALL)
_QUOTED = re.compile(r"[“\"](?P<words>[^”\"\n]{8,300})[”\"]")
_QUESTION = re.compile(r"(?P<words>[^.!?\n“\"]{6,300}\?)")
_HEADER = re.compile(r"(?:key )?(?:words?|terms?|vocabulary)$", re.IGNORECASE)
_LEAD_IN = re.compile(r"(?::|…|\.\.\.)\W*$")
_TERM_WORDS = 5
_EXIT_WORDS = 60
_MOST = 40


@dataclass(frozen=True, slots=True)
class KeyWord:
    """A term that the plan names.

    Args:
        term: The term.
        meaning: What the plan says of it, empty where it says nothing.
        start: Where the passage that names it starts in the plan.
    """

    term: str
    meaning: str
    start: int


@dataclass(frozen=True, slots=True)
class Activity:
    """One phase of the lesson.

    Args:
        title: Its heading without the minutes.
        minutes: Its length where the heading gives one.
        steps: What happens, in order.
        start: Offset of its first character in the plan.
        end: Offset after its last character.
    """

    title: str
    minutes: int | None
    steps: tuple[Passage, ...]
    start: int
    end: int


def find_under(parts: Sequence[Part], label: re.Pattern[str], *, most_words: int) -> tuple[Passage, ...]:
    """What stands under the labels that a pattern names, each passage once.

    Args:
        parts: The parts of a plan.
        label: What the label says.
        most_words: Longest label in words.

    Returns:
        Passages in the order of the plan, without those that only lead to a list; of parts inside one
        another the outer one counts.
    """
    found: dict[tuple[str, int], Passage] = {}
    for part in parts:
        if label.search(part.label) and len(part.label.split()) <= most_words:
            for passage in part.passages:
                if not any(passage.start == other.start and passage.text in other.text for other in found.values()):
                    found.setdefault((passage.text, passage.start), passage)
    led = [passage for passage in found.values() if not _LEAD_IN.search(passage.text)]
    return tuple(led[:_MOST])


def find_key_words(parts: Sequence[Part], blocks: Sequence[Block], sections: Sequence[Section]) -> tuple[KeyWord, ...]:
    """The terms that a plan lists, with their meanings where it gives them.

    Args:
        parts: The parts of the plan.
        blocks: Its blocks.
        sections: Its sections.
    """
    found: dict[str, KeyWord] = {}
    for part in parts:
        if not _KEY_WORDS.search(part.label) or len(part.label.split()) > 6:
            continue
        tables = sections[part.section].blocks if part.whole else ()
        rows = {block.start for block in tables if block.kind is BlockKind.TABLE}
        words = [word for p in part.passages if p.start not in rows for word in _words_of(p)]
        words += [word for block in tables if block.kind is BlockKind.TABLE for word in _words_of_table(block)]
        for word in words:
            found.setdefault(word.term.lower(), word)
    for block in blocks:
        if not found and block.kind is BlockKind.TABLE and _HEADER.match(plain(block.rows[0][0])):
            found.update({word.term.lower(): word for word in _words_of_table(block)})
    return tuple(list(found.values())[:_MOST])


def _words_of(passage: Passage) -> Iterator[KeyWord]:
    if (match := _MEANING.match(passage.text)) and len(match["term"].split()) <= _TERM_WORDS:
        yield KeyWord(match["term"].strip(), match["meaning"].strip(), passage.start)
        return
    terms = [term.strip(" .") for term in re.split(r"[,;•]", passage.text)]
    if all(len(term.split()) <= _TERM_WORDS for term in terms):
        yield from (KeyWord(term, "", passage.start) for term in terms if any(map(str.isalpha, term)))


def _words_of_table(block: Block) -> Iterator[KeyWord]:
    rows = [[plain(cell) for cell in row] for row in block.rows]
    column = next((c for c, cell in enumerate(rows[0]) if _HEADER.match(cell)), None)
    for row in rows[1:] if column is not None else rows:
        term = row[column or 0] if (column or 0) < len(row) else ""
        others = [cell for c, cell in enumerate(row) if c != (column or 0) and cell and not cell.isdecimal()]
        if term and len(term.split()) <= _TERM_WORDS:
            yield KeyWord(term, "; ".join(others), block.start)


def find_activities(sections: Sequence[Section]) -> tuple[Activity, ...]:
    """The phases of a lesson: sections with minutes, sections whose heading names a phase, parts of a procedure.

    Args:
        sections: The sections of the plan.

    Returns:
        Phases in order. A section that only holds others is none itself; what stands under a phase
        belongs to it.
    """
    chosen = [place for place, section in enumerate(sections) if _is_phase(place, sections)]
    holders = {above for place in chosen for above in sections[place].above}
    made = []
    for place in chosen:
        section = sections[place]
        below = [p for p in range(place + 1, len(sections)) if place in sections[p].above]
        if place in holders and not section.blocks:
            continue
        # a phase keeps what stands below it unless that is a phase of its own
        own = [p for p in below if p not in chosen and not _NO_ACTIVITY.search(sections[p].title)]
        inside = [
            section,
            *(sections[p] for p in own if not (set(sections[p].above) & set(chosen)) - {place, *section.above}),
        ]
        steps = tuple(passage for part in inside for passage in _steps(part, head=part is not section))
        read = minutes_in(section.title)
        title = read[2] if read and read[2] else without_number(section.title)
        if steps:
            made.append(Activity(title, read[0] if read else None, steps, section.start, max(p.end for p in inside)))
    return tuple(made)


def _is_phase(place: int, sections: Sequence[Section]) -> bool:
    section = sections[place]
    read = minutes_in(section.title)
    if _EXIT.fullmatch(read[2] if read else without_number(section.title)):
        # it is shown as the exit question
        return False
    if read and read[2]:
        return True
    if not section.title or _NO_ACTIVITY.search(section.title):
        return False
    if any(_NO_ACTIVITY.search(sections[above].title) for above in section.above if sections[above].level > 1):
        return False
    if _ACTIVITY.search(section.title) and section.level != 1:
        return True
    return bool(section.above) and bool(_HOLDER.search(sections[section.above[-1]].title))


def _steps(section: Section, *, head: bool) -> Iterator[Passage]:
    if head and section.title:
        yield Passage(section.title, section.start, section.end)
    for block in section.blocks:
        yield from passages_of(block)


def find_exit(parts: Sequence[Part], blocks: Sequence[Block]) -> Passage | None:
    """What every pupil answers at the end, where the plan names an exit ticket.

    Args:
        parts: The parts of the plan.
        blocks: Its blocks.
    """
    for part in parts:
        if _EXIT.search(part.label) and len(part.label.split()) <= 8:
            joined = " ".join(passage.text for passage in part.passages)
            if quoted := _QUOTED.fullmatch(joined):
                joined = quoted["words"]
            if joined and len(joined.split()) <= _EXIT_WORDS:
                return Passage(joined, part.passages[0].start, part.passages[-1].end)
            asked = [passage for passage in part.passages if "?" in passage.text]
            if asked or part.passages:
                return (asked or list(part.passages))[0]
    for block in blocks:
        words = plain(block.text)
        mention = _EXIT.search(words)
        if mention and block.kind is not BlockKind.HEADING:
            after = words[mention.end() :]
            match = _QUOTED.search(after) or _QUESTION.search(after)
            return Passage(match["words"].strip(" :,-–") if match else words, block.start, block.end)
    return None
