"""The rules of the conversation as checks of a recorded walk: each gives a sentence for every breach."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from benchmarks.rule_walk import Step, Walk
from chatbot.events import (
    Decided,
    Decision,
    IdeaAsked,
    Muted,
    NudgeOffered,
    NudgeReplaced,
    PlanRead,
    Redone,
    Resumed,
    Said,
    Stopped,
    Undone,
)
from chatbot.nudges import name_of
from chatbot.wording import MAX_SENTENCES, MAX_WORDS, count_sentences, count_words, forbidden_words
from mtl_core.rubric import MEASURES

__all__ = [
    "CheckFunction",
    "decisions",
    "exits_of_equal_effort",
    "fatigue",
    "grounded",
    "kind_words",
    "nudges_at_boundaries",
    "offers",
    "one_nudge_waits",
    "own_words_said",
    "short_before_the_suggestion",
    "text_changes_on_accept_only",
    "true_praise_first",
]

_OWN = ("praise", "nudge", "report", "question", "reminder", "goodbye", "message")
_DISMISSALS = (Decision.NOT_NOW, Decision.NOT_RELEVANT)
_ACCEPTS = (Decision.USE, Decision.EDIT)
# words of the frames that carry no content of their own
_FRAME = frozenset(
    re.findall(
        "[a-z]+",
        "a about add already also am and another as at be been bring by could did do does find found for from "
        "has have help i in is it learner learners less meant minute minutes not of on one or plan pupil "
        "pupils see so supported sure that the there this to try up what whether which with would yet "
        "you your ",
    )
)


def offers(walk: Walk) -> Iterator[tuple[Step, NudgeOffered]]:
    """Every nudge with the step in which it came."""
    for step in walk.steps:
        for event in step.events:
            if isinstance(event, NudgeOffered):
                yield step, event


def own_words_said(walk: Walk) -> Iterator[tuple[Step, Said]]:
    """What the coach said in its own words, with the step."""
    for step in walk.steps:
        for said in step.turn.said if step.turn else ():
            if said.kind in _OWN:
                yield step, said


def decisions(walk: Walk, *choices: Decision) -> Iterator[tuple[Step, Decided]]:
    """Decisions of some kinds, with the step."""
    for step in walk.steps:
        for event in step.events:
            if isinstance(event, Decided) and event.decision in choices:
                yield step, event


def true_praise_first(walk: Walk) -> Iterator[str]:
    """1. One measure that is present, in the teacher's words; none for a plan that shows nothing."""
    for step in walk.steps:
        if step.turn is None:
            continue
        present = [key for key, r in step.turn.analysis.measures.items() if r.verdict == "present" and r.evidence]
        if step.action != "open":
            if step.turn.praise:
                yield "praise came later than the first reading"
        elif bool(step.turn.praise) != bool(present):
            yield "praise is missing or invented"
        elif step.turn.praise:
            quote = step.turn.praise.partition("“")[2].rpartition("”")[0].removesuffix(" …")
            named = any(name_of(key) in step.turn.praise for key in present)
            if step.turn.said[0].text != step.turn.praise or not named or not quote or quote not in step.turn.text:
                yield "praise is not first, or not the teacher's words"


def one_nudge_waits(walk: Walk) -> Iterator[str]:
    """2. One pending nudge at most."""
    waiting = False
    for step in walk.steps:
        for event in step.events:
            if isinstance(event, NudgeOffered):
                if waiting:
                    yield "a second nudge was offered"
                waiting = True
            elif (
                isinstance(event, Decided | NudgeReplaced | Undone | Redone | Stopped)
                or (isinstance(event, PlanRead) and step.action != "open")
                or (isinstance(event, Muted) and step.after.pending is None)
            ):
                waiting = False


def short_before_the_suggestion(walk: Walk) -> Iterator[str]:
    """3. At most 60 words and two sentences before the suggestion block."""
    for step, event in offers(walk):
        said = step.turn.said if step.turn else ()
        until = next(row for row, s in enumerate(said) if s.text == event.message)
        spoken = [s.text for s in said[: until + 1]]
        if sum(map(count_words, spoken)) > MAX_WORDS or sum(map(count_sentences, spoken)) > MAX_SENTENCES:
            yield f"too long: {' '.join(spoken)}"


def grounded(walk: Walk) -> Iterator[str]:
    """4. Every number, name and content noun comes from the plan, the template or the rubric."""
    for step, event in offers(walk):
        template, measure = walk.library[event.template_id], MEASURES[event.measure]
        source = f"{step.after.text} {template.title} {template.text} {template.minutes} {step.after.grade_phrase}"
        rubric = f"{measure.title} {measure.definition} {' '.join(m.definition for m in MEASURES.values())}"
        known = _words(f"{source} {rubric} today's topic")
        for word in _words(event.message) - known - _FRAME:
            yield f"{word!r} in a message comes from nowhere"
        for word in _words(event.suggestion) - _words(source) - _words("today's topic students children learners"):
            if word not in {"student", "child", "learner", "participant", "participants"}:
                yield f"{word!r} in a suggestion comes from nowhere"


