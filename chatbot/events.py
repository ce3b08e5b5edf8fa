"""What happened in a conversation: plain data, appended and never changed."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

__all__ = [
    "Decided",
    "Decision",
    "Event",
    "ExportOffered",
    "GradeStated",
    "IdeaAsked",
    "Judgement",
    "MinutesStated",
    "Muted",
    "NudgeOffered",
    "NudgeRepeated",
    "NudgeReplaced",
    "Paused",
    "PlanRead",
    "QuestionAsked",
    "Redone",
    "Resumed",
    "Role",
    "Said",
    "SaidKind",
    "Stopped",
    "Topic",
    "Undone",
    "Verdict",
]

Role = Literal["teacher", "coach"]
SaidKind = Literal[
    "message", "praise", "nudge", "report", "question", "explanation", "search", "notice", "reminder", "goodbye"
]
Topic = Literal["grade", "go_on"]
Verdict = Literal["present", "absent", "unsure"]


class Decision(StrEnum):
    """What a teacher may do with a nudge."""

    USE = "use"
    EDIT = "edit"
    NOT_NOW = "not_now"
    NOT_RELEVANT = "not_relevant"
    ALREADY_THERE = "already_there"


@dataclass(frozen=True, slots=True)
class Judgement:
    """One measure as it was read.

    Args:
        probability: Calibrated probability that it is present.
        verdict: ``present``, ``absent`` or ``unsure``.
        quotes: Passages of the plan with their start offsets, strongest first.
    """

    probability: float
    verdict: Verdict
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
    """One suggestion was put to the teacher.

    Args:
        nudge_id: Names it in a decision.
        measure: The gap that it is for.
        template_id: What it was made from.
        message: The words that offered it; kept, so that a conversation that is taken up shows the very same.
        suggestion: The text that would go into the plan.
        unsure: Whether the reading was in the band of doubt, so that the coach asked.
    """

    nudge_id: str
    measure: str
    template_id: str
    message: str = ""
    suggestion: str = ""
    unsure: bool = False


@dataclass(frozen=True, slots=True)
class NudgeRepeated:
    """The pending nudge was put to the teacher once more, after a digression.

    Args:
        nudge_id: Which.
    """

    nudge_id: str


@dataclass(frozen=True, slots=True)
class NudgeReplaced:
    """The teacher asked for another suggestion in place of the pending one, which is no answer to it.

    Args:
        nudge_id: Which made room.
    """

    nudge_id: str


@dataclass(frozen=True, slots=True)
class Decided:
    """The teacher answered a nudge.

    Args:
        nudge_id: Which.
        decision: The answer.
        start: Where text was inserted; -1 where none was.
        end: After the inserted text.
        text: What was inserted.
        quote: With ``already_there``, the passage of the plan that shows the measure.
        reason: In the teacher's words, if any were given.
        adapted: Whether the teacher changed the suggestion before it went in; a template as it is does not count.
    """

    nudge_id: str
    decision: Decision
    start: int = -1
    end: int = -1
    text: str = ""
    quote: str = ""
    reason: str = ""
    adapted: bool = False


@dataclass(frozen=True, slots=True)
class Undone:
    """The last change of the text was taken back.

    Args:
        text: The version that the plan went back to.
        judgements: The reading of it.
    """

    text: str
    judgements: dict[str, Judgement]


@dataclass(frozen=True, slots=True)
class Redone:
    """The change that was taken back last was made again.

    Args:
        text: The version that the plan went forward to.
        judgements: The reading of it.
    """

    text: str
    judgements: dict[str, Judgement]


@dataclass(frozen=True, slots=True)
class Said:
    """Words of the conversation, kept so that it can be shown again; no rule looks at them.

    Args:
        role: Who spoke.
        text: The words.
        kind: What they were for.
    """

    role: Role
    text: str
    kind: SaidKind = "message"


@dataclass(frozen=True, slots=True)
class IdeaAsked:
    """The teacher asked for an idea."""


@dataclass(frozen=True, slots=True)
class Paused:
    """The teacher asked for no further nudges until told otherwise."""


@dataclass(frozen=True, slots=True)
class Resumed:
    """The teacher asked to go on."""


@dataclass(frozen=True, slots=True)
class Stopped:
    """The teacher ended the conversation."""


@dataclass(frozen=True, slots=True)
class Muted:
    """The teacher wants to hear no more of a measure for this plan.

    Args:
        measure: Which.
    """

    measure: str


@dataclass(frozen=True, slots=True)
class GradeStated:
    """The teacher said whom the lesson is for.

    Args:
        grade: US grade, 0 (kindergarten and younger) to 13 (adults).
        phrase: As it was typed, such as "Year 4"; empty where only the number is known.
    """

    grade: int
    phrase: str = ""


@dataclass(frozen=True, slots=True)
class MinutesStated:
    """The teacher said how long a suggestion may take.

    Args:
        minutes: The most minutes.
    """

    minutes: int


@dataclass(frozen=True, slots=True)
class QuestionAsked:
    """The coach asked something that the teacher may answer.

    Args:
        topic: ``grade`` asks whom the lesson is for, ``go_on`` whether further ideas are wanted.
    """

    topic: Topic


@dataclass(frozen=True, slots=True)
class ExportOffered:
    """The coach offered to write the plan to a file, which it does once."""


Event = (
    PlanRead
    | NudgeOffered
    | NudgeRepeated
    | NudgeReplaced
    | Decided
    | Undone
    | Redone
    | Said
    | IdeaAsked
    | Paused
    | Resumed
    | Stopped
    | Muted
    | GradeStated
    | MinutesStated
    | QuestionAsked
    | ExportOffered
)
