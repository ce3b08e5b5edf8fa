"""The second half of the rules as checks of a recorded walk."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType

from benchmarks import rule_checks as first
from benchmarks.rule_checks import CheckFunction
from benchmarks.rule_walk import Step, Walk
from chatbot.events import (
    Decided,
    Decision,
    ExportOffered,
    GradeStated,
    IdeaAsked,
    Muted,
    NudgeOffered,
    NudgeRepeated,
    NudgeReplaced,
    Paused,
    PlanRead,
    QuestionAsked,
    Resumed,
    Stopped,
)
from chatbot.measure_rules import RULES
from chatbot.nudges import fill, name_of
from chatbot.plan_facts import read_facts
from chatbot.readability import fits_grade
from chatbot.resuming import same_words
from chatbot.wording import count_sentences
from mtl_core.rubric import MEASURES
from mtl_core.segments import segment_document

__all__ = ["CHECKS", "breaches"]

_ACCEPTS = (Decision.USE, Decision.EDIT)
_SOCIAL = re.compile(
    r"\b(?:most|many|other|all) (?:teachers|colleagues|schools)|everyone else|your peers", re.IGNORECASE
)
_TOTAL = re.compile(
    r"\b(?:total|overall|scores?|rank(?:ed|ing)?|leaderboard|shared with)\b|\d+ ?(?:/|out of) ?14|\d ?%", re.IGNORECASE
)
_CHOSEN = ("idea_for", "search_then_second", "shorter", "minutes")
"""Acts by which the teacher names the gap or the template, so that no order or choice of the coach's is left."""

_DIGRESSIONS = ("hello", "thanks", "explain", "search", "year", "minutes")


def no_nagging(walk: Walk) -> Iterator[str]:
    """10. What was dismissed is not raised again for this version; "not relevant" holds for the plan."""
    dismissed: set[str] = set()
    muted: set[str] = set()
    measures: dict[str, str] = {}
    for step in walk.steps:
        for event in step.events:
            if isinstance(event, PlanRead) and event.revised and event.text != step.before.text:
                dismissed = set()
            elif isinstance(event, NudgeOffered):
                measures[event.nudge_id] = event.measure
                if event.measure in dismissed | muted:
                    yield f"{event.measure} was raised again"
            elif isinstance(event, Decided):
                dismissed.add(measures[event.nudge_id])
                if event.decision is Decision.NOT_RELEVANT:
                    muted.add(measures[event.nudge_id])


def opt_out(walk: Walk) -> Iterator[str]:
    """11. Pause, stop and mute hold at once and until the teacher asks."""
    quiet = False
    muted: set[str] = set()
    for step in walk.steps:
        asked = any(isinstance(e, IdeaAsked | Resumed) for e in step.events)
        for event in step.events:
            if isinstance(event, Paused | Stopped):
                quiet = True
            elif isinstance(event, Resumed):
                quiet = False
            elif isinstance(event, IdeaAsked):
                quiet = quiet and step.after.paused
            elif isinstance(event, Muted):
                muted.add(event.measure)
            elif isinstance(event, NudgeOffered) and (event.measure in muted or (quiet and not asked)):
                yield "a nudge came against the teacher's wish"


def why_this(walk: Walk) -> Iterator[str]:
    """12. Definition, band, the sentences considered or none, template and licence."""
    for step in walk.steps:
        if step.action != "why" or step.turn is None or step.before.pending is None:
            continue
        said = step.turn.messages[0]
        template = walk.library[step.before.pending.template_id]
        evidence = step.turn.analysis.measures[step.before.pending.measure].evidence
        parts = [MEASURES[step.before.pending.measure].definition, template.title, template.licence]
        parts.append("none found" if not evidence else "Sentences considered: “")
        if any(part not in said for part in parts) or " sure" not in said:
            yield "the explanation lacks a part"


def asks_in_doubt(walk: Walk) -> Iterator[str]:
    """13. Between the thresholds the coach asks instead of telling."""
    for step, event in first.offers(walk):
        doubt = step.after.judgements[event.measure].verdict == "unsure"
        if doubt != event.unsure:
            yield "the nudge does not know that the reading is in doubt"
        if doubt and re.search(r"did not find|could not find", event.message):
            yield f"told in doubt: {event.message!r}"


