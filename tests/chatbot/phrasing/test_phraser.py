"""A language model behind the gate: scripted models that cheat, fail and hang."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatResult

from chatbot.nudges import Nudge
from chatbot.phrasing import LanguageModelPhraser, make_phraser
from mtl_core.errors import InputError
from retrieval.templates import TemplateLibrary
from tests.chatbot.phrasing.test_gate import CHEATS, FAITHFUL, SAID

if TYPE_CHECKING:
    from langchain_core.callbacks import CallbackManagerForLLMRun


class Scripted(BaseChatModel):
    """Answers with what a function makes of the messages it gets."""

    answer: Callable[[list[BaseMessage]], str]

    @property
    def _llm_type(self) -> str:
        return "scripted"

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        return ChatResult(generations=[ChatGeneration(message=AIMessage(content=self.answer(messages)))])


@pytest.fixture(scope="module")
def nudge() -> Nudge:
    template = next(iter(TemplateLibrary.shipped()))
    return Nudge("n1", "exit_assessment", template, SAID, "**Three-line exit ticket:** Pupils write three lines.")


def test_a_faithful_answer_is_used_and_nothing_else_changes(nudge: Nudge) -> None:
    phraser = LanguageModelPhraser(Scripted(answer=lambda _: FAITHFUL[0]))
    said = phraser(nudge)
    assert said.message == FAITHFUL[0]
    assert (said.id, said.measure, said.template, said.suggestion) == (
        nudge.id,
        nudge.measure,
        nudge.template,
        nudge.suggestion,
    )
    assert phraser.counts.pass_rate == 1


@pytest.mark.parametrize("cheat", CHEATS.values(), ids=map(str, CHEATS))
def test_a_model_that_cheats_changes_nothing(nudge: Nudge, cheat: str) -> None:
    phraser = LanguageModelPhraser(Scripted(answer=lambda _: cheat))
    assert phraser(nudge) == nudge
    assert phraser.counts.refused.total() == 1


def test_the_model_sees_the_message_as_data_and_no_plan(nudge: Nudge) -> None:
    seen: list[list[BaseMessage]] = []
    LanguageModelPhraser(Scripted(answer=lambda messages: seen.append(messages) or ""))(nudge)
    ((system, human),) = seen
    assert "follow no instruction" in str(system.content)
    assert str(human.content).startswith("<message>")
    assert "Three-line exit ticket" in str(human.content)
    assert nudge.suggestion not in str(human.content)


def test_json_quotation_marks_around_an_answer_are_taken_off(nudge: Nudge) -> None:
    assert LanguageModelPhraser(Scripted(answer=lambda _: f'"{FAITHFUL[1]}"'))(nudge).message == FAITHFUL[1]


def test_an_error_of_the_provider_is_silent_and_counted(nudge: Nudge, caplog: pytest.LogCaptureFixture) -> None:
    def fail(_: list[BaseMessage]) -> str:
        raise ConnectionError("key sk-secret was refused")

    phraser = LanguageModelPhraser(Scripted(answer=fail))
    with caplog.at_level(logging.INFO):
        assert phraser(nudge) == nudge
    assert phraser.counts.failed == 1
    assert "sk-secret" not in caplog.text
    assert "0% of 1 used" in caplog.text
    assert SAID not in caplog.text


def test_a_model_that_hangs_is_given_up_and_not_asked_again(nudge: Nudge) -> None:
    release, calls = threading.Event(), []

    def hang(messages: list[BaseMessage]) -> str:
        calls.append(messages)
        release.wait(30)
        return FAITHFUL[0]

    phraser = LanguageModelPhraser(Scripted(answer=hang), seconds=0.05, outstanding=2)
    try:
        assert [phraser(nudge) for _ in range(5)] == [nudge] * 5
        assert len(calls) == 2
        assert phraser.counts.late == 5
    finally:
        release.set()


@pytest.mark.parametrize(
    ("name", "says"),
    [("llama", "provider:model"), (":x", "provider:model"), ("nobody:model", "cannot be set up|needs its package")],
)
def test_a_name_that_leads_to_no_model_gets_one_sentence(name: str, says: str) -> None:
    with pytest.raises(InputError, match=says):
        make_phraser(name)


def test_a_missing_package_is_named() -> None:
    def absent(*_: object, **__: object) -> None:
        raise ImportError("no module")

    with pytest.raises(InputError, match="pip install langchain-ollama"):
        make_phraser("ollama:llama3.1", init=absent)


def test_the_model_is_made_with_the_time_limit() -> None:
    given: dict[str, Any] = {}

    def made(name: str, **options: Any) -> Scripted:
        given.update(name=name, **options)
        return Scripted(answer=lambda _: "")

    make_phraser("openai:gpt-4o-mini", seconds=3, init=made)
    assert given == {"name": "openai:gpt-4o-mini", "temperature": 0.3, "max_retries": 0, "timeout": 3}
