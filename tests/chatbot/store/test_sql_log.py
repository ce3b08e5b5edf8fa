"""The suite on SQLite in a file and on a real PostgreSQL; the state machine on both and in memory."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis.stateful import run_state_machine_as_test
from log_conformance import LogConformance, begun
from log_machine import LogMachine
from sqlalchemy import make_url, text

from chatbot.store.sql import open_log


class _Sql(LogConformance):
    @pytest.fixture
    def reopen(self, url: str):
        return lambda: open_log(url)

    @pytest.fixture
    def log(self, reopen):
        with reopen() as opened:
            yield opened


class TestSqlite(_Sql):
    @pytest.fixture
    def url(self, tmp_path: Path) -> str:
        return f"sqlite:///{tmp_path / 'talk.db'}"


class TestPostgres(_Sql):
    @pytest.fixture
    def url(self, postgres_url: str) -> str:
        return postgres_url


def test_any_course_of_changes_on_sqlite() -> None:
    class Machine(LogMachine):
        def make(self):
            self.folder = tempfile.TemporaryDirectory()
            return self.reopen()

        def reopen(self):
            return open_log(f"sqlite:///{self.folder.name}/talk.db")

        def teardown(self) -> None:
            super().teardown()
            self.folder.cleanup()

    run_state_machine_as_test(Machine, settings=settings(max_examples=25, stateful_step_count=25, deadline=None))


def test_any_course_of_changes_in_memory() -> None:
    class Machine(LogMachine):
        def make(self):
            return open_log("sqlite://")

        def reopen(self):
            # what is only in memory does not outlive its log
            self.drop(list(self.owner))
            self.chosen.clear()
            return open_log("sqlite://")

    run_state_machine_as_test(Machine, settings=settings(max_examples=25, stateful_step_count=25, deadline=None))


def test_any_course_of_changes_on_postgres(postgres_url: str) -> None:
    class Machine(LogMachine):
        def make(self):
            log = open_log(postgres_url)
            with log._engine.begin() as connection:
                connection.execute(text("truncate coach_threads, coach_events, coach_owners"))
            return log

        def reopen(self):
            return open_log(postgres_url)

    run_state_machine_as_test(Machine, settings=settings(max_examples=15, stateful_step_count=25, deadline=None))


def test_a_log_in_memory_is_shared_by_threads_and_by_no_other_log() -> None:
    with open_log("sqlite://") as one, open_log("sqlite:///:memory:") as other:
        begun(one)
        assert other.threads("ada") == []
        TestSqlite().test_of_many_writers_one_wins_each_step(other, lambda: _Same(other))


class _Same:
    """A log in memory cannot be opened twice: the second opening is the first."""

    def __init__(self, log) -> None:
        self.log = log

    def __enter__(self):
        return self.log

    def __exit__(self, *_) -> None:
        return


def test_a_password_is_in_no_message(postgres_url: str) -> None:
    wrong = make_url(postgres_url).set(password="s3cret", database="nowhere").render_as_string(hide_password=False)
    with pytest.raises(Exception, match="cannot be read or written") as caught:
        open_log(wrong)
    assert "s3cret" not in str(caught.value)
