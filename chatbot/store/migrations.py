"""Brings a database to the version that this program knows."""

from __future__ import annotations

from sqlalchemy import Connection, Engine, inspect, text

from chatbot.store.engines import writing
from chatbot.store.schema import MIGRATIONS, VERSION
from mtl_core.errors import ArtifactError

__all__ = ["migrate", "version_of"]

_ADVISORY_LOCK = 7_305_804_402


def version_of(connection: Connection) -> int:
    """Version of the tables in a database; 0 where there are none.

    Args:
        connection: An open connection.

    Returns:
        The number of the last migration that ran.
    """
    if not inspect(connection).has_table("coach_schema"):
        return 0
    row = connection.execute(text("select version from coach_schema")).first()
    return int(row[0]) if row else 0


def migrate(engine: Engine, *, where: str) -> None:
    """Run the steps that a database lacks, all in one transaction; several processes may do so at once.

    Args:
        engine: The database.
        where: Its address, for messages.

    Raises:
        ArtifactError: If a newer program has written the database.
    """
    with engine.begin() as connection:
        found = version_of(connection)
    if found == VERSION:
        return
    _refuse_newer(found, where)
    with writing(engine) as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("select pg_advisory_xact_lock(:key)"), {"key": _ADVISORY_LOCK})
        # another process may have been here between the first look and the lock
        found = version_of(connection)
        _refuse_newer(found, where)
        if found == 0:
            connection.execute(text("create table coach_schema (version integer not null)"))
            connection.execute(text("insert into coach_schema (version) values (0)"))
        for step in MIGRATIONS[found:]:
            for statement in step:
                connection.execute(text(statement))
        connection.execute(text("update coach_schema set version = :version"), {"version": VERSION})


def _refuse_newer(found: int, where: str) -> None:
    if found > VERSION:
        raise ArtifactError(
            f"The conversations at {where} were kept by a newer Lesson Nudge (schema {found}; this one knows up to "
            f"{VERSION}). Install the newer version, or name another database."
        )
