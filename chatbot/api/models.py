"""What the API takes and gives, checked at the boundary."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from chatbot.api.fields import WHOLE, Filled, Plan, Query, Text, Title
from mtl_core.rubric import MEASURES
from retrieval.templates import SUBJECTS, LessonTemplate

__all__ = [
    "ChangeSettings",
    "Conversation",
    "Deleted",
    "GiveDecision",
    "Health",
    "MeasureView",
    "NewThread",
    "NudgeView",
    "QuoteView",
    "ReadingView",
    "RevisePlan",
    "SaidView",
    "SearchFound",
    "SearchQuery",
    "SearchResult",
    "SendMessage",
    "SettingsView",
    "Span",
    "ThreadLine",
    "TurnView",
    "VersionView",
]


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Request(_Model):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class NewThread(_Request):
    """A plan to talk about."""

    text: Plan
    title: Title | None = None


class RevisePlan(_Request):
    """The teacher's own new version of the plan."""

    text: Plan


class SendMessage(_Request):
    """What the teacher types."""

    text: Annotated[Filled, Field(min_length=1, max_length=5_000, description="A message, such as: why?")]


class GiveDecision(_Request):
    """The teacher's answer to a nudge."""

    nudge_id: Annotated[Text, Field(min_length=1, max_length=200, description="Id of the nudge that waits.")]
    decision: Annotated[
        Literal["use", "edit", "not_now", "not_relevant", "already_there"], Field(description="The answer.")
    ]
    text: Annotated[
        Text | None, Field(max_length=5_000, description="With edit: the teacher's version of the suggestion.")
    ] = None
    quote: Annotated[
        Text | None, Field(max_length=5_000, description="With already_there: the passage of the plan, word for word.")
    ] = None
    reason: Annotated[Text | None, Field(max_length=1_000, description="With not_relevant: why; never needed.")] = None


class SearchQuery(_Request):
    """A search of the lesson templates."""

    query: Query
    k: Annotated[int, Field(ge=1, le=50, description="The most results."), WHOLE] = 5
    subject: Annotated[
        Text | None,
        Field(
            max_length=40, description="Only for it, or for any subject.", json_schema_extra={"enum": [*SUBJECTS, None]}
        ),
    ] = None
    grade: Annotated[int | None, Field(ge=0, le=13, description="US grade; 0 is kindergarten, 13 is adult."), WHOLE] = (
        None
    )
    minutes: Annotated[int | None, Field(ge=0, le=240, description="The most minutes that it takes."), WHOLE] = None
    measure: Annotated[
        Text | None,
        Field(
            max_length=40, description="Only what repairs this measure.", json_schema_extra={"enum": [*MEASURES, None]}
        ),
    ] = None


class ChangeSettings(_Request):
    """What an owner chooses; what is left out stays as it is."""

    # days and no end at once cannot be
    model_config = ConfigDict(
        json_schema_extra={
            "not": {
                "required": ["retention_days", "keep_forever"],
                "properties": {"retention_days": {"type": "integer"}, "keep_forever": {"const": True}},
            }
        }
    )

    masking: Annotated[bool | None, Field(description="Mask names, e-mails and phone numbers from now on.")] = None
    keep_labels: Annotated[bool | None, Field(description="Decisions may be learnt from.")] = None
    retention_days: Annotated[
        int | None,
        Field(ge=1, le=36_500, description="Days that a thread is kept after its last event."),
        WHOLE,
    ] = None
    keep_forever: Annotated[bool, Field(description="Keep threads until they are deleted.")] = False


class Span(_Model):
    """A part of the plan, in characters from its start."""

    start: int
    end: int


class QuoteView(_Model):
    """A passage of the plan, byte for byte."""

    quote: str
    start: int
    end: int


class MeasureView(_Model):
    """One judgement."""

    title: str
    probability: Annotated[float, Field(description="Calibrated probability that the measure is present.")]
    verdict: Annotated[str, Field(description="present, absent or unsure.")]
    evidence: list[QuoteView]


class ReadingView(_Model):
    """What the plan shows now."""

    is_lesson_plan: Annotated[bool, Field(description="Whether the text reads as a lesson plan in English.")]
    language: str
    words: int
    measures: dict[str, MeasureView]


class NudgeView(_Model):
    """The suggestion that waits for an answer."""

    id: str
    measure: Annotated[str, Field(description="Key of the gap.")]
    title: Annotated[str, Field(description="Name of the measure.")]
    message: str
    suggestion: Annotated[str, Field(description="What would go into the plan.")]
    template: Annotated[LessonTemplate, Field(description="Where it comes from, with its licence.")]


class SaidView(_Model):
    """One thing that was said."""

    role: Literal["teacher", "coach"]
    kind: Annotated[str, Field(description="message, praise, nudge, report, question, explanation, search...")]
    text: str


class TurnView(_Model):
    """Where a thread stands, and what the coach said in this turn."""

    id: str
    title: str
    sequence: Annotated[int, Field(description="Number of the last event that is kept.")]
    reading: ReadingView
    praise: str | None
    said: Annotated[list[SaidView], Field(description="What the coach said in this turn, in order.")]
    nudge: NudgeView | None
    added: Annotated[Span | None, Field(description="What this turn added to the plan.")] = None
    stopped: Annotated[bool, Field(description="Whether the conversation has ended.")] = False
    wish: Annotated[
        Literal["export", "forget"] | None,
        Field(
            description="What the teacher asked of you: a file; or, done already, that everything kept is forgotten."
        ),
    ] = None
    masked: Annotated[dict[str, int], Field(description="Personal data that was masked in this turn, by kind.")]


class Conversation(TurnView):
    """A thread as it stands, with everything that was said."""

    conversation: list[SaidView]


class ThreadLine(_Model):
    """One thread of a list."""

    id: str
    title: str
    created: datetime
    changed: datetime
    sequence: int


class VersionView(_Model):
    """One version of the plan."""

    number: int
    at: datetime
    cause: Annotated[str, Field(description="opened, revised, use, edit, undone or redone.")]
    text: str


class SearchResult(_Model):
    """One template that was found."""

    score: float
    template: LessonTemplate


class SearchFound(_Model):
    """Templates, best first."""

    query: str
    results: list[SearchResult]


class SettingsView(_Model):
    """What an owner chose."""

    masking: bool
    keep_labels: bool
    retention_days: int | None


class Deleted(_Model):
    """What was deleted."""

    threads: int


class Health(_Model):
    """Whether the service runs."""

    status: Literal["ok"] = "ok"
