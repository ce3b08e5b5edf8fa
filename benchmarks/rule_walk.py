"""Random conversations, and what is recorded of each step for the checks."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from benchmarks.rule_world import PLANS, RuleWorld
from chatbot.coach import LessonCoach
from chatbot.event_json import dump_event, load_event
from chatbot.events import Decision, Event
from chatbot.session import Turn
from chatbot.state import CoachState
from mtl_core.errors import InputError
from mtl_core.reading import Analysis
from mtl_core.rubric import MEASURES
from retrieval import TemplateLibrary

__all__ = ["ACTIONS", "Step", "Walk", "random_actions", "walk"]

Action = tuple[str, int]
"""What is done, and a number that chooses its details."""

ACTIONS = (
    "use",
    "use",
    "edit",
    "edit_same",
    "not_now",
    "not_relevant",
    "already_there",
    "already_there_quote",
    "revise",
    "paste",
    "undo",
    "redo",
    "shorter",
    "idea",
    "why",
    "search",
    "hello",
    "thanks",
    "explain",
    "yes",
    "no",
    "year",
    "minutes",
    "pause",
    "resume",
    "stop",
    "mute",
    "export",
    "typed_use",
    "typed_not_now",
    "bad_quote",
    "stale",
    "restore",
    "another",
    "search_then_second",
    "idea_for",
)
_KEYS = tuple(MEASURES)
_TYPED = {
    "hello": "hello",
    "thanks": "thank you",
    "explain": "what is modelling?",
    "yes": "yes",
    "no": "no",
    "year": "Year 4",
    "minutes": "10 minutes",
    "export": "export",
    "typed_use": "use it",
    "typed_not_now": "not now",
    "search": "a quiz about rivers",
    "another": "another idea",
}


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a conversation.

    Args:
        action: What was done.
        before: The state before.
        earlier: The reading before; ``None`` at the first step.
        events: What was recorded.
        turn: What was answered; ``None`` where it was refused.
        after: The state after.
    """

    action: str
    before: CoachState
    earlier: Analysis | None
    events: tuple[Event, ...]
    turn: Turn | None
    after: CoachState


@dataclass(frozen=True, slots=True)
class Walk:
    """A whole conversation.

    Args:
        steps: In order, the first one opens a plan.
        library: The templates there are.
        coach: As it stands at the end.
        fresh: Makes another coach of the same world.
    """

    steps: list[Step]
    library: TemplateLibrary
    coach: LessonCoach
    fresh: Callable[[], LessonCoach]
    problems: list[str] = field(default_factory=list)


def random_actions(rng: random.Random, *, most: int = 14) -> list[Action]:
    """Actions for one conversation.

    Args:
        rng: Source of chance.
        most: The most actions.

    Returns:
        Between one and ``most`` actions.
    """
    return [(rng.choice(ACTIONS), rng.randrange(1000)) for _ in range(rng.randint(1, most))]


def walk(world: RuleWorld, plan: int, actions: Sequence[Action]) -> Walk:
    """Hold a conversation.

    Args:
        world: Gives coaches.
        plan: Chooses the plan.
        actions: What the teacher does.

    Returns:
        The record. A step that is refused leaves everything as it was, else that is a problem.
    """
    coach = world.coach()
    turn = coach.open(PLANS[plan % len(PLANS)])
    record = Walk(
        [Step("open", CoachState(), None, coach.events, turn, coach.state)], world.library, coach, world.coach
    )
    for name, number in actions:
        before, known, earlier = coach.state, coach.events, coach.turn().analysis
        if name == "restore":
            coach = _restored(coach, record, world)
            continue
        answer: Turn | None
        try:
            answer = _do(coach, name, number)
        except InputError:
            answer = None
            if coach.events != known or coach.state != before:
                record.problems.append(f"{name}: refused, and yet something changed")
        new = coach.events[len(known) :]
        record.steps.append(Step(name, before, earlier, new, answer, coach.state))
    return Walk(record.steps, record.library, coach, world.coach, record.problems)


def _restored(coach: LessonCoach, record: Walk, world: RuleWorld) -> LessonCoach:
    again = world.coach()
    again.restore([load_event(dump_event(event)) for event in coach.events])
    if again.state != coach.state or again.pending != coach.pending or again.turn().text != coach.turn().text:
        record.problems.append("restore: the conversation differs")
    # the numbers of nudges go on, so the old coach is kept
    return coach


def _do(coach: LessonCoach, name: str, number: int) -> Turn:  # noqa: C901 - one line an action
    pending = coach.pending
    waits = pending.id if pending else "none"
    text = coach.state.text
    match name:
        case "use" | "not_now" | "not_relevant" | "already_there":
            return coach.decide(waits, name)
        case "edit":
            mark = f" [{pending.measure}]" if pending and number % 2 else ""
            lost = f" [no {_KEYS[number % len(_KEYS)]}]" if number % 7 == 0 else ""
            return coach.decide(waits, "edit", text=f"Pupils do task {number}{mark}{lost}.")
        case "edit_same":
            return coach.decide(waits, "edit", text=pending.suggestion.upper() if pending else "x")
        case "already_there_quote":
            lines = [line for line in text.splitlines() if line.strip()]
            return coach.decide(waits, Decision.ALREADY_THERE, quote=lines[number % len(lines)])
        case "bad_quote":
            return coach.decide(waits, Decision.ALREADY_THERE, quote="There is no such sentence.")
        case "stale":
            return coach.decide("n0", "use")
        case "revise":
            return coach.revise(
                f"{text}\n\nPupils add a line [{_KEYS[number % len(_KEYS)]}{'?' * (number % 3 == 0)}].\n"
            )
        case "paste":
            return coach.revise(f"{text}\n\n{pending.suggestion if pending else 'Nothing new.'}\n")
        case "mute":
            return coach.mute(_KEYS[number % len(_KEYS)])
        case "search_then_second":
            coach.say(_TYPED["search"])
            return coach.say("the second one")
        case "idea_for":
            return coach.idea(measure=_KEYS[number % len(_KEYS)])
        case "undo" | "redo" | "shorter" | "idea" | "why" | "pause" | "resume" | "stop":
            turn: Turn = getattr(coach, name)()
            return turn
    return coach.say(_TYPED[name])
