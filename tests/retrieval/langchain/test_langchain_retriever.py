"""The retriever passes LangChain's suite over both searches, and takes its settings per call."""

from __future__ import annotations

from typing import Any

import pytest
from dictionary_store import DictionaryStore
from langchain_core.tools import create_retriever_tool
from langchain_tests.integration_tests import RetrieversIntegrationTests
from pydantic import ValidationError

from mtl_core.errors import InputError
from retrieval import SearchFilter, TemplateIndex, TemplateLibrary
from retrieval.documents import Document
from retrieval.filters import Eq
from retrieval.langchain import LessonRetriever
from retrieval.search import LessonSearch

LESSONS = [
    ("magnets", "Magnets and poles", "Pupils sort materials that a magnet attracts.", "science"),
    ("circuits", "Electric circuits", "Pupils build a circuit with a bulb.", "science"),
    ("fractions", "Halves and quarters", "Pupils fold paper into equal parts.", "mathematics"),
    ("rivers", "How a river shapes land", "Pupils model erosion with sand.", "geography"),
    ("verbs", "Verbs in the past", "Pupils rewrite sentences in the past tense.", "english"),
]


@pytest.fixture
def lessons(hash_encoder) -> LessonSearch:
    search = LessonSearch(DictionaryStore(8, "hash-8"), hash_encoder)
    search.add(
        Document(id=name, fields={"title": title, "text": text}, metadata={"subject": subject})
        for name, title, text, subject in LESSONS
    )
    return search


@pytest.fixture
def templates(hash_encoder, template) -> TemplateIndex:
    made = (template(id=f"t-{n}", title=f"Quiz {n}", subjects=["science" if n % 2 else "any"]) for n in range(6))
    return TemplateIndex.build(TemplateLibrary(made), encoder=hash_encoder)


class _Suite(RetrieversIntegrationTests):
    @property
    def retriever_constructor(self) -> type[LessonRetriever]:
        return LessonRetriever

    @property
    def retriever_constructor_params(self) -> dict[str, Any]:
        return {"search": self.search}

    @property
    def retriever_query_example(self) -> str:
        return "magnets that attract"


class TestLessons(_Suite):
    @pytest.fixture(autouse=True)
    def _search(self, lessons) -> None:
        self.search = lessons


class TestTemplates(_Suite):
    @pytest.fixture(autouse=True)
    def _search(self, templates) -> None:
        self.search = templates


def test_lessons_come_as_documents_with_their_metadata(lessons: LessonSearch) -> None:
    (found,) = LessonRetriever(search=lessons, k=1).invoke("magnets attract materials")
    assert found.id == "magnets"
    assert found.page_content == "Magnets and poles\nPupils sort materials that a magnet attracts."
    assert found.metadata == {"subject": "science"}


def test_settings_per_call_go_first(lessons: LessonSearch) -> None:
    retriever = LessonRetriever(search=lessons, k=5, filter={"subject": "science"})
    assert {found.id for found in retriever.invoke("pupils")} == {"magnets", "circuits"}
    assert [found.id for found in retriever.invoke("pupils", filter=Eq("metadata.subject", "english"))] == ["verbs"]
    assert [found.id for found in retriever.invoke("bulb", mode="bm25", filter={})] == ["circuits"]
    with pytest.raises(InputError, match="no option 'top_k'"):
        retriever.invoke("pupils", top_k=3)


async def test_asynchronous_calls_take_settings_too(lessons: LessonSearch) -> None:
    retriever = LessonRetriever(search=lessons)
    assert await retriever.ainvoke("magnets", k=2) == retriever.invoke("magnets", k=2)
    assert [found.id for found in await retriever.ainvoke("bulb", mode="bm25")] == ["circuits"]


def test_scores_on_request(lessons: LessonSearch) -> None:
    found = LessonRetriever(search=lessons, score_key="score").invoke("magnets")
    scores = [document.metadata["score"] for document in found]
    assert scores == sorted(scores, reverse=True)
    assert [document.metadata for document in LessonRetriever(search=lessons, k=1).invoke("magnets")] == [
        {"subject": "science"}
    ]


def test_templates_take_a_search_filter(templates: TemplateIndex) -> None:
    retriever = LessonRetriever(search=templates, k=10, filter=SearchFilter(minutes=5))
    found = retriever.invoke("quiz")
    assert len(found) == 6
    assert found[0].metadata["licence"] == "CC BY 4.0"
    assert "1. Ask." in found[0].page_content
    assert retriever.invoke("quiz", filter=SearchFilter(measure="modelling")) == []
    with pytest.raises(InputError, match="takes a SearchFilter"):
        retriever.invoke("quiz", filter={"minutes": 5})


@pytest.mark.parametrize("wrong", [{"k": 0}, {"mode": "words"}, {"filter": "subject = science"}, {"top_k": 3}])
def test_settings_that_cannot_be_used(lessons: LessonSearch, wrong: dict[str, Any]) -> None:
    with pytest.raises((ValidationError, InputError)):
        LessonRetriever(search=lessons, **wrong)


def test_it_becomes_a_tool(lessons: LessonSearch) -> None:
    retriever = LessonRetriever(search=lessons, k=1)
    tool = create_retriever_tool(retriever, "lessons", "Search lessons.", response_format="content_and_artifact")
    message = tool.invoke({"name": "lessons", "args": {"query": "magnets"}, "id": "1", "type": "tool_call"})
    assert "Magnets and poles" in message.content
    assert [document.id for document in message.artifact] == ["magnets"]
