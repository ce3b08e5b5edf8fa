"""Keys, limits, headers, and what the log says."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from chatbot.api import ServerConfig, create_app
from chatbot.api.keys import KeyRing
from chatbot.api.limits import TokenBuckets
from chatbot.api.logs import JsonLines
from chatbot.service import CoachService
from mtl_core.errors import ArtifactError, InputError

if TYPE_CHECKING:
    from fastapi import FastAPI


def problem(answer: Any, status: int) -> str:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    content = answer.json()
    assert set(content) == {"type", "title", "status", "detail"}
    assert content["status"] == status
    assert content["detail"].endswith((".", "?"))
    assert "\n" not in content["detail"]
    return content["detail"]


@pytest.fixture
def keyed(service: CoachService, tmp_path: Path) -> Iterator[tuple[TestClient, dict[str, str]]]:
    ring, keys = KeyRing(), {}
    for owner in ("anna", "ben"):
        ring, keys[owner] = ring.add(owner)
    ring.save(tmp_path / "keys.json")
    with TestClient(create_app(service, ServerConfig(keys=tmp_path / "keys.json", workers=1))) as client:
        yield client, keys


def bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


def test_each_key_is_an_owner(keyed: tuple[TestClient, dict[str, str]], plan: str) -> None:
    client, keys = keyed
    assert "API key" in problem(client.get("/v1/threads"), 401)
    assert client.get("/v1/threads").headers["www-authenticate"].startswith("Bearer")
    problem(client.get("/v1/threads", headers=bearer("ln_wrong")), 401)
    problem(client.get("/metrics"), 401)
    assert client.get("/healthz").status_code == client.get("/readyz").status_code == 200
    anna, ben = bearer(keys["anna"]), {"X-API-Key": keys["ben"]}
    thread = client.post("/v1/threads", json={"text": plan}, headers=anna).json()["id"]
    for method, path in (
        ("GET", ""),
        ("GET", "/plan"),
        ("GET", "/versions"),
        ("GET", "/events"),
        ("GET", "/export?format=md"),
        ("POST", "/undo"),
        ("POST", "/redo"),
        ("DELETE", ""),
    ):
        mine = problem(client.request(method, f"/v1/threads/{thread}{path}", headers=ben), 404)
        assert mine == problem(client.request(method, f"/v1/threads/nothing{path}", headers=ben), 404)
    body = {"nudge_id": "nudge-1", "decision": "use"}
    problem(client.post(f"/v1/threads/{thread}/decisions", json=body, headers=ben), 404)
    problem(client.post(f"/v1/threads/{thread}/messages", json={"text": "hello"}, headers=ben), 404)
    problem(client.put(f"/v1/threads/{thread}/plan", json={"text": plan}, headers=ben), 404)
    assert client.get("/v1/threads", headers=ben).json() == []
    assert client.get(f"/v1/threads/{thread}", auth=("anyone", keys["anna"])).status_code == 200
    assert client.get("/openapi.json", headers=anna).json()["components"]["securitySchemes"]


def test_a_file_of_keys_holds_no_key(tmp_path: Path) -> None:
    ring, key = KeyRing().add("anna")
    path = tmp_path / "keys.json"
    ring.save(path)
    assert key not in path.read_text()
    assert path.stat().st_mode & 0o077 == 0
    read = KeyRing.load(path)
    assert (read.owner_of(key), read.owner_of(key + "x"), read.owner_of("\ud800")) == ("anna", None, None)
    assert read.remove("anna").owner_of(key) is None
    with pytest.raises(InputError, match="has no key"):
        read.remove("ben")
    with pytest.raises(InputError, match="cannot be an owner"):
        read.add("a/b")
    path.write_text('{"keys": []}')
    with pytest.raises(ArtifactError, match="no file of keys"):
        KeyRing.load(path)
    with pytest.raises(ArtifactError, match="cannot be read"):
        KeyRing.load(tmp_path / "missing.json")


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.floats(0, 5), max_size=60), st.integers(1, 5), st.floats(0.1, 10))
def test_no_client_gets_more_than_its_bucket(waits: list[float], burst: int, rate: float) -> None:
    now = 0.0
    buckets = TokenBuckets(rate=rate, burst=burst, clock=lambda: now)
    taken = 0
    for wait in waits:
        now += wait
        refused = buckets.take("a")
        taken += not refused
        assert refused <= 1 / rate + 1e-9
    assert taken <= burst + now * rate + 1e-6
    assert buckets.take("another") == 0


def test_clients_are_forgotten_not_gathered() -> None:
    buckets = TokenBuckets(rate=1, burst=1, clock=lambda: 0.0, most=3)
    for number in range(100):
        buckets.take(str(number))
    assert len(buckets) == 3


def test_too_many_requests_are_told_when_to_go_on(service: CoachService) -> None:
    now = 0.0
    config = ServerConfig(requests_per_second=1, burst=2, workers=1)
    with TestClient(create_app(service, config, clock=lambda: now)) as client:
        assert [client.get("/v1/threads").status_code for _ in range(2)] == [200, 200]
        answer = client.get("/v1/threads")
        assert "requests a second" in problem(answer, 429)
        assert answer.headers["retry-after"] == "1"
        now = 1.0
        assert client.get("/v1/threads").status_code == 200


def test_a_body_is_refused_before_it_is_read(app: FastAPI, service: CoachService) -> None:
    with TestClient(create_app(service, ServerConfig(body_bytes=1000, workers=1))) as client:
        large = client.post("/v1/threads", content=b"x" * 1001, headers={"Content-Type": "application/json"})
        assert "1,000 bytes" in problem(large, 413)
        parts = iter([b"x" * 600, b"x" * 600])
        problem(client.post("/v1/threads", content=parts, headers={"Content-Type": "application/json"}), 413)


def test_pages_of_other_addresses_are_kept_out(service: CoachService) -> None:
    config = ServerConfig(hosts=frozenset({"127.0.0.1", "localhost"}), workers=1)
    with TestClient(create_app(service, config), base_url="http://localhost:8000") as client:
        assert client.get("/v1/threads").status_code == 200
        assert client.post("/v1/search", json={"query": "x"}, headers={"Origin": "http://localhost:8000"}).is_success
        problem(client.get("/v1/threads", headers={"Host": "evil.example"}), 403)
        problem(client.post("/v1/threads/x/undo", headers={"Origin": "http://evil.example"}), 403)
        assert client.get("/healthz", headers={"Host": "10.0.0.1"}).status_code == 200


def test_every_answer_has_headers_of_safety(client: TestClient) -> None:
    for path in ("/healthz", "/v1/threads", "/nothing"):
        headers = client.get(path, headers={"X-Request-ID": "abc-1"}).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["x-request-id"] == "abc-1"
    assert "default-src 'none'" in client.get("/v1/threads").headers["content-security-policy"]
    assert client.get("/v1/threads").headers["cache-control"] == "no-store"
    assert client.get("/healthz", headers={"X-Request-ID": "a b\tc"}).headers["x-request-id"] != "a b\tc"


def test_the_log_has_no_word_of_a_plan(client: TestClient, plan: str, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, logger="lesson_nudge"):
        client.post("/v1/threads?kettle=kettle", json={"text": plan, "title": "kettle"})
        client.get("/kettle")
        client.post("/v1/search", json={"query": "kettle", "measure": "kettle"})
    lines = [JsonLines().format(record) for record in caplog.records if record.name.startswith("lesson_nudge")]
    rows = [json.loads(line) for line in lines]
    assert [row["status"] for row in rows] == [201, 404, 422]
    assert [row["route"] for row in rows] == ["/v1/threads", "other", "/v1/search"]
    assert not any("kettle" in line.lower() for line in lines)


def test_an_unforeseen_error_says_nothing_of_the_plan(
    app: FastAPI, client: TestClient, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("kettle")

    monkeypatch.setattr(CoachService, "open", fail)
    with caplog.at_level(logging.INFO, logger="lesson_nudge"):
        detail = problem(client.post("/v1/threads", json={"text": "kettle"}), 500)
    assert "kettle" not in detail
    assert not any("kettle" in JsonLines().format(record) for record in caplog.records if "lesson" in record.name)
