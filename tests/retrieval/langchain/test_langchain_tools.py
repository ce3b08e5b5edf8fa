"""The search tools pass LangChain's suites, and a scripted model calls one inside an agent."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from dictionary_store import DictionaryStore
from langchain.agents import create_agent
from langchain_core.language_models.fake_chat_models import GenericFakeChatModel
from langchain_core.messages import AIMessage, ToolMessage
from langchain_tests.integration_tests import ToolsIntegrationTests
from langchain_tests.unit_tests import ToolsUnitTests

from retrieval import TemplateIndex, TemplateLibrary
from retrieval.documents import Document
from retrieval.langchain import LessonSearchTool, SimilarTemplatesTool, TemplateSearchTool
from retrieval.recommend import Recommender
from retrieval.search import LessonSearch

if TYPE_CHECKING:
    from langchain_core.tools import BaseTool


class ScriptedModel(GenericFakeChatModel):
    """Says what it was given to say, and takes any tools."""

    def bind_tools(self, tools: Any, **kwargs: Any) -> ScriptedModel:
        return self


@pytest.fixture
def templates(hash_encoder, template) -> TemplateIndex:
    made = (template(id=f"t-{n}", title=f"Quiz {n}", minutes=n) for n in range(6))
    return TemplateIndex.build(TemplateLibrary(made), encoder=hash_encoder)


@pytest.fixture
def lessons(hash_encoder) -> LessonSearch:
    search = LessonSearch(DictionaryStore(8, "hash-8"), hash_encoder)
    search.add(
        [
            Document(
                id="magnets", fields={"title": "Magnets", "text": "Pupils sort materials that a magnet attracts."}
            ),
            Document(id="rivers", fields={"title": "Rivers", "text": "Pupils model erosion with sand."}),
        ]
    )
    return search


class _Templates:
    @pytest.fixture(autouse=True)
    def _index(self, templates) -> None:
        self.params = {"index": templates}

    @property
    def tool_constructor(self) -> type[BaseTool]:
        return TemplateSearchTool

    @property
    def tool_constructor_params(self) -> dict[str, Any]:
        return self.params

    @property
    def tool_invoke_params_example(self) -> dict[str, Any]:
        return {"query": "exit ticket", "k": 2, "measure": "exit_assessment", "minutes": 5}


class _Lessons(_Templates):
    @pytest.fixture(autouse=True)
    def _index(self, lessons) -> None:
        self.params = {"search": lessons}

    @property
    def tool_constructor(self) -> type[BaseTool]:
        return LessonSearchTool

    @property
    def tool_invoke_params_example(self) -> dict[str, Any]:
        return {"query": "magnets", "k": 2}


class _Similar(_Templates):
    @pytest.fixture(autouse=True)
    def _index(self, templates, hash_encoder) -> None:
        self.params = {"recommender": Recommender(templates)}

    @property
    def tool_constructor(self) -> type[BaseTool]:
        return SimilarTemplatesTool

    @property
    def tool_invoke_params_example(self) -> dict[str, Any]:
        return {"template_id": "t-1", "k": 2}


class TestTemplatesUnit(_Templates, ToolsUnitTests):
    pass


class TestTemplatesIntegration(_Templates, ToolsIntegrationTests):
    pass


class TestLessonsUnit(_Lessons, ToolsUnitTests):
    pass


class TestLessonsIntegration(_Lessons, ToolsIntegrationTests):
    pass


class TestSimilarUnit(_Similar, ToolsUnitTests):
    pass


class TestSimilarIntegration(_Similar, ToolsIntegrationTests):
    pass


def called(tool: BaseTool, **arguments: Any) -> ToolMessage:
    return tool.invoke({"name": tool.name, "args": arguments, "id": "1", "type": "tool_call"})


def test_templates_under_conditions(templates: TemplateIndex) -> None:
    message = called(TemplateSearchTool(index=templates), query="quiz", k=10, minutes=2)
    shown = json.loads(message.content)["results"]
    assert {row["id"] for row in shown} == {"t-0", "t-1", "t-2"}
    assert [document.id for document in message.artifact] == [row["id"] for row in shown]
    assert all(document.metadata["minutes"] <= 2 for document in message.artifact)


def test_lessons_come_with_the_passage_that_matches(lessons: LessonSearch) -> None:
    message = called(LessonSearchTool(search=lessons), query="magnet", k=1)
    (row,) = json.loads(message.content)["results"]
    assert (row["id"], row["title"]) == ("magnets", "Magnets")
    assert "magnet" in row["passage"]
    assert message.artifact[0].id == "magnets"


def test_more_like_a_template_come_with_their_reason(templates: TemplateIndex, hash_encoder) -> None:
    tool = SimilarTemplatesTool(recommender=Recommender(templates))
    message = called(tool, template_id="t-1", k=3)
    shown = json.loads(message.content)["results"]
    assert len(shown) == len(message.artifact) == 3
    assert "t-1" not in {row["id"] for row in shown}
    assert all(row["reason"].endswith(".") for row in shown)
    told = called(tool, template_id="none")
    assert "no template 'none'" in json.loads(told.content)["error"]
    assert told.artifact == []


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({"query": " "}, "The query is empty"),
        ({"query": "quiz", "measure": "fun"}, "no measure 'fun'"),
        ({"query": "quiz", "subject": "alchemy"}, "no subject 'alchemy'"),
        ({"query": "quiz", "grade": 14}, "grade is 14"),
    ],
)
def test_the_model_is_told_what_is_wrong(templates: TemplateIndex, arguments: dict[str, Any], told: str) -> None:
    message = called(TemplateSearchTool(index=templates), **arguments)
    assert told in json.loads(message.content)["error"]
    assert message.artifact == []


@pytest.mark.parametrize("arguments", [{"query": "quiz", "k": 0}, {"query": "quiz", "k": 21}, {"query": "q", "top": 1}])
def test_arguments_outside_the_schema(templates: TemplateIndex, arguments: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="validation error"):
        TemplateSearchTool(index=templates).invoke(arguments)


def test_the_schema_names_the_values(templates: TemplateIndex) -> None:
    described = json.dumps(TemplateSearchTool(index=templates).tool_call_schema.model_json_schema())
    assert "exit_assessment" in described
    assert "mathematics" in described


def test_an_agent_calls_it(templates: TemplateIndex) -> None:
    call = {"name": "search_lesson_templates", "args": {"query": "exit ticket", "k": 2}, "id": "call-1"}
    model = ScriptedModel(messages=iter([AIMessage("", tool_calls=[call]), AIMessage("Offer the first one.")]))
    agent = create_agent(model, [TemplateSearchTool(index=templates)])
    messages = agent.invoke({"messages": [("user", "My plan has no exit ticket.")]})["messages"]
    (answer,) = [message for message in messages if isinstance(message, ToolMessage)]
    assert answer.status == "success"
    assert len(json.loads(answer.content)["results"]) == len(answer.artifact) == 2
    assert messages[-1].content == "Offer the first one."


def test_an_agent_goes_on_after_a_mistake(templates: TemplateIndex) -> None:
    wrong = {"name": "search_lesson_templates", "args": {"query": "quiz", "measure": "fun"}, "id": "call-1"}
    model = ScriptedModel(messages=iter([AIMessage("", tool_calls=[wrong]), AIMessage("Sorry.")]))
    agent = create_agent(model, [TemplateSearchTool(index=templates)])
    messages = agent.invoke({"messages": [("user", "Help.")]})["messages"]
    assert "no measure 'fun'" in messages[-2].content
    assert messages[-1].content == "Sorry."
