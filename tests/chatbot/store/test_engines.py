"""Addresses, files, durability settings and messages of the SQL log."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from log_conformance import NOW, begun

from chatbot.store.engines import parse_address
from chatbot.store.sql import open_log
from mtl_core.errors import ArtifactError, InputError


@pytest.mark.parametrize(
    "address", ["", "nothing", "mysql://host/x", "file.db", "sqlite+aiosqlite:///x", "postgresql://:x:y"]
)
def test_an_address_that_cannot_be_used(address: str) -> None:
    with pytest.raises(InputError, match="use sqlite:///"):
        parse_address(address)


def test_durability_settings(tmp_path: Path) -> None:
    with open_log(f"sqlite:///{tmp_path / 'talk.db'}") as log, log._engine.begin() as connection:
        found = {name: connection.exec_driver_sql(f"pragma {name}").scalar() for name in (
            "journal_mode", "synchronous", "foreign_keys", "secure_delete", "busy_timeout")}  # fmt: skip
    assert found == {
        "journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "secure_delete": 1, "busy_timeout": 30_000,
    }  # fmt: skip


def test_the_file_is_its_owners_alone(tmp_path: Path) -> None:
    path = tmp_path / "talk.db"
    with open_log(f"sqlite:///{path}") as log:
        begun(log)
        assert {one.stat().st_mode & 0o777 for one in tmp_path.iterdir()} == {0o600}


def test_what_was_deleted_is_in_no_file(tmp_path: Path) -> None:
    with open_log(f"sqlite:///{tmp_path / 'talk.db'}") as log:
        for name, owner in [("a", "ada"), ("b", "bob"), ("c", "cy")]:
            log.create_thread(name, owner=owner, title="t", at=NOW)
            log.append(name, [{"text": f"secret-of-{owner} " * 3000}], expected=0, at=NOW)
        log.delete_thread("a")
        log.delete_owner("bob")
        held = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert b"secret-of-ada" not in held
    assert b"secret-of-bob" not in held
    assert b"secret-of-cy" in held


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match="folder that may be written"):
        open_log(f"sqlite:///{tmp_path / 'nowhere' / 'talk.db'}")


def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    path = tmp_path / "talk.db"
    path.write_bytes(b"Year 4 science, 30 pupils, 50 minutes. " * 100)
    before = path.read_bytes()
    with pytest.raises(ArtifactError, match="not a database"):
        open_log(f"sqlite:///{path}")
    assert path.read_bytes() == before


def test_a_database_that_breaks_gives_one_sentence(tmp_path: Path) -> None:
    path = tmp_path / "talk.db"
    with open_log(f"sqlite:///{path}") as log:
        begun(log)
        with sqlite3.connect(path) as other:
            other.execute("drop table coach_events")
        other.close()
        with pytest.raises(ArtifactError, match=r"cannot be read or written \(no such table"):
            log.events("t")
