"""Decisions as rows that training and ranking take."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import BaseModel, ConfigDict

from chatbot.events import Decision
from chatbot.learning.decisions import KeptDecision
from mtl_core.rubric import MEASURES
from retrieval.feedback import TeacherDecision

__all__ = ["TrainingRow", "histories", "training_rows"]

_ANSWERS = {
    Decision.USE: "use",
    Decision.EDIT: "edit",
    Decision.NOT_NOW: "not_now",
    Decision.NOT_RELEVANT: "not_relevant",
}


class TrainingRow(BaseModel):
    """A passage that shows a measure by a teacher's word."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    text: str
    measure: str
    present: bool
    origin: str
    group: str


def training_rows(decisions: Sequence[KeptDecision]) -> list[TrainingRow]:
    """Passages that teachers named or wrote.

    "Already there" with a quote is a passage that shows the measure. So is the teacher's own version of a
    suggestion. A suggestion that went in as it was says nothing new: it is text of the templates.

    Args:
        decisions: What was decided.

    Returns:
        The rows, each once, in the order of time; ``group`` keeps one teacher's rows together.
    """
    rows = []
    for one in decisions:
        if one.measure not in MEASURES:
            continue
        if one.decision is Decision.ALREADY_THERE and one.quote.strip():
            rows.append(_row(one, one.quote, "already_there"))
        elif one.decision is Decision.EDIT and one.adapted and one.text.strip():
            rows.append(_row(one, one.text, "edit"))
    return list({(row.text, row.measure, row.group): row for row in rows}.values())


def _row(decision: KeptDecision, text: str, origin: str) -> TrainingRow:
    return TrainingRow(text=text.strip(), measure=decision.measure, present=True, origin=origin, group=decision.teacher)


def histories(decisions: Sequence[KeptDecision]) -> dict[str, list[TeacherDecision]]:
    """Each teacher's answers as the recommender takes them.

    Args:
        decisions: What was decided, in the order of time.

    Returns:
        Answers by the hash of the teacher; "already there" is about the plan and not about the template, so it
        is left out.
    """
    found: dict[str, list[TeacherDecision]] = {}
    for one in decisions:
        if one.decision in _ANSWERS and one.measure in MEASURES:
            answer = TeacherDecision.model_validate(
                {"template_id": one.template_id, "decision": _ANSWERS[one.decision], "measure": one.measure}
            )
            found.setdefault(one.teacher, []).append(answer)
    return found
