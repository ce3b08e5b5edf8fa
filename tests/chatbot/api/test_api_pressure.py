"""A slow body and more work than the service can take, over a real socket."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import httpx
import pytest
import uvicorn

from chatbot.api import ServerConfig, create_app
from chatbot.service import CoachService


@contextmanager
def serving(service: CoachService, config: ServerConfig) -> Iterator[int]:
    """The port of a real server."""
    settings = uvicorn.Config(
        create_app(service, config), host="127.0.0.1", port=0, log_config=None, access_log=False, ws="none"
    )
    started = threading.Event()

    class Announced(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            started.set()

    server = Announced(settings)
    thread = threading.Thread(target=server.run)
    thread.start()
    started.wait()
    yield server.servers[0].sockets[0].getsockname()[1]
    server.should_exit = True
    thread.join()


def answer_of(connection: socket.socket) -> tuple[str, dict[str, Any]]:
    """Status line and JSON of what a server sent, read until it closes."""
    received = b""
    while part := connection.recv(65_536):
        received += part
    head, _, body = received.partition(b"\r\n\r\n")
    return head.split(b"\r\n")[0].decode(), json.loads(body) if body else {}


@pytest.mark.parametrize("given", [b"", b'{"text": "A plan'])
def test_a_body_that_does_not_arrive_is_answered(service: CoachService, given: bytes) -> None:
    with serving(service, ServerConfig(workers=1, body_seconds=0.2)) as port:
        with socket.create_connection(("127.0.0.1", port)) as connection:
            connection.sendall(
                b"POST /v1/threads HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
                b"Content-Length: 500\r\n\r\n" + given
            )
            status, problem = answer_of(connection)
        assert status == "HTTP/1.1 408 Request Timeout"
        assert problem["detail"] == "The body did not arrive within 0.2 seconds."
        with httpx.Client(base_url=f"http://127.0.0.1:{port}") as client:
            assert client.get("/v1/threads").json() == []
            assert 'lesson_nudge_refused_total{limit="time"} 1.0' in client.get("/metrics").text


@pytest.fixture
def blocked(service: CoachService, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], None]]:
    """Readings that wait; gives what lets them go on."""
    gate, opened = threading.Event(), service.open

    def wait(owner: str, text: str, *, title: str | None = None) -> Any:
        gate.wait()
        return opened(owner, text, title=title)

    monkeypatch.setattr(service, "open", wait)
    yield gate.set
    gate.set()


def test_what_finds_no_place_is_told_to_come_again(
    service: CoachService, plan: str, blocked: Callable[[], None]
) -> None:
    config = ServerConfig(workers=1, queue=1, work_seconds=600)
    with (
        serving(service, config) as port,
        httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=None) as client,
        ThreadPoolExecutor(2) as threads,
    ):
        waiting = [threads.submit(client.post, "/v1/threads", json={"text": plan}) for _ in range(2)]
        while "lesson_nudge_work 2.0" not in client.get("/metrics").text:
            pass
        refused = client.post("/v1/threads", json={"text": plan})
        assert (refused.status_code, refused.headers["retry-after"]) == (503, "1")
        assert refused.headers["content-type"] == "application/problem+json"
        assert "all the work" in refused.json()["detail"]
        assert client.get("/readyz").status_code == 503
        assert client.get("/healthz").status_code == 200
        blocked()
        assert [one.result().status_code for one in waiting] == [201, 201]
        assert client.post("/v1/threads", json={"text": plan}).status_code == 201
        assert client.get("/readyz").status_code == 200
        assert len(client.get("/v1/threads").json()) == 3


def test_work_that_takes_too_long_is_answered_and_kept(
    service: CoachService, plan: str, blocked: Callable[[], None]
) -> None:
    with (
        serving(service, ServerConfig(workers=1, work_seconds=0.2)) as port,
        httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=None) as client,
    ):
        answer = client.post("/v1/threads", json={"text": plan})
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
        assert "longer than 0.2 seconds" in answer.json()["detail"]
        blocked()
        while "lesson_nudge_work 0.0" not in client.get("/metrics").text:
            pass
        assert len(service.threads("local")) == 1
