"""The HTTP door over a real PostgreSQL: two services, each a process of its own, on one database."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from retrieval import TemplateIndex, TemplateLibrary

pytestmark = pytest.mark.slow

_COMMAND = str(Path(sys.executable).with_name("lesson-nudge"))


@pytest.fixture(scope="module")
def small_index(tmp_path_factory: pytest.TempPathFactory, encoder: Any) -> Path:
    """Few templates, so that a service starts soon."""
    folder = tmp_path_factory.mktemp("small") / "index"
    few = TemplateLibrary([t for t in TemplateLibrary.shipped().values() if t.kind == "repair"][:12])
    TemplateIndex.build(few, encoder=encoder).save(folder)
    return folder


@contextmanager
def serving(url: str, index: Path) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """A service as its operator starts it; its address and its process."""
    command = [_COMMAND, "serve", "--port=0", "--no-page", "--workers=1", f"--db={url}", f"--index={index}"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as server:
        assert server.stderr is not None
        for line in server.stderr:
            event = json.loads(line)["event"]
            if "running on" in event:
                break
        else:
            raise AssertionError("the service ended before it ran")
        try:
            yield event.split("running on ")[1].split()[0], server
        finally:
            server.send_signal(signal.SIGTERM)
            server.stderr.read()
            server.wait()


@pytest.fixture
def pair(postgres_url: str, small_index: Path) -> Iterator[tuple[httpx.Client, httpx.Client]]:
    """Clients of two services over one database."""
    with ExitStack() as stack:
        found = [stack.enter_context(serving(postgres_url, small_index))[0] for _ in range(2)]
        one, other = (stack.enter_context(httpx.Client(base_url=address, timeout=None)) for address in found)
        yield one, other


def told(client: httpx.Client, base: str, *, after: int | None = None) -> list[tuple[int, str]]:
    """Numbers and kinds of the events that are kept."""
    headers = {} if after is None else {"Last-Event-ID": str(after)}
    answer = client.get(f"{base}/events", params={"wait": 0}, headers=headers)
    blocks = answer.text.replace("\r\n", "\n").strip().split("\n\n")
    fields = [dict(line.split(": ", 1) for line in block.split("\n") if not line.startswith(":")) for block in blocks]
    return [(int(one["id"]), one["event"]) for one in fields if one]


def test_a_journey_over_two_services(pair: tuple[httpx.Client, httpx.Client], plan: str) -> None:
    one, other = pair
    thread = one.post("/v1/threads", json={"text": plan, "title": "Water"}).json()
    base = f"/v1/threads/{thread['id']}"
    assert other.get(base).json()["nudge"] == thread["nudge"]
    seen = told(other, base)
    assert seen == told(one, base)
    assert [kind for _, kind in seen][-1] == "done"

    asked = other.post(f"{base}/messages", json={"text": "why?"}).json()
    assert asked["nudge"] == thread["nudge"]
    body = {"nudge_id": thread["nudge"]["id"], "decision": "use"}
    used = one.post(f"{base}/decisions", json=body)
    assert used.status_code == 200, used.text
    text = other.get(f"{base}/plan").text
    assert thread["nudge"]["suggestion"] in text
    # the same press again, at the other door, counts once
    assert other.post(f"{base}/decisions", json=body).json()["sequence"] == used.json()["sequence"]

    later = told(other, base, after=seen[-1][0])
    assert "decision_recorded" in [kind for _, kind in later]
    assert seen[:-1] + [row for row in later if row not in seen] == told(one, base)
    assert min(number for number, _ in later) > seen[-1][0]

    assert other.get(f"{base}/export", params={"format": "md"}).text == text
    assert other.post(f"{base}/undo").status_code == 200
    assert one.get(f"{base}/plan").content == plan.encode()
    assert [row["cause"] for row in one.get(f"{base}/versions").json()] == ["opened", "use", "undone"]

    assert one.delete(base).status_code == 204
    assert [client.get(base).status_code for client in pair] == [404, 404]
    assert [client.get("/v1/threads").json() for client in pair] == [[], []]


def test_an_open_stream_hears_what_the_other_service_did(pair: tuple[httpx.Client, httpx.Client], plan: str) -> None:
    one, other = pair
    thread = one.post("/v1/threads", json={"text": plan}).json()
    base = f"/v1/threads/{thread['id']}"
    with one.stream("GET", f"{base}/events", params={"wait": 300}) as stream:
        lines = stream.iter_lines()
        assert next(line for line in lines if line == "event: done")
        other.post(f"{base}/decisions", json={"nudge_id": thread["nudge"]["id"], "decision": "not_now"})
        assert next(line for line in lines if line == "event: decision_recorded")
