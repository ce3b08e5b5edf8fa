"""``lesson-nudge forget``: what an operator deletes for a person who asks."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from chatbot import cli
from chatbot.service import CoachService
from chatbot.store.base import OwnerSettings
from chatbot.store.sql import open_log
from mtl_core.errors import LessonNudgeError

NOW = datetime(2026, 5, 1, tzinfo=UTC)


@pytest.fixture
def db(tmp_path: Path) -> str:
    url = f"sqlite:///{tmp_path / 'log.sqlite3'}"
    with open_log(url) as log:
        for owner, threads in (("anna", 2), ("ben", 1)):
            for number in range(threads):
                log.create_thread(f"{owner}-{number}", owner=owner, title="Water", at=NOW)
        log.change_settings("cleo", OwnerSettings(masking=False))
    return url


def threads(db: str, owner: str) -> list[str]:
    with open_log(db) as log:
        return sorted(row.id for row in log.threads(owner))


def test_all_of_one_owner_goes_and_nothing_else(db: str) -> None:
    result = CliRunner().invoke(cli.app, ["forget", "anna", "--db", db, "--yes"])
    assert result.exit_code == 0, result.output
    assert "deleted 2 conversations of anna" in result.stdout
    assert threads(db, "anna") == []
    assert threads(db, "ben") == ["ben-0"]


def test_settings_alone_go_too(db: str) -> None:
    assert CliRunner().invoke(cli.app, ["forget", "cleo", "--db", db, "--yes"]).exit_code == 0
    with open_log(db) as log:
        assert log.settings("cleo") == OwnerSettings()


def test_it_asks_first(db: str) -> None:
    refused = CliRunner().invoke(cli.app, ["forget", "ben", "--db", db], input="n\n")
    assert refused.exit_code == 1
    assert "Delete 1 conversation of ben?" in refused.output
    assert threads(db, "ben") == ["ben-0"]
    assert CliRunner().invoke(cli.app, ["forget", "ben", "--db", db], input="y\n").exit_code == 0
    assert threads(db, "ben") == []


def test_an_owner_of_nothing_is_an_error(db: str) -> None:
    result = CliRunner().invoke(cli.app, ["forget", "anne", "--db", db, "--yes"])
    assert result.exit_code == 1
    assert result.stderr.startswith("error: Nothing is kept of an owner 'anne'")


def test_a_running_service_knows_it_at_once(service: CoachService, plan: str) -> None:
    thread = service.open("anna", plan)
    service._log.delete_owner("anna")  # what the command does, from another process
    with pytest.raises(LessonNudgeError, match="no such conversation"):
        service.say("anna", thread.id, "why?")
    assert service.threads("anna") == []
