from __future__ import annotations

import json
from typing import Any

import pytest
from langchain.agents import create_agent
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, ToolMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from langchain_core.tools import BaseTool
from langchain_tests.integration_tests import ToolsIntegrationTests
from langchain_tests.unit_tests import ToolsUnitTests
from pydantic import ValidationError

from chatbot.service import CoachService, ThreadTurn
from chatbot.tools import (
    AnswerNudgeTool,
    NextNudgeTool,
    ReadPlanTool,
    RevisePlanTool,
    SayTool,
    SearchTemplatesTool,
    coach_tools,
)

Tools = dict[str, BaseTool]


class _Standard:
    kind: type[BaseTool]

    @pytest.fixture(autouse=True)
    def _service(self, service: CoachService, plan: str) -> None:
        self.service = service
        self.plan = plan
        self.thread = service.open("local", plan)

    @property
    def tool_constructor(self) -> type[BaseTool]:
        return self.kind

    @property
    def tool_constructor_params(self) -> dict[str, Any]:
        return {"service": self.service}

    @property
    def tool_invoke_params_example(self) -> dict[str, Any]:
        nudge = self.thread.turn.nudge
        assert nudge is not None
        return {
            ReadPlanTool: {"text": self.plan},
            SearchTemplatesTool: {"query": "exit ticket"},
            NextNudgeTool: {"thread_id": self.thread.id},
            AnswerNudgeTool: {"thread_id": self.thread.id, "nudge_id": nudge.id, "decision": "use"},
            SayTool: {"thread_id": self.thread.id, "text": "why this?"},
            RevisePlanTool: {"thread_id": self.thread.id, "text": self.plan + "\nMine."},
        }[self.kind]


class TestReadPlanUnit(_Standard, ToolsUnitTests):
    kind = ReadPlanTool


class TestReadPlanIntegration(_Standard, ToolsIntegrationTests):
    kind = ReadPlanTool


class TestSearchTemplatesUnit(_Standard, ToolsUnitTests):
    kind = SearchTemplatesTool


class TestSearchTemplatesIntegration(_Standard, ToolsIntegrationTests):
    kind = SearchTemplatesTool


class TestNextNudgeUnit(_Standard, ToolsUnitTests):
    kind = NextNudgeTool


class TestNextNudgeIntegration(_Standard, ToolsIntegrationTests):
    kind = NextNudgeTool


class TestAnswerNudgeUnit(_Standard, ToolsUnitTests):
    kind = AnswerNudgeTool


class TestAnswerNudgeIntegration(_Standard, ToolsIntegrationTests):
    kind = AnswerNudgeTool


class TestSayUnit(_Standard, ToolsUnitTests):
    kind = SayTool


class TestSayIntegration(_Standard, ToolsIntegrationTests):
    kind = SayTool


class TestRevisePlanUnit(_Standard, ToolsUnitTests):
    kind = RevisePlanTool


class TestRevisePlanIntegration(_Standard, ToolsIntegrationTests):
    kind = RevisePlanTool


@pytest.fixture
def tools(service: CoachService) -> Tools:
    return {tool.name: tool for tool in coach_tools(service)}


def call(tools: Tools, name: str, **arguments: object) -> ToolMessage:
    message = tools[name].invoke({"type": "tool_call", "name": name, "id": "1", "args": arguments})
    assert isinstance(message, ToolMessage)
    return message


def said(tools: Tools, name: str, **arguments: object) -> dict[str, Any]:
    return json.loads(str(call(tools, name, **arguments).content))


def test_a_plan_is_read_and_the_whole_turn_is_the_artifact(tools: Tools, plan: str) -> None:
    message = call(tools, "read_plan", text=plan + "\nPupils see modelling.", title="Water")
    content, turned = json.loads(str(message.content)), message.artifact
    assert isinstance(turned, ThreadTurn)
    assert turned.title == "Water"
    assert content["thread_id"] == turned.id
    assert content["messages"] == list(turned.turn.messages)
    assert "Pupils see modelling." in content["present"].values()
    assert content["nudge"]["id"] == turned.turn.nudge.id


def test_the_plan_changes_only_on_a_decision(tools: Tools, service: CoachService, plan: str) -> None:
    thread = said(tools, "read_plan", text=plan)
    name, nudge = thread["thread_id"], thread["nudge"]
    assert said(tools, "next_nudge", thread_id=name)["nudge"] == nudge
    dismissed = said(tools, "answer_nudge", thread_id=name, nudge_id=nudge["id"], decision="not_now")
    assert service.versions("local", name)[-1].text == plan
    answer = {"thread_id": name, "nudge_id": dismissed["nudge"]["id"], "decision": "edit", "text": "Mine, ‘é’."}
    assert said(tools, "answer_nudge", **answer)["plan_changed"] is True
    assert "Mine, ‘é’." in service.versions("local", name)[-1].text
    assert "error" not in said(tools, "answer_nudge", thread_id=name, decision="undo")
    assert service.versions("local", name)[-1].text == plan


