"""The OpenAPI description is true: schemathesis makes requests of it and finds nothing."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from plan_format import plans
from schemathesis.config import SchemathesisConfig

from chatbot.api import ServerConfig, create_app
from chatbot.service import CoachService
from mtl_core.segments import segment_document
from mtl_core.text_check import check_text

if TYPE_CHECKING:
    from fastapi import FastAPI
    from starlette.testclient import TestClient

QUIET = settings(
    max_examples=25,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)


# the defaults, and "content too large", which is how a body over the limit is refused before it is read
REFUSALS = ["400", "401", "403", "404", "405", "406", "409", "413", "415", "422", "428", "429", "5xx"]
CHECKS = {"checks": {"negative_data_rejection": {"expected-statuses": REFUSALS}}}


@pytest.mark.slow
@pytest.mark.parametrize("mode", list(schemathesis.GenerationMode), ids=lambda mode: mode.value)
def test_the_description_is_true(service: CoachService, plan: str, mode: schemathesis.GenerationMode) -> None:
    thread = service.open("local", plan).id
    config = ServerConfig(workers=2, stream_seconds=0.02, poll_seconds=0.01, requests_per_second=1e6, burst=10**6)
    described = schemathesis.openapi.from_asgi(
        "/openapi.json", create_app(service, config), config=SchemathesisConfig.from_dict(CHECKS)
    )
    tried = 0
    for operation in (result.ok() for result in described.get_all_operations()):

        @given(case=operation.as_strategy(generation_mode=mode))
        @QUIET
        def check(case: Any) -> None:
            nonlocal tried
            tried += 1
            # half of the requests are about the thread that is there
            if mode is schemathesis.GenerationMode.POSITIVE and tried % 2 and "thread_id" in case.path_parameters:
                case.path_parameters["thread_id"] = thread
            case.call_and_validate()

        with suppress(Unsatisfiable):  # nothing can be wrong with a request that has no part
            check()
    assert tried > 100


@given(plans)
@settings(QUIET, max_examples=200)
def test_the_format_of_a_plan_is_what_the_reader_takes(text: str) -> None:
    check_text(text)
    assert segment_document(text)


@pytest.mark.parametrize("text", ["", "0", " \n", "1/2 > 1/3", "a\0", "\x01a", "***"])
def test_what_the_reader_refuses_is_a_problem(client: TestClient, text: str) -> None:
    assert client.post("/v1/threads", json={"text": text}).status_code == 422


def test_every_address_of_the_contract_is_described(app: FastAPI) -> None:
    described = app.openapi()["paths"]
    contract = {
        "/v1/threads": {"post", "get"},
        "/v1/threads/{thread_id}": {"get", "delete"},
        "/v1/threads/{thread_id}/messages": {"post"},
        "/v1/threads/{thread_id}/decisions": {"post"},
        "/v1/threads/{thread_id}/undo": {"post"},
        "/v1/threads/{thread_id}/redo": {"post"},
        "/v1/threads/{thread_id}/plan": {"get", "put"},
        "/v1/threads/{thread_id}/events": {"get"},
        "/v1/threads/{thread_id}/export": {"get"},
        "/v1/search": {"post"},
        "/healthz": {"get"},
        "/readyz": {"get"},
        "/metrics": {"get"},
    }
    for path, methods in contract.items():
        assert methods <= set(described[path]), path
    for path in described.values():
        for operation in path.values():
            assert operation["summary"]
            for status, answer in operation["responses"].items():
                assert (int(status) < 400) or list(answer["content"]) == ["application/problem+json"]