def teachers_word(walk: Walk) -> Iterator[str]:
    """14. "Already there" sets the measure by the teacher's word, with the quote, and is kept."""
    for step, event in first.decisions(walk, Decision.ALREADY_THERE):
        measure = step.before.pending.measure if step.before.pending else ""
        said = step.turn.said[0].text if step.turn else ""
        if event.quote not in step.before.text or step.after.stated.get(measure) != event.quote:
            yield "the teacher's word is not kept"
        if not said.startswith("Thank you"):
            yield f"an argument: {said!r}"
        reading = step.turn.analysis.measures[measure] if step.turn else None
        if event.quote and reading and (reading.verdict != "present" or reading.evidence[0].quote != event.quote):
            yield "the measure does not stand as the teacher said"


def verified(walk: Walk) -> Iterator[str]:
    """15. What is found is quoted from the changed text; what dropped is named; else it offers undo."""
    for step, event in first.decisions(walk, *_ACCEPTS):
        if step.turn is None or step.before.pending is None or step.earlier is None or step.action == "paste":
            continue
        report, now = step.turn.messages[0], step.turn.analysis.measures
        if not step.turn.analysis.is_lesson_plan:
            continue
        if "I now find evidence" in report:
            quote = report.partition("“")[2].partition("”")[0].removesuffix(" …")
            if not quote or quote not in step.after.text[event.start : event.end]:
                yield f"the quote is not in the new text: {report!r}"
        elif now[step.before.pending.measure].verdict == "present" and "in another place" not in report:
            yield "evidence is not named"
        elif now[step.before.pending.measure].verdict != "present" and "undo" not in report:
            yield "undo is not offered"
        for key, reading in step.earlier.measures.items():
            if reading.verdict == "present" and now[key].verdict != "present" and name_of(key) not in report:
                yield f"{key} dropped and is not named"


def added_is_not_adapted(walk: Walk) -> Iterator[str]:
    """16. A template pasted as it is counts as added."""
    for step, event in first.decisions(walk, *_ACCEPTS):
        pending = step.before.pending
        if pending is None:
            continue
        if event.adapted == same_words(event.text, pending.suggestion):
            yield "adapted is not what happened"
        if step.turn and "The template is added" in step.turn.messages[0] and event.adapted:
            yield "an adapted text is called a template"


def ordered_gaps(walk: Walk) -> Iterator[str]:
    """17. Value, probability and effort, prerequisites first, ties in the order of the rubric."""
    for step, event in first.offers(walk):
        if step.action in _CHOSEN:
            continue
        state = step.after
        silent = state.silent - {event.measure}
        gaps = [k for k in RULES if state.judgements[k].verdict != "present" and k not in silent]

        def blocked(key: str, gaps: list[str] = gaps) -> bool:
            return bool(RULES[key].needs) and all(need in gaps for need in RULES[key].needs)

        def worth(key: str, step: Step = step) -> float:
            rule = RULES[key]
            return rule.value * (1 - step.after.judgements[key].probability) * (1 - 0.2 * (rule.effort - 1))

        used = state.used_templates - {event.template_id}
        able = [k for k in gaps if any(k in t.measures and t.id not in used for t in walk.library.values())]
        free = [k for k in able if not blocked(k)]
        if blocked(event.measure) and free:
            yield f"{event.measure} came before what it needs"
        elif free and worth(event.measure) < max(map(worth, free)) - 1e-9:
            yield f"{event.measure} came before a gap of more worth"


