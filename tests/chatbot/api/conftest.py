"""The app and one thread of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest
from starlette.testclient import TestClient

from chatbot.api import ServerConfig, create_app
from chatbot.service import CoachService

if TYPE_CHECKING:
    from fastapi import FastAPI

QUICK = ServerConfig(workers=2, stream_seconds=0.2, poll_seconds=0.02)


@pytest.fixture
def app(service: CoachService) -> FastAPI:
    return create_app(service, QUICK)


@pytest.fixture
def client(app: FastAPI) -> Iterator[TestClient]:
    with TestClient(app) as client:
        yield client


@pytest.fixture
def thread(client: TestClient, plan: str) -> dict[str, Any]:
    answer = client.post("/v1/threads", json={"text": plan, "title": "Water"})
    assert answer.status_code == 201, answer.text
    return answer.json()
