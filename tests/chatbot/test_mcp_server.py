"""The MCP server, talked to with the SDK's own client over both transports."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
import uvicorn
from mcp import Client, StdioServerParameters
from mcp.client.streamable_http import streamable_http_client

from chatbot.api.config import ServerConfig
from chatbot.api.keys import KeyRing
from chatbot.mcp_server import build_server, http_app
from chatbot.service import CoachService
from mtl_core.encoder import SharedEncoder
from retrieval import TemplateIndex, TemplateLibrary

TOOLS = {"read_plan", "search_templates", "get_plan", "next_nudge", "decide", "undo", "redo", "say", "revise_plan"}


async def call(client: Client, tool: str, **arguments: Any) -> dict[str, Any]:
    result = await client.call_tool(tool, arguments)
    assert not result.is_error, result.content
    assert result.structured_content is not None
    return result.structured_content


async def refused(client: Client, tool: str, **arguments: Any) -> str:
    result = await client.call_tool(tool, arguments)
    assert result.is_error
    return str(result.content[0].text)  # type: ignore[union-attr]


async def talk(client: Client, plan: str) -> None:
    tools = {tool.name: tool for tool in (await client.list_tools()).tools}
    assert set(tools) == TOOLS
    assert "Never decide for the teacher" in (client.instructions or "")
    assert tools["search_templates"].annotations.read_only_hint
    thread = await call(client, "read_plan", text=plan, title="Water")
    nudge = thread["nudge"]
    assert (await call(client, "next_nudge", thread_id=thread["id"]))["nudge"] == nudge
    found = await call(client, "search_templates", query="exit ticket", k=3)
    assert len(found["results"]) == 3
    used = await call(client, "decide", thread_id=thread["id"], nudge_id=nudge["id"], decision="use")
    assert used["added"]
    changed = (await call(client, "get_plan", thread_id=thread["id"]))["result"]
    assert nudge["suggestion"] in changed
    await call(client, "undo", thread_id=thread["id"])
    await call(client, "redo", thread_id=thread["id"])
    await call(client, "undo", thread_id=thread["id"])
    assert (await call(client, "get_plan", thread_id=thread["id"]))["result"] == plan
    why = await call(client, "say", thread_id=thread["id"], text="what is an exit ticket?")
    assert why["said"]
    revised = await call(client, "revise_plan", thread_id=thread["id"], text=plan + "\nPupils see modelling.")
    assert revised["reading"]["measures"]["modelling"]["verdict"] == "present"
    assert (await call(client, "get_plan", thread_id=thread["id"]))["result"].endswith("Pupils see modelling.")
    await call(client, "undo", thread_id=thread["id"])
    assert "empty" in await refused(client, "revise_plan", thread_id=thread["id"], text=" ")
    assert (await call(client, "get_plan", thread_id=thread["id"]))["result"] == plan
    assert "no such conversation" in (await refused(client, "get_plan", thread_id="nothing")).lower()
    assert "empty" in await refused(client, "read_plan", text=" ")
    assert await refused(client, "decide", thread_id=thread["id"], nudge_id="x", decision="perhaps")
    assert await refused(client, "search_templates", query="x", k=0)


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_in_process(service: CoachService, plan: str, mode: str) -> None:
    async with Client(build_server(service), mode=mode) as client:
        await talk(client, plan)


class Serving:
    """A real server in a thread."""

    def __init__(self, app: Any) -> None:
        self.server = uvicorn.Server(
            uvicorn.Config(app, host="127.0.0.1", port=0, log_config=None, access_log=False, ws="none")
        )
        self.thread = threading.Thread(target=self.server.run)
        self.thread.start()
        while not self.server.started:
            time.sleep(0.01)
        self.address = f"http://127.0.0.1:{self.server.servers[0].sockets[0].getsockname()[1]}/mcp"

    def stop(self) -> None:
        self.server.should_exit = True
        self.thread.join()


@pytest.fixture
def keyed(service: CoachService, tmp_path: Path) -> Iterator[tuple[str, dict[str, str]]]:
    ring, keys = KeyRing(), {}
    for owner in ("anna", "ben"):
        ring, keys[owner] = ring.add(owner)
    ring.save(tmp_path / "keys.json")
    serving = Serving(http_app(service, ServerConfig(keys=tmp_path / "keys.json")))
    yield serving.address, keys
    serving.stop()


async def test_over_streamable_http_each_key_is_an_owner(keyed: tuple[str, dict[str, str]], plan: str) -> None:
    address, keys = keyed
    threads = {}
    for owner, key in keys.items():
        async with (
            httpx2.AsyncClient(headers={"Authorization": f"Bearer {key}"}, timeout=30) as web,
            Client(streamable_http_client(address, http_client=web)) as client,
        ):
            await talk(client, plan)
            threads[owner] = (await call(client, "read_plan", text=plan))["id"]
            if owner == "ben":
                assert "no such conversation" in (await refused(client, "get_plan", thread_id=threads["anna"])).lower()
    async with httpx2.AsyncClient(timeout=30) as web:
        answer = await web.post(address, json={"jsonrpc": "2.0", "id": 1, "method": "tools/list"})
        assert answer.status_code == 401
        assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.slow
async def test_over_stdio(plan: str, tmp_path: Path, encoder: SharedEncoder) -> None:
    few = TemplateLibrary([t for t in TemplateLibrary.shipped().values() if t.kind == "repair"][:20])
    TemplateIndex.build(few, encoder=encoder).save(tmp_path / "index")
    command = StdioServerParameters(
        command=str(Path(sys.executable).with_name("lesson-nudge")),
        args=["mcp", "--db", f"sqlite:///{tmp_path / 'log.sqlite3'}", "--index", str(tmp_path / "index")],
        env={"OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1"},
    )
    async with Client(command) as client:
        assert {tool.name for tool in (await client.list_tools()).tools} == TOOLS
        thread = await call(client, "read_plan", text=plan)
    async with Client(command) as client:
        again = await call(client, "next_nudge", thread_id=thread["id"])
    assert again["nudge"] == thread["nudge"]
