"""What kept decisions teach, and what they must not give away."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("sqlalchemy", reason="needs the extra serve")

from typer.testing import CliRunner

from chatbot import cli, loading
from chatbot.coach import LessonCoach
from chatbot.events import Decision
from chatbot.learning import histories, kept_decisions, training_rows
from chatbot.store.sql import SqlEventLog, open_log
from retrieval import TemplateIndex
from tests.chatbot.service_world import Clock, service_over

Parts = tuple[Any, TemplateIndex]


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'talk.db'}"


def talk(parts: Parts, log: SqlEventLog, plan: str, *, owner: str, consent: bool) -> None:
    """A teacher dismisses, names a passage, edits, uses, and takes the last one back."""
    clock = Clock()
    service = service_over(*parts, log, clock=clock, prefix=owner)
    service.change_settings(owner, keep_labels=consent)
    thread = service.open(owner, plan)

    def answer(decision: str, **more: str) -> None:
        nonlocal thread
        clock.passes(minutes=1)
        if thread.turn.nudge is None:
            thread = service.say(owner, thread.id, "idea")
        assert thread.turn.nudge is not None
        thread = service.decide(owner, thread.id, thread.turn.nudge.id, decision, **more)

    answer("not_relevant")
    answer("already_there", quote="everybody that the trip to the river is on Friday")
    answer("edit", text="Pupils write two questions about the river for a partner.")
    answer("use")
    service.undo(owner, thread.id)


def test_decisions_come_with_what_they_were_about(fast_parts: Parts, url: str, plan: str) -> None:
    with open_log(url) as log:
        talk(fast_parts, log, plan, owner="ada@school.example", consent=True)
        found = kept_decisions(log)
    assert [one.decision for one in found] == [Decision.NOT_RELEVANT, Decision.ALREADY_THERE, Decision.EDIT]
    assert all(one.measure and one.template_id and one.probability is not None for one in found)
    rows = training_rows(found)
    assert [(row.origin, row.text) for row in rows] == [
        ("already_there", "everybody that the trip to the river is on Friday"),
        ("edit", "Pupils write two questions about the river for a partner."),
    ]
    (answers,) = histories(found).values()
    assert [answer.decision for answer in answers] == ["not_relevant", "edit"]


def test_what_was_put_back_counts_again(fast_parts: Parts, url: str, plan: str) -> None:
    with open_log(url) as log:
        talk(fast_parts, log, plan, owner="ada", consent=True)
        service = service_over(*fast_parts, log)
        (thread,) = service.threads("ada")
        service.redo("ada", thread.id)
        assert [one.decision for one in kept_decisions(log)][2:] == [Decision.EDIT, Decision.USE]
        service.undo("ada", thread.id)
        service.undo("ada", thread.id)
        assert [one.decision for one in kept_decisions(log)] == [Decision.NOT_RELEVANT, Decision.ALREADY_THERE]


def test_nothing_is_learnt_without_consent_or_after_it_is_withdrawn(fast_parts: Parts, url: str, plan: str) -> None:
    with open_log(url) as log:
        talk(fast_parts, log, plan, owner="ada", consent=False)
        assert kept_decisions(log) == []
        talk(fast_parts, log, plan, owner="bob", consent=True)
        assert len(kept_decisions(log)) == 3
        service_over(*fast_parts, log).change_settings("bob", keep_labels=False)
        assert kept_decisions(log) == []


def test_the_command_writes_rows_that_name_nobody(
    fast_parts: Parts, url: str, plan: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_log(url) as log:
        talk(fast_parts, log, plan, owner="ada@school.example", consent=True)
    monkeypatch.setattr(loading, "load_model", lambda _: fast_parts[0])
    monkeypatch.setattr(loading, "load_index", lambda *_, **__: fast_parts[1])
    output = tmp_path / "learnt"
    ran = CliRunner().invoke(cli.app, ["learn", "--db", url, "--output", str(output), "--json"])
    assert ran.exit_code == 0, ran.output
    assert json.loads(ran.stdout)["training_rows"] == 2
    assert json.loads(ran.stdout)["replay"]["verdict"] == "cannot tell"
    written = [path for path in output.rglob("*") if path.is_file()]
    assert {path.name for path in written} >= {"training.jsonl", "replay.json"}
    assert not any("ada" in path.name or "ada@" in path.read_text(encoding="utf-8") for path in written)
    (history,) = (output / "histories").iterdir()
    again = CliRunner().invoke(cli.app, ["learn", "--db", url, "-o", str(output)])
    assert "3 decisions with consent" in again.output
    assert history.read_text(encoding="utf-8").count("\n") == 2


def test_a_database_that_is_none_gets_one_line(tmp_path: Path) -> None:
    refused = CliRunner().invoke(cli.app, ["learn", "--db", "mysql://host/x", "-o", str(tmp_path / "out")])
    assert refused.exit_code == 1
    assert refused.stderr.startswith("error: ")
    assert not (tmp_path / "out").exists()


def test_the_coach_keeps_what_learning_needs(fast_coach: Callable[[], LessonCoach], plan: str) -> None:
    coach = fast_coach()
    turn = coach.open(plan)
    assert turn.nudge is not None
    coach.decide(turn.nudge.id, "edit", text="Pupils draw the river.")
    assert any(getattr(event, "adapted", False) for event in coach.events)
