"""Addresses of an empty store of each kind; the servers are started once."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import pytest
from servers import milvus_lite_server, postgres_server


@pytest.fixture(scope="session")
def postgres_address() -> Iterator[str]:
    with postgres_server() as url:
        yield url


@pytest.fixture(scope="session")
def milvus_address() -> Iterator[str]:
    with milvus_lite_server() as url:
        yield url


@pytest.fixture
def postgres(postgres_address: str) -> str:
    """A table of its own."""
    return f"{postgres_address}{'&' if '?' in postgres_address else '?'}table={_name()}"


@pytest.fixture
def milvus(milvus_address: str) -> str:
    """A collection of its own."""
    return f"{milvus_address}/{_name()}"


def _name() -> str:
    return f"lc_{uuid.uuid4().hex[:12]}"
