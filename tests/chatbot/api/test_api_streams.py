"""Streams of events: kinds, stable numbers, resuming."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from chatbot.api import ServerConfig, create_app
from chatbot.api.stream_events import KINDS
from chatbot.service import CoachService
from chatbot.store.sql import open_log


def events(client: TestClient, thread: str, *, after: int | None = None, wait: float = 0) -> list[tuple[int, str, Any]]:
    headers = {} if after is None else {"Last-Event-ID": str(after)}
    answer = client.get(f"/v1/threads/{thread}/events", params={"wait": wait}, headers=headers)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("text/event-stream")
    found = []
    for block in answer.text.replace("\r\n", "\n").strip().split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.split("\n") if not line.startswith(":"))
        if fields:
            data = json.loads(fields["data"])
            assert data["sequence"] == int(fields["id"])
            found.append((int(fields["id"]), fields["event"], data))
    return found


def talk(client: TestClient, plan: str) -> str:
    thread = client.post("/v1/threads", json={"text": plan + "\nPupils see modelling."}).json()
    base = f"/v1/threads/{thread['id']}"
    turn = client.post(f"{base}/decisions", json={"nudge_id": thread["nudge"]["id"], "decision": "not_now"}).json()
    client.post(f"{base}/decisions", json={"nudge_id": turn["nudge"]["id"], "decision": "use"})
    client.post(f"{base}/undo")
    return thread["id"]


def test_a_stream_tells_what_happened(client: TestClient, plan: str) -> None:
    found = events(client, talk(client, plan))
    kinds = [kind for _, kind, _ in found]
    assert set(kinds) <= set(KINDS)
    assert kinds[:2] == ["plan_received", "read"]
    assert kinds.index("praise") < kinds.index("nudge") < kinds.index("decision_recorded") < kinds.index("re_read")
    assert kinds.count("decision_recorded") == 2
    assert kinds.count("re_read") == kinds.count("artefact_ready") == 2
    assert kinds[-1] == "done"
    numbers = [number for number, _, _ in found]
    assert numbers == sorted(set(numbers))
    nudges = [data for _, kind, data in found if kind == "nudge"]
    assert all(data["suggestion"] and data["message"] for data in nudges)
    assert found[-2][2]["links"]["docx"].endswith("/export?format=docx")


def test_a_client_goes_on_where_it_was_at_every_event(client: TestClient, plan: str) -> None:
    thread = talk(client, plan)
    whole = events(client, thread)
    for place, (number, _, _) in enumerate(whole[:-1]):
        assert events(client, thread, after=number) == whole[place + 1 :]
    assert events(client, thread, after=whole[-1][0]) == whole[-1:]


def test_numbers_are_the_same_after_a_restart(fast_parts: tuple[Any, Any], plan: str, tmp_path: Path) -> None:
    seen = []
    thread = ""
    for _ in range(2):
        with open_log(f"sqlite:///{tmp_path / 'log.sqlite3'}") as log:
            service = CoachService(*fast_parts, log, clock=lambda: datetime.now(UTC), ids=lambda: "thread-1")
            with TestClient(create_app(service, ServerConfig(workers=1))) as client:
                thread = thread or talk(client, plan)
                seen.append(events(client, thread))
    assert seen[0] == seen[1]


def test_an_open_stream_hears_the_next_turn(client: TestClient, thread: dict[str, Any], service: CoachService) -> None:
    before = events(client, thread["id"])
    # the other door of the same process adds to the log while the stream waits for it
    service.decide("local", thread["id"], thread["nudge"]["id"], "not_now")
    after = events(client, thread["id"], after=before[-1][0], wait=0.1)
    assert next(kind for _, kind, _ in after) == "decision_recorded"


@pytest.mark.parametrize("last", ["x", "-1", "1e9", "9" * 30])
def test_a_number_that_is_none_is_refused(client: TestClient, thread: dict[str, Any], last: str) -> None:
    answer = client.get(f"/v1/threads/{thread['id']}/events?wait=0", headers={"Last-Event-ID": last})
    assert answer.status_code == 422


def test_a_stream_of_a_deleted_thread_ends_with_an_error(
    client: TestClient, thread: dict[str, Any], service: CoachService, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = service.events
    calls = iter(range(100))

    def once(owner: str, thread_id: str, *, after: int = 0) -> Any:
        if next(calls):
            service.delete(owner, thread_id)
        return kept(owner, thread_id, after=after)

    monkeypatch.setattr(service, "events", once)
    found = events(client, thread["id"], wait=0.2)
    assert found[-1][1] == "error"
    assert found[-1][2]["detail"]
