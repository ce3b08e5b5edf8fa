"""Databases for the event log, each test in one of its own."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import pytest

pytest.importorskip("sqlalchemy", reason="needs the extra serve")

from debian_postgres import postgres_server
from sqlalchemy import create_engine, make_url, text


@pytest.fixture(scope="session")
def coach_postgres() -> Iterator[str]:
    with postgres_server() as address:
        yield address


@pytest.fixture
def postgres_url(coach_postgres: str) -> str:
    """A database of its own on the server."""
    return new_database(coach_postgres)


def new_database(server: str) -> str:
    url = make_url(server).set(drivername="postgresql+psycopg")
    name = f"t_{uuid.uuid4().hex[:12]}"
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"create database {name}"))
    engine.dispose()
    return url.set(drivername="postgresql", database=name).render_as_string(hide_password=False)
