"""The coach as a LangChain tool (extra ``lesson-nudge[langchain]``)."""

from __future__ import annotations

import json
from typing import Any, Literal

from langchain_core.tools import BaseTool
from pydantic import BaseModel, ConfigDict, Field

from chatbot.coach import LessonCoach, Turn
from mtl_core.errors import InputError

__all__ = ["LessonNudgeInput", "LessonNudgeTool"]


class LessonNudgeInput(BaseModel):
    """Arguments of the tool."""

    model_config = ConfigDict(extra="forbid")

    plan: str | None = Field(default=None, description="The whole lesson plan; begins a new conversation.")
    nudge_id: str | None = Field(default=None, description="Id of the nudge that is answered.")
    decision: Literal["use", "edit", "not_now", "not_relevant", "undo"] | None = Field(
        default=None, description="The teacher's answer to the nudge, or undo of the last change."
    )
    text: str | None = Field(default=None, description="With decision edit: the teacher's version of the suggestion.")


class LessonNudgeTool(BaseTool):
    """Reads a lesson plan and offers one repair; the plan changes only on the teacher's decision.

    The content is a short JSON text, the artifact the whole turn. One tool holds one conversation.
    """

    name: str = "lesson_nudge"
    description: str = (
        "Read a lesson plan, say what it shows with a quote, and get one suggestion for a gap; then pass on the "
        "teacher's decision (use, edit, not_now, not_relevant, undo) with the nudge id. Give either plan, or "
        "decision with nudge_id. Never decide for the teacher."
    )
    args_schema: type[BaseModel] = LessonNudgeInput
    response_format: Literal["content_and_artifact"] = "content_and_artifact"
    coach: LessonCoach

    model_config = ConfigDict(arbitrary_types_allowed=True)

    def _run(
        self,
        plan: str | None = None,
        nudge_id: str | None = None,
        decision: str | None = None,
        text: str | None = None,
        **_: Any,
    ) -> tuple[str, Turn]:
        try:
            turn = self._turn(plan, nudge_id, decision, text)
        except InputError as error:
            # the model that called can mend its arguments, so it is told what is wrong
            return json.dumps({"error": str(error)}), self._empty()
        return json.dumps(self._content(turn), ensure_ascii=False), turn

    def _turn(self, plan: str | None, nudge_id: str | None, decision: str | None, text: str | None) -> Turn:
        if plan is not None and (nudge_id is not None or decision is not None):
            raise InputError("Give plan or a decision, not both: a new plan would end the conversation.")
        if plan is not None:
            return self.coach.open(plan)
        if decision == "undo":
            return self.coach.undo()
        if nudge_id is None or decision is None:
            raise InputError("Give plan, or nudge_id with decision, or decision undo.")
        return self.coach.decide(nudge_id, decision, text=text)

    def _content(self, turn: Turn) -> dict[str, Any]:
        nudge = turn.nudge
        return {
            "messages": list(turn.messages),
            "nudge": {"id": nudge.id, "measure": nudge.measure, "suggestion": nudge.suggestion} if nudge else None,
            "plan_changed": turn.added is not None,
        }

    def _empty(self) -> Any:
        return {"events": len(self.coach.events)}
