"""``lesson-nudge search`` over the templates: its filters, and searches that cannot be made."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from retrieval import TemplateIndex
from tests.chatbot.commands.command_results import Run, one_error_line, succeeded


@pytest.mark.parametrize(
    ("option", "value", "meets"),
    [
        ("--measure", "modelling", lambda t: "modelling" in t["measures"]),
        ("--subject", "science", lambda t: {"any", "science"} & set(t["subjects"])),
        ("--grade", "Year 5", lambda t: t["grades"]["from"] <= 4 <= t["grades"]["to"]),
        ("--grade", "K", lambda t: t["grades"]["from"] == 0),
        ("--minutes", "5", lambda t: t["minutes"] <= 5),
    ],
)
def test_search_keeps_to_each_filter(
    run: Run, index: TemplateIndex, option: str, value: str, meets: Callable[[dict[str, Any]], object]
) -> None:
    found = json.loads(succeeded(run("search", "quiz", option, value, "-k", "500", "--json")))
    assert list(found) == ["query", "searched", "notes", "results"]
    assert found["query"] == "quiz"
    every = [{"id": t.id, **t.model_dump(by_alias=True)} for t in index.library.values()]
    assert {row["id"] for row in found["results"]} == {t["id"] for t in every if meets(t)}
    assert 0 < len(found["results"]) < len(every)
    scores = [row["score"] for row in found["results"]]
    assert scores == sorted(scores, reverse=True)


def test_search_filters_together_and_prints_text(run: Run) -> None:
    options = ["--measure", "modelling", "--subject", "science", "--grade", "4", "--minutes", "15"]
    found = json.loads(succeeded(run("search", "draw a diagram", *options, "--json", "--count", "2")))["results"]
    assert len(found) == 2
    shown = succeeded(run("search", "draw a diagram", *options, "--count", "2"))
    assert found[0]["title"] in shown
    assert "No template meets" in succeeded(run("search", "quiz", "--measure", "modelling", "--minutes", "0"))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["  "], "query is empty"),
        (["a" * 10_001], "10001 characters"),
        (["quiz", "-k", "0"], "k is 0"),
        (["quiz", "--measure", "fun"], "no measure 'fun'"),
        (["quiz", "--subject", "alchemy"], "no subject 'alchemy'"),
        (["quiz", "--grade", "soon"], "no grade 'soon'"),
        (["quiz", "--minutes", "-1"], "minutes are -1"),
        (["quiz", "--index", "/no/such/folder"], "holds no manifest.json"),
    ],
)
def test_a_search_that_cannot_be_made_is_one_line(run: Run, arguments: list[str], said: str) -> None:
    assert said in one_error_line(run("search", *arguments))
