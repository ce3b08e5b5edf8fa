"""An older database is brought forward, a newer one is refused, and several processes may do it at once."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from log_conformance import NOW, begun
from sqlalchemy import create_engine, inspect, text

from chatbot.store.base import OwnerSettings
from chatbot.store.engines import engine_for, parse_address, writing
from chatbot.store.migrations import version_of
from chatbot.store.schema import EVENTS, MIGRATIONS, OWNERS, THREADS, VERSION
from chatbot.store.sql import open_log
from mtl_core.errors import ArtifactError


@pytest.fixture(params=["sqlite", "postgres"])
def url(request, tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'talk.db'}" if request.param == "sqlite" else request.getfixturevalue("postgres_url")


def older(url: str, version: int) -> None:
    """A database as the program of an earlier version left it, with one event; version 0 is an empty one."""
    if version == 0:
        return
    engine = engine_for(parse_address(url))
    with writing(engine) as connection:
        connection.execute(text("create table coach_schema (version integer not null)"))
        connection.execute(text("insert into coach_schema (version) values (:v)"), {"v": version})
        for step in MIGRATIONS[:version]:
            for statement in step:
                connection.execute(text(statement))
        connection.execute(text("insert into coach_threads values ('t', 'ada', 'Old', 1, 2, 1)"))
        connection.execute(
            text("insert into coach_events (thread_id, sequence, at, event) values ('t', 1, 2, :event)"),
            {"event": '{"kind":"plan_read"}'},
        )
    engine.dispose()


@pytest.mark.parametrize("version", range(VERSION + 1))
def test_every_older_version_is_brought_forward(url: str, version: int) -> None:
    older(url, version)
    with open_log(url) as log:
        if version:
            assert log.events("t")[0].event == {"kind": "plan_read"}
            assert log.events("t")[0].consented is False
            assert log.append("t", [{}], expected=1, at=NOW) == 2
        assert log.settings("ada") == OwnerSettings()
        with log._engine.begin() as connection:
            assert version_of(connection) == VERSION


def test_the_migrations_lead_to_the_tables_that_are_used(url: str) -> None:
    with open_log(url) as log:
        seen = inspect(log._engine)
        for table in (THREADS, EVENTS, OWNERS):
            found = {column["name"]: column["nullable"] for column in seen.get_columns(table.name)}
            assert found == {column.name: bool(column.nullable) for column in table.columns} | {
                key.name: found[key.name] for key in table.primary_key
            }
            assert seen.get_pk_constraint(table.name)["constrained_columns"] == [c.name for c in table.primary_key]


def test_a_newer_database_is_refused_and_left_as_it_is(url: str) -> None:
    with open_log(url) as log:
        begun(log)
    engine = create_engine(parse_address(url))
    with engine.begin() as connection:
        connection.execute(text(f"update coach_schema set version = {VERSION + 1}"))
    with pytest.raises(ArtifactError, match="newer Lesson Nudge"):
        open_log(url)
    with engine.begin() as connection:
        assert connection.execute(text("select count(*) from coach_events")).scalar() == 1
    engine.dispose()


def test_many_open_an_empty_database_at_once(url: str) -> None:
    def work(number: int) -> int:
        with open_log(url) as log:
            log.create_thread(f"t{number}", owner="ada", title="", at=NOW)
            return 1

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(work, range(8))) == 8
    with open_log(url) as log:
        assert len(log.threads("ada")) == 8


def test_processes_open_an_empty_database_at_once(url: str) -> None:
    program = (
        "import sys; from datetime import datetime, UTC; from chatbot.store.sql import open_log\n"
        "with open_log(sys.argv[1]) as log: log.create_thread(sys.argv[2], owner='ada', title='', at=datetime.now(UTC))"
    )
    started = [subprocess.Popen([sys.executable, "-c", program, url, f"p{number}"]) for number in range(3)]
    assert [process.wait(120) for process in started] == [0, 0, 0]
    with open_log(url) as log:
        assert {row.id for row in log.threads("ada")} == {"p0", "p1", "p2"}


def test_a_step_that_fails_leaves_the_database_as_it_was(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    older(url, 1)
    broken = (*MIGRATIONS, ("create table coach_more (id text)", "this is no statement"))
    for module in ("chatbot.store.migrations", "chatbot.store.schema"):
        monkeypatch.setattr(f"{module}.MIGRATIONS", broken)
        monkeypatch.setattr(f"{module}.VERSION", len(broken))
    with pytest.raises(ArtifactError, match="cannot be read or written"):
        open_log(url)
    monkeypatch.undo()
    engine = create_engine(parse_address(url))
    with engine.begin() as connection:
        assert version_of(connection) == 1
        assert not inspect(connection).has_table("coach_more")
        assert not inspect(connection).has_table("coach_owners")
    engine.dispose()
