from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from langchain.agents import create_agent
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, ToolMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from langchain_tests.integration_tests import ToolsIntegrationTests
from langchain_tests.unit_tests import ToolsUnitTests
from pydantic import ValidationError

from chatbot.coach import LessonCoach, Turn
from chatbot.tools import LessonNudgeTool


class _Standard:
    @pytest.fixture(autouse=True)
    def _coach(self, fast_coach: Callable[[], LessonCoach], plan: str) -> None:
        self.coach = fast_coach()
        self.plan = plan

    @property
    def tool_constructor(self) -> type[LessonNudgeTool]:
        return LessonNudgeTool

    @property
    def tool_constructor_params(self) -> dict[str, Any]:
        return {"coach": self.coach}

    @property
    def tool_invoke_params_example(self) -> dict[str, Any]:
        return {"plan": self.plan}


class TestStandardUnit(_Standard, ToolsUnitTests):
    pass


class TestStandardIntegration(_Standard, ToolsIntegrationTests):
    pass


@pytest.fixture
def tool(fast_coach: Callable[[], LessonCoach]) -> LessonNudgeTool:
    return LessonNudgeTool(coach=fast_coach())


def call(tool: LessonNudgeTool, **arguments: object) -> ToolMessage:
    message = tool.invoke({"type": "tool_call", "name": tool.name, "id": "1", "args": arguments})
    assert isinstance(message, ToolMessage)
    return message


def said(tool: LessonNudgeTool, **arguments: object) -> dict[str, Any]:
    return json.loads(str(call(tool, **arguments).content))


def test_a_plan_opens_a_conversation(tool: LessonNudgeTool, plan: str) -> None:
    message = call(tool, plan=plan)
    content = json.loads(str(message.content))
    turn = message.artifact
    assert isinstance(turn, Turn)
    assert content["messages"] == list(turn.messages)
    assert turn.nudge is not None
    assert content["nudge"] == {
        "id": turn.nudge.id,
        "measure": turn.nudge.measure,
        "suggestion": turn.nudge.suggestion,
    }
    assert content["plan_changed"] is False
    assert turn.text == plan


def test_the_plan_changes_only_on_a_decision(tool: LessonNudgeTool, plan: str) -> None:
    nudge = said(tool, plan=plan)["nudge"]
    dismissed = said(tool, nudge_id=nudge["id"], decision="not_now")
    assert dismissed["plan_changed"] is False
    assert tool.coach.state.text == plan
    used = call(tool, nudge_id=dismissed["nudge"]["id"], decision="use")
    assert json.loads(str(used.content))["plan_changed"] is True
    assert dismissed["nudge"]["suggestion"] in used.artifact.text
    assert said(tool, decision="undo")["plan_changed"] is False
    assert tool.coach.state.text == plan


def test_an_edit_carries_the_teachers_text(tool: LessonNudgeTool, plan: str) -> None:
    nudge = said(tool, plan=plan)["nudge"]
    assert said(tool, nudge_id=nudge["id"], decision="edit", text="Mine, ‘é’.")["plan_changed"] is True
    assert "Mine, ‘é’." in tool.coach.state.text


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ({}, "Give plan, or nudge_id with decision"),
        ({"decision": "use"}, "Give plan, or nudge_id with decision"),
        ({"nudge_id": "nudge-1"}, "Give plan, or nudge_id with decision"),
        ({"text": "Mine."}, "Give plan, or nudge_id with decision"),
        ({"nudge_id": "nudge-99", "decision": "use"}, "'nudge-99' does not wait"),
        ({"nudge_id": "nudge-1", "decision": "edit"}, "needs your version"),
        ({"decision": "undo"}, "nothing to undo"),
        ({"plan": ""}, "empty"),
        ({"plan": "a\0b"}, "binary"),
        ({"plan": "Another plan.", "nudge_id": "nudge-1", "decision": "use"}, "plan"),
    ],
)
def test_wrong_arguments_are_told_to_the_model_and_change_nothing(
    tool: LessonNudgeTool, plan: str, arguments: dict[str, object], named: str
) -> None:
    call(tool, plan=plan)
    before = (tool.coach.state, tool.coach.events)
    message = call(tool, **arguments)
    content = json.loads(str(message.content))
    assert list(content) == ["error"]
    assert named in content["error"]
    assert message.artifact == {"events": len(before[1])}
    assert (tool.coach.state, tool.coach.events) == before


@pytest.mark.parametrize("arguments", [{"decision": "maybe"}, {"plan": 3}, {"colour": "red"}])
def test_arguments_of_another_shape_are_refused(tool: LessonNudgeTool, arguments: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        call(tool, **arguments)
    assert tool.coach.events == ()


def test_a_decision_before_any_plan_is_refused(tool: LessonNudgeTool) -> None:
    assert "does not wait" in said(tool, nudge_id="nudge-1", decision="use")["error"]


def test_the_schema_tells_a_model_what_to_give(tool: LessonNudgeTool) -> None:
    fields = tool.args
    assert set(fields) == {"plan", "nudge_id", "decision", "text"}
    assert all(field["description"] for field in fields.values())
    assert "Never decide for the teacher" in tool.description


async def test_the_tool_runs_in_the_background(tool: LessonNudgeTool, plan: str) -> None:
    message = await tool.ainvoke({"type": "tool_call", "name": tool.name, "id": "1", "args": {"plan": plan}})
    assert json.loads(message.content)["nudge"]["id"] == "nudge-1"


class ScriptedModel(BaseChatModel):
    """Says the next line of a script; keeps what it was shown."""

    script: list[AIMessage]
    shown: list[list[BaseMessage]] = []  # noqa: RUF012 - pydantic copies it

    @property
    def _llm_type(self) -> str:
        return "scripted"

    def bind_tools(self, tools: Any, **options: Any) -> ScriptedModel:
        return self

    def _generate(self, messages: list[BaseMessage], *arguments: Any, **options: Any) -> ChatResult:
        self.shown.append(messages)
        return ChatResult(generations=[ChatGeneration(message=self.script[len(self.shown) - 1])])


def tool_call(number: int, **arguments: object) -> AIMessage:
    return AIMessage("", tool_calls=[{"name": "lesson_nudge", "id": f"call-{number}", "args": arguments}])


def test_an_agent_talks_through_the_tool(tool: LessonNudgeTool, plan: str) -> None:
    model = ScriptedModel(
        script=[
            tool_call(1, plan=plan),
            tool_call(2, nudge_id="nudge-77", decision="use"),
            tool_call(3, decision="perhaps"),
            tool_call(4, nudge_id="nudge-1", decision="use"),
            AIMessage("Done."),
        ]
    )
    result = create_agent(model, [tool]).invoke({"messages": [HumanMessage("Please help with this plan.")]})
    answers = [message for message in result["messages"] if isinstance(message, ToolMessage)]
    assert len(answers) == 4
    first, stale, unknown, used = (str(answer.content) for answer in answers)
    suggestion = json.loads(first)["nudge"]["suggestion"]
    assert "does not wait" in json.loads(stale)["error"]
    assert "decision" in unknown
    assert json.loads(used)["plan_changed"] is True
    assert suggestion in tool.coach.state.text
    assert result["messages"][-1].content == "Done."
    assert len(model.shown) == 5
