"""What to do next: pure rules over the state, so that each can be tested for every history."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from chatbot.events import Judgement
from chatbot.state import CoachState

__all__ = ["MeasureRule", "may_offer", "praised_measure", "ranked_gaps"]

NUDGES_BEFORE_ASKING = 3
DISMISSALS_BEFORE_QUIET = 2
_COST_OF_EFFORT = 0.2


@dataclass(frozen=True, slots=True)
class MeasureRule:
    """What the policy knows of a measure.

    Args:
        value: How much a repair usually helps, 1 to 3.
        needs: Measures of which one has to be in place before this one is raised.
        effort: What a repair asks of the teacher, 1 (a line in the plan) to 3 (another course of the lesson).
    """

    value: int
    needs: tuple[str, ...] = ()
    effort: int = 1


def ranked_gaps(
    judgements: Mapping[str, Judgement], rules: Mapping[str, MeasureRule], *, silent: frozenset[str] = frozenset()
) -> list[str]:
    """Measures that the plan does not show, the most valuable first.

    A gap whose prerequisite is itself an open gap comes after all others, and after its prerequisite. Value
    counts times the probability that the measure is missing, less a fifth for each step of effort; ties keep the
    order of the rubric.

    Args:
        judgements: The reading.
        rules: Value and prerequisites by measure, in the order of the rubric.
        silent: Measures that are not to be raised.

    Returns:
        Measure keys.
    """
    open_gaps = [key for key in rules if key in judgements and judgements[key].verdict != "present"]
    raised = [key for key in open_gaps if key not in silent]

    def depth(key: str, seen: frozenset[str] = frozenset()) -> int:
        needs = rules[key].needs
        if not needs or key in seen or any(need not in raised for need in needs):
            return 0
        return 1 + min(depth(need, seen | {key}) for need in needs)

    def worth(key: str) -> float:
        ease = 1 - _COST_OF_EFFORT * (rules[key].effort - 1)
        return rules[key].value * (1 - judgements[key].probability) * ease

    return sorted(raised, key=lambda key: (depth(key), -worth(key)))


def may_offer(state: CoachState, *, asked: bool) -> bool:
    """Whether a nudge may be shown now.

    One nudge waits at most. Without being asked, the coach waits after every third nudge, stays quiet
    after two dismissals in a row, and says nothing while it is paused or stopped.

    Args:
        state: The state.
        asked: Whether the teacher asked for an idea.
    """
    if state.pending is not None:
        return False
    if asked:
        return True
    quiet = state.paused or state.stopped or state.dismissals_in_a_row >= DISMISSALS_BEFORE_QUIET
    return not quiet and state.offered_in_a_row < NUDGES_BEFORE_ASKING


def praised_measure(judgements: Mapping[str, Judgement], rules: Mapping[str, MeasureRule]) -> str | None:
    """The present measure to praise: the surest one of the highest value, with a quote; else ``None``."""
    present = [key for key in rules if key in judgements and judgements[key].verdict == "present"]
    quoted = [key for key in present if judgements[key].quotes]
    return max(quoted, key=lambda key: (rules[key].value, judgements[key].probability), default=None)
