"""Settings of the HTTP service."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

__all__ = ["LOCAL_OWNER", "LOOPBACK", "ServerConfig"]

LOCAL_OWNER = "local"
"""Owner of everything while no keys are used."""

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
"""Addresses that only this computer reaches."""

Count = Annotated[int, Field(ge=1)]
Seconds = Annotated[float, Field(gt=0)]


class ServerConfig(BaseModel):
    """Settings of the HTTP service. The defaults suit one computer with two cores.

    Args:
        keys: File of API keys; ``None`` needs no key, and everything belongs to the owner ``local``.
        hosts: Names that the ``Host`` header may give; ``None`` takes any. Names guard a service without
            keys against a foreign page that points its own name at this computer.
        body_bytes: The largest body of a request to the API.
        upload_bytes: The largest body of a request to a page, such as a file.
        body_seconds: The time that a body may take to arrive.
        requests_per_second: How many requests an owner, or an address without a key, may make in the long run.
        burst: How many of them may come at once.
        workers: How many threads read plans; each takes its share of the cores.
        queue: How many requests may wait for a worker.
        work_seconds: The time that a request may take, waiting included.
        streams: How many event streams may be open.
        stream_seconds: How long a stream stays open after its last event; a client comes back by itself.
        poll_seconds: How often an open stream looks for events that another process made.
        shutdown_seconds: How long requests in progress may take when the service stops.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    keys: Path | None = None
    hosts: frozenset[str] | None = None
    body_bytes: Count = 2_000_000
    upload_bytes: Count = 12_000_000
    body_seconds: Seconds = 15.0
    requests_per_second: Seconds = 100.0
    burst: Count = 200
    workers: Count = Field(default_factory=lambda: min(4, os.cpu_count() or 1))
    queue: Count = 64
    work_seconds: Seconds = 30.0
    streams: Count = 200
    stream_seconds: Seconds = 60.0
    poll_seconds: Seconds = 1.0
    shutdown_seconds: Count = 10