def _words(text: str) -> set[str]:
    return set(re.findall(r"[a-z]+|\d+", text.lower()))


def kind_words(walk: Walk) -> Iterator[str]:
    """5. An offer is a question; no word commands, blames or scores."""
    for _, said in own_words_said(walk):
        if found := forbidden_words(said.text):
            yield f"{found} in {said.text!r}"
    for _, event in offers(walk):
        if not event.message.endswith("?") or "help" not in event.message:
            yield f"no offer: {event.message!r}"


def exits_of_equal_effort(walk: Walk) -> Iterator[str]:
    """6. Each answer to the pending nudge takes one act, and the typed words are the same event."""
    if walk.coach.pending is None:
        return
    typed = {Decision.USE: "use it", Decision.NOT_NOW: "not now", Decision.NOT_RELEVANT: "not relevant"}
    typed |= {Decision.EDIT: "edit: My own line.", Decision.ALREADY_THERE: "it's already there"}
    for decision in Decision:
        found = []
        for by_button in (True, False):
            coach = walk.fresh()
            coach.restore(walk.coach.events)
            known = len(coach.events)
            if by_button:
                coach.decide(walk.coach.pending.id, decision, text="My own line.")
            else:
                coach.say(typed[decision])
            found.append([e for e in coach.events[known:] if isinstance(e, Decided)])
        if found[0] != found[1] or len(found[0]) != 1:
            yield f"{decision}: button and words differ"


def text_changes_on_accept_only(walk: Walk) -> Iterator[str]:
    """7. The text changes on an accept or an edit; the change is shown; undo and redo are byte-exact."""
    versions: list[str] = []
    taken: list[str] = []
    for step in walk.steps:
        reads = [event for event in step.events if isinstance(event, PlanRead)]
        if step.action in ("open", "revise", "paste"):
            fresh = [e.text for e in reads if not versions or e.text != versions[-1]]
            versions, taken = versions + fresh, [] if fresh else taken
            continue
        accepted = [e for e in step.events if isinstance(e, Decided) and e.decision in _ACCEPTS]
        if any(isinstance(e, Undone) for e in step.events):
            taken.append(versions.pop())
        elif any(isinstance(e, Redone) for e in step.events):
            versions.append(taken.pop())
        elif accepted:
            start, end = accepted[0].start, accepted[0].end
            rest = step.after.text[:start] + step.after.text[end:]
            if rest.split() != step.before.text.split() or step.turn is None or step.turn.added != (start, end):
                yield "an accept changed more than it shows"
            versions.append(step.after.text)
            taken = []
        if step.after.text != versions[-1]:
            yield f"{step.action}: the text is not the version that it has to be"


def nudges_at_boundaries(walk: Walk) -> Iterator[str]:
    """8. Nudges come on reading a plan, after a decision and on request."""
    for step, _ in offers(walk):
        if not any(isinstance(event, PlanRead | Decided | IdeaAsked | Resumed) for event in step.events):
            yield f"{step.action}: a nudge came in between"


def _silent_after_three(step: Step, *, in_a_row: int, dismissed: int) -> bool:
    state, turn = step.after, step.turn
    if turn is None or in_a_row < 3 or dismissed >= 2 or state.paused or state.stopped or state.pending:
        return False
    # where a measure dropped, the offer to undo comes first
    ended = any(s.kind in ("question", "goodbye", "notice") or "undo takes the change" in s.text for s in turn.said)
    return any(isinstance(e, Decided) for e in step.events) and not ended


def fatigue(walk: Walk) -> Iterator[str]:
    """9. After three it asks whether to go on; two dismissals in a row stop what is not asked for."""
    in_a_row = dismissed = 0
    for step in walk.steps:
        for event in step.events:
            if isinstance(event, Resumed):
                in_a_row = dismissed = 0
            elif isinstance(event, IdeaAsked) or (isinstance(event, PlanRead) and event.revised):
                in_a_row = 0
            elif isinstance(event, Decided):
                dismissed = dismissed + 1 if event.decision in _DISMISSALS else 0
            elif isinstance(event, NudgeOffered):
                asked = any(isinstance(e, IdeaAsked | Resumed) for e in step.events)
                if not asked and (in_a_row >= 3 or dismissed >= 2):
                    yield "a nudge came though it was enough"
                in_a_row += 1
        if _silent_after_three(step, in_a_row=in_a_row, dismissed=dismissed):
            yield "after three nudges it did not ask whether to go on"


CheckFunction = Callable[[Walk], Iterator[str]]
