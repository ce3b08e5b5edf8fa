"""What happened in a conversation: plain data, appended and never changed."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

__all__ = ["Decided", "Decision", "Event", "Judgement", "NudgeOffered", "PlanRead", "Undone"]


class Decision(StrEnum):
    """What a teacher may do with a nudge."""

    USE = "use"
    EDIT = "edit"
    NOT_NOW = "not_now"
    NOT_RELEVANT = "not_relevant"


@dataclass(frozen=True, slots=True)
class Judgement:
    """One measure as it was read.

    Args:
        probability: Calibrated probability that it is present.
        verdict: ``present``, ``absent`` or ``unsure``.
        quotes: Passages of the plan with their start offsets, strongest first.
    """

    probability: float
    verdict: str
    quotes: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True)
class PlanRead:
    """A version of the plan was read.

    Args:
        text: The version.
        judgements: What was read in it.
        revised: Whether the teacher gave this version, at the start or by an edit of the plan; false
            where an accepted nudge made it.
    """

    text: str
    judgements: dict[str, Judgement]
    revised: bool = True


@dataclass(frozen=True, slots=True)
class NudgeOffered:
    """One suggestion was put to the teacher."""

    nudge_id: str
    measure: str
    template_id: str


@dataclass(frozen=True, slots=True)
class Decided:
    """The teacher answered a nudge.

    Args:
        nudge_id: Which.
        decision: The answer.
        start: Where text was inserted; -1 where none was.
        end: After the inserted text.
    """

    nudge_id: str
    decision: Decision
    start: int = -1
    end: int = -1


@dataclass(frozen=True, slots=True)
class Undone:
    """The last change of the text was taken back."""

    text: str
    judgements: dict[str, Judgement]


Event = PlanRead | NudgeOffered | Decided | Undone