def test_the_teacher_speaks_and_gives_a_version(tools: Tools, service: CoachService, plan: str) -> None:
    name = said(tools, "read_plan", text=plan)["thread_id"]
    asked = call(tools, "say", thread_id=name, text="why this?")
    assert json.loads(str(asked.content))["messages"] == list(asked.artifact.turn.messages)
    assert service.versions("local", name)[-1].text == plan
    assert "Pupils see modelling." not in said(tools, "next_nudge", thread_id=name)["present"].values()
    revised = said(tools, "revise_plan", thread_id=name, text=plan + "\nPupils see modelling.")
    assert "Pupils see modelling." in revised["present"].values()
    assert service.versions("local", name)[-1].text == plan + "\nPupils see modelling."


def test_templates_are_found(tools: Tools) -> None:
    message = call(tools, "search_templates", query="exit ticket", k=3, minutes=5)
    found = json.loads(str(message.content))["results"]
    assert [template["id"] for template in found] == [hit.template.id for hit in message.artifact]
    assert len(found) == 3
    assert all(template["minutes"] <= 5 for template in found)


@pytest.mark.parametrize(
    ("name", "arguments", "named"),
    [
        ("read_plan", {"text": ""}, "empty"),
        ("read_plan", {"text": "a\0b"}, "binary"),
        ("next_nudge", {"thread_id": "nothing"}, "no such conversation"),
        ("answer_nudge", {"thread_id": "nothing", "decision": "undo"}, "no such conversation"),
        ("answer_nudge", {"thread_id": "nothing", "decision": "use"}, "nudge_id"),
        ("say", {"thread_id": "nothing", "text": "why?"}, "no such conversation"),
        ("revise_plan", {"thread_id": "nothing", "text": "A plan."}, "no such conversation"),
        ("search_templates", {"query": " "}, "empty"),
        ("search_templates", {"query": "x", "measure": "fun"}, "fun"),
    ],
)
def test_wrong_arguments_are_told_to_the_model(
    tools: Tools, name: str, arguments: dict[str, object], named: str
) -> None:
    message = call(tools, name, **arguments)
    content = json.loads(str(message.content))
    assert list(content) == ["error"]
    assert named in content["error"]
    assert message.artifact is None


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("read_plan", {"text": 3}),
        ("read_plan", {"text": "A plan.", "colour": "red"}),
        ("answer_nudge", {"thread_id": "thread-1", "decision": "maybe"}),
        ("search_templates", {"query": "x", "k": 0}),
    ],
)
def test_arguments_of_another_shape_are_refused(tools: Tools, name: str, arguments: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        call(tools, name, **arguments)


def test_another_owner_sees_nothing(service: CoachService, plan: str) -> None:
    anna, ben = ({tool.name: tool for tool in coach_tools(service, owner=name)} for name in ("anna", "ben"))
    thread = said(anna, "read_plan", text=plan)["thread_id"]
    assert "no such conversation" in said(ben, "next_nudge", thread_id=thread)["error"]


def test_the_schemas_tell_a_model_what_to_give(tools: Tools) -> None:
    assert set(tools) == {"read_plan", "search_templates", "next_nudge", "answer_nudge", "say", "revise_plan"}
    assert all(field["description"] for tool in tools.values() for field in tool.args.values())
    assert "Never decide for the teacher" in tools["answer_nudge"].description


async def test_the_tools_run_in_the_background(tools: Tools, plan: str) -> None:
    request = {"type": "tool_call", "name": "read_plan", "id": "1", "args": {"text": plan}}
    message = await tools["read_plan"].ainvoke(request)
    assert json.loads(message.content)["nudge"]


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


def tool_call(number: int, tool: str, **arguments: object) -> AIMessage:
    return AIMessage("", tool_calls=[{"name": tool, "id": f"call-{number}", "args": arguments}])


def test_an_agent_talks_through_the_tools(service: CoachService, plan: str) -> None:
    thread = service.open("local", plan)
    first = thread.turn.nudge
    assert first is not None
    model = ScriptedModel(
        script=[
            tool_call(1, "search_templates", query="exit ticket", k=1),
            tool_call(2, "next_nudge", thread_id=thread.id),
            tool_call(3, "answer_nudge", thread_id=thread.id, nudge_id="nudge-77", decision="use"),
            tool_call(4, "answer_nudge", thread_id=thread.id, nudge_id=first.id, decision="perhaps"),
            tool_call(5, "answer_nudge", thread_id=thread.id, nudge_id=first.id, decision="use"),
            AIMessage("Done."),
        ]
    )
    result = create_agent(model, coach_tools(service)).invoke({"messages": [HumanMessage("Please help.")]})
    answers = [str(message.content) for message in result["messages"] if isinstance(message, ToolMessage)]
    assert len(answers) == 5
    assert json.loads(answers[0])["results"]
    assert json.loads(answers[1])["nudge"]["id"] == first.id
    assert "nudge-77" in json.loads(answers[2])["error"]
    assert "decision" in answers[3]
    assert json.loads(answers[4])["plan_changed"] is True
    assert first.suggestion in service.versions("local", thread.id)[-1].text
    assert result["messages"][-1].content == "Done."
    assert len(model.shown) == 6