def fits_the_grade(walk: Walk) -> Iterator[str]:
    """18. The suggestion reads easily enough for the grade where one does; the grade is asked once."""
    questions = [e for s in walk.steps for e in s.events if isinstance(e, QuestionAsked) and e.topic == "grade"]
    if len(questions) > 1:
        yield "the grade was asked twice"
    for step, event in first.offers(walk):
        if step.action == "search_then_second":
            continue
        facts = read_facts(step.after.text, segment_document(step.after.text))
        stated = [e.grade for s in walk.steps for e in s.events if isinstance(e, GradeStated)]
        grade = step.after.grade if step.after.grade is not None else facts.grade
        if stated and step.after.grade not in (None, *stated):
            yield "the grade is not what the teacher said"
        template = walk.library[event.template_id]
        if grade is None or fits_grade(fill(template.text, template=template, facts=facts), grade):
            continue
        used = step.after.used_templates
        # whoever asks for a shorter one may get a harder one
        waited = step.before.pending if step.action == "shorter" else None
        for other in walk.library.values():
            same = event.measure in other.measures and "any" in other.subjects and step.after.minutes is None
            same = same and (waited is None or other.minutes < walk.library[waited.template_id].minutes)
            text = fill(other.text, template=other, facts=facts)
            if same and other.id not in used and grade in other.grades and fits_grade(text, grade):
                yield f"{template.id} is harder than {other.id}"


def no_social_proof(walk: Walk) -> Iterator[str]:
    """19. Nothing is urged by what others do."""
    for _, said in first.own_words_said(walk):
        if _SOCIAL.search(said.text):
            yield said.text


def nothing_is_ranked(walk: Walk) -> Iterator[str]:
    """20. No total, no ranking, no sharing."""
    for _, said in first.own_words_said(walk):
        if _TOTAL.search(re.sub(r"“[^”]*”", "", said.text)):
            yield said.text


def ends_well(walk: Walk) -> Iterator[str]:
    """21. One line at the end, and one offer to export."""
    offers = [e for step in walk.steps for e in step.events if isinstance(e, ExportOffered)]
    if len(offers) > 1:
        yield "the export was offered twice"
    for step in walk.steps:
        farewells = [s for s in step.turn.said if s.kind == "goodbye"] if step.turn else []
        if any(isinstance(e, Stopped) for e in step.events) and len(farewells) != 1:
            yield "it stopped without a word"
        for said in farewells:
            if "\n" in said.text or count_sentences(said.text) != 1:
                yield f"more than a line: {said.text!r}"
            if ("export" in said.text) is step.before.export_offered:
                yield "the offer to export is missing or made again"


def digressions(walk: Walk) -> Iterator[str]:
    """22. A digression is answered, the nudge kept and offered once more."""
    repeated: list[str] = []
    for step in walk.steps:
        repeated += [e.nudge_id for e in step.events if isinstance(e, NudgeRepeated)]
        pending = step.before.pending
        if step.action not in _DIGRESSIONS or pending is None or step.turn is None:
            continue
        if step.after.pending and any(isinstance(e, NudgeReplaced) for e in step.events):
            if step.action != "minutes" or step.after.pending.measure != pending.measure:
                yield f"{step.action}: another nudge took the place of the one that waits"
            continue
        if step.after.pending != pending or not step.turn.said or any(isinstance(e, PlanRead) for e in step.events):
            yield f"{step.action}: the nudge was lost or nothing was answered"
        reminded = any(s.kind == "reminder" for s in step.turn.said)
        if reminded is (step.before.repeated or step.before.paused):
            yield f"{step.action}: offered again too often or not at all"
    if len(set(repeated)) != len(repeated):
        yield "a nudge was offered again twice"


_IN_ORDER: tuple[CheckFunction, ...] = (
    first.true_praise_first, first.one_nudge_waits, first.short_before_the_suggestion, first.grounded,
    first.kind_words, first.exits_of_equal_effort, first.text_changes_on_accept_only, first.nudges_at_boundaries,
    first.fatigue, no_nagging, opt_out, why_this, asks_in_doubt, teachers_word, verified, added_is_not_adapted,
    ordered_gaps, fits_the_grade, no_social_proof, nothing_is_ranked, ends_well, digressions,
)  # fmt: skip
CHECKS: Mapping[int, CheckFunction] = MappingProxyType(dict(enumerate(_IN_ORDER, 1)))
"""Check by number of the rule."""


def breaches(walk: Walk) -> list[tuple[int, str]]:
    """Every breach of every rule in a conversation.

    Args:
        walk: The record.

    Returns:
        Number of the rule (0 where the conversation itself went astray) and what happened.
    """
    found = [(0, problem) for problem in walk.problems]
    return found + [(number, breach) for number, check in CHECKS.items() for breach in check(walk)]
