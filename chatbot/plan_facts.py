"""Topic, grade, subject and wording of a plan, read from the plan's own text."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from mtl_core.segments import Segment, SegmentKind
from retrieval.grades import parse_grade

__all__ = ["PlanFacts", "read_facts"]

_FIELD = r"^[\s>*_#|\-•]*(?:{names})\b[\s*_]*[:|][\s*_|]*(?P<value>[^|\n]{{2,120}})"
_TOPIC = re.compile(
    _FIELD.format(names="lesson topic|topic|lesson title|title of lesson|module title|title|lesson name"),
    re.IGNORECASE | re.MULTILINE,
)
_GRADE_FIELD = re.compile(
    _FIELD.format(
        names=r"grade levels?|grades?(?: band)?|grade_level|year(?: group)?|class|ages?|age group|level|audience|learners|key stage"
    ),
    re.IGNORECASE | re.MULTILINE,
)
_SUBJECT_FIELD = re.compile(
    _FIELD.format(names="subject(?: area)?|course|learning area|curriculum area"), re.IGNORECASE | re.MULTILINE
)
_GRADE_PHRASE = re.compile(
    r"\b(?:grades? \d{1,2}(?: ?[-–] ?\d{1,2})?|years? \d{1,2}(?: ?(?:[-–/]|and) ?\d{1,2})?(?! ?old)|\d{1,2}(?:st|nd|rd|th) grade"
    r"|kindergarten|reception|preschool)\b",
    re.IGNORECASE,
)
_TITLE_NOISE = re.compile(
    r"^(?:(?:(?:\w+ )?lesson(?: plan)?|module|unit|term|week|day|session|activity|chapter|part)s?\b[\s.#]*(?:[\d.,\-–]+\w?)?\s*[:|.–—-]+\s*)+"
    r"|^(?:\d+(?:\.\d+)*[.):]?\s+)|^(?:lesson plan|introduction to|intro to|an introduction to|exploring|understanding)\s+(?:on\s+)?",
    re.IGNORECASE,
)
_EDGE_START = re.compile(r"[\W_]+")
_MAX_TITLE = 200
_LABEL = re.compile(r"^[A-Z][A-Z ]{3,}:\s*(?=\S)")
_GENERIC = re.compile(
    r"^(?:lesson|lesson plans?|(?:lesson |unit |activity )?overview|introduction|objectives?|materials?|description|plan|toc"
    r"|teacher guide|untitled|learning (?:objectives|goals|outcomes)|(?:previous|this|next) lesson|.*\bcompetenc(?:y|ies)"
    r"|.*\b(?:medium|short|long)-term plan.*|.*\b(?:lesson|unit|week|session|scheme of work|weekly|daily)(?:ly)? plan(?:ner|ning)?\b.*"
    r"|.*\b(?:week|lesson|unit|term|spring|autumn|summer|session) ?\d.*|.*\bfocus of lesson|science concept|(?:lesson|week|day|unit|module|session)s? ?[\d.]*|[\W\d_]*)$",
    re.IGNORECASE,
)
_LEARNERS = ("pupils", "students", "learners", "children", "participants")
_SUBJECT_WORDS: tuple[tuple[str, str], ...] = (
    ("mathematics", r"maths?|mathematics|algebra|geometry|fractions?|arithmetic|numeracy|statistics|calculus"),
    ("computing", r"computing|computer science|coding|programming|python|scratch|algorithms?|ict|robotics"),
    ("science", r"science|biology|chemistry|physics|photosynthesis|ecosystems?|experiments?"),
    ("english", r"english language arts|ela|english|literacy|phonics|poetry|novels?|reading|writing"),
    ("history", r"history|historical|empires?|revolution|world war"),
    ("geography", r"geography|maps?|mapping|rivers?|climate|coasts?"),
    ("languages", r"french|spanish|german|mandarin|italian|efl|esl|esol|tefl|foreign language|mfl|latin"),
    ("art", r"art|arts|painting|drawing|sculpture|ceramics"),
    ("music", r"music|rhythm|singing|melody|instruments?"),
    ("drama", r"drama|theatre|theater|improvisation"),
    ("pe", r"pe|physical education|p\.e\.|sports?|gymnastics|football|basketball"),
    ("design_technology", r"design (?:and|&) technology|engineering|food technology|woodwork|textiles"),
    ("citizenship", r"citizenship|civics|social studies|pshe|economics|religious education"),
    ("early_years", r"early years|eyfs|preschool|nursery|early childhood"),
)
_SUBJECT_NAMES = (
    "maths?|mathematics|science|biology|chemistry|physics|english(?: language arts)?|ela|literacy|numeracy|history"
    "|geography|french|spanish|german|computing|computer science|art|music|drama|p\\.?e|physical education"
    "|citizenship|social studies|religious education|design (?:and|&) technology|ict|pshe|civics|economics"
)
_TITLE_PLACE = re.compile(
    rf"^(?=\S)(?:{_GRADE_PHRASE.pattern}|(?:class|form|stage|primary|ks) ?\d{{1,2}}\b)?[ ,]*"
    rf"(?:(?:{_SUBJECT_NAMES})\b)?\s*(?::|[–—]|\s-\s)\s*(?=\w)",
    re.IGNORECASE,
)
"""Grade, subject or both before the topic: "Year 6: rivers", "Grade 4 math - fractions"."""
_FUNCTION_WORDS = frozenset(
    re.findall(r"\w+", "a an and as at by for from how in into is of on or the to with what why when where our your")
)


@dataclass(frozen=True, slots=True)
class PlanFacts:
    """What a template needs to know of a plan.

    Args:
        topic: As the plan names it, ready to stand inside a sentence; empty if none was found.
        grade: US grade number, or ``None``.
        grade_phrase: The grade in the plan's own words, such as "Year 4"; empty if none.
        subject: One of ``retrieval.SUBJECTS``, or ``None``.
        learners: The plan's own word for its pupils.
    """

    topic: str
    grade: int | None
    grade_phrase: str
    subject: str | None
    learners: str


def read_facts(text: str, segments: Sequence[Segment]) -> PlanFacts:
    """Read topic, grade, subject and the word for learners.

    Args:
        text: The plan.
        segments: Its segments.

    Returns:
        The facts; what is not found is left open, never guessed.
    """
    head = text[:4000]
    grade_field = _GRADE_FIELD.search(head)
    phrase = _GRADE_PHRASE.search(grade_field["value"] if grade_field else "") or _GRADE_PHRASE.search(head[:1500])
    grade = parse_grade(grade_field["value"]) if grade_field else None
    if grade is None and phrase:
        grade = parse_grade(phrase.group())
    return PlanFacts(
        topic=_topic(text, head, segments),
        grade=grade,
        grade_phrase=_grade_phrase(phrase, grade_field),
        subject=_subject(head, text),
        learners=_learners(text),
    )


def _topic(text: str, head: str, segments: Sequence[Segment]) -> str:
    fields = [match["value"] for match in _TOPIC.finditer(head)]
    headings = [segment.text for segment in segments[:12] if segment.kind is SegmentKind.HEADING]
    first = [segments[0].text.split("\n", 1)[0]] if segments else []
    for candidate in (*fields, *headings[:3], *first):
        topic = _clean_title(candidate)
        if topic and not _GENERIC.match(topic) and len(topic.split()) <= 12:
            return _sentence_case(topic, text)
    return ""


def _clean_title(title: str) -> str:
    topic = _trimmed(_LABEL.sub("", _trimmed(title[:_MAX_TITLE])))
    for _ in range(3):
        shorter = _trimmed(_TITLE_PLACE.sub("", _TITLE_NOISE.sub("", topic)))
        if not shorter or shorter == topic:
            break
        topic = shorter
    # "Ramps; ramp tests": the first part is the topic, and a semicolon inside a sentence would part it
    topic = re.split(r" \| |; ", re.sub(r"\s*\([^()]{0,80}\)$", "", topic))[0]
    # marks of markup or of another template language must not enter a suggestion
    return " ".join(re.sub(r"<[^<>]{0,80}>|[<>{}*`#\[\]]", " ", topic).split())


def _trimmed(title: str) -> str:
    """Without marks and spaces at both ends; a closing bracket stays."""
    start = _EDGE_START.match(title)
    end = len(title)
    while end and not (title[end - 1].isalnum() or title[end - 1] == ")"):
        end -= 1
    return title[start.end() if start else 0 : end]


def _sentence_case(topic: str, text: str) -> str:
    """Lower the first letter of words that the plan itself writes in lower case elsewhere."""
    lower = set(re.findall(r"\b[a-z][a-z'’-]+\b", text))

    def word(match: re.Match[str]) -> str:
        plain = match.group()
        known = plain.lower() in lower or plain.lower() in _FUNCTION_WORDS
        return plain.lower() if plain[1:].islower() and known else plain

    return re.sub(r"\b[A-Z][A-Za-z'’-]+\b|\bA\b", word, topic)


def _subject(head: str, text: str) -> str | None:
    field = _SUBJECT_FIELD.search(head)
    if field:
        for subject, words in _SUBJECT_WORDS:
            if re.search(rf"\b(?:{words})\b", field["value"], re.IGNORECASE):
                return subject
    for subject, words in _SUBJECT_WORDS:
        # "Year 8 science" names the subject as surely as a field does
        if re.search(rf"(?:{_GRADE_PHRASE.pattern})[ ,:–-]+(?:{words})\b", head[:600], re.IGNORECASE):
            return subject
    counts = {subject: len(re.findall(rf"\b(?:{words})\b", text, re.IGNORECASE)) for subject, words in _SUBJECT_WORDS}
    best = max(counts, key=lambda subject: counts[subject])
    second = sorted(counts.values())[-2]
    return best if counts[best] >= 3 and counts[best] >= 2 * second else None


def _learners(text: str) -> str:
    counts = {word: len(re.findall(rf"\b{word}\b", text, re.IGNORECASE)) for word in _LEARNERS}
    best = max(_LEARNERS, key=lambda word: counts[word])
    return best if counts[best] else "pupils"


def _grade_phrase(phrase: re.Match[str] | None, field: re.Match[str] | None) -> str:
    if phrase:
        return phrase.group()[:1].upper() + phrase.group()[1:]
    bare = field["value"].strip(" \t\r\"'*_") if field else ""
    return f"Grade {bare}" if field and bare.isdecimal() and "grade" in field.group().lower() else ""
