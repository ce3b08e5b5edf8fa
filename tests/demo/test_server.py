"""The page as a program: address, offline rules, errors as one line."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest
from typer import Typer
from typer.testing import CliRunner

from demo.__main__ import main

ROOT = Path(__file__).parents[2]


def _config(address: str) -> dict:
    with urllib.request.urlopen(f"{address}config", timeout=30) as response:
        return json.load(response)


def test_no_handler_is_a_public_endpoint(address):
    config = _config(address)
    assert len(config["dependencies"]) >= 13
    assert {event["api_visibility"] for event in config["dependencies"]} == {"private"}
    assert not config["analytics_enabled"]


def test_the_api_answers_beside_the_page(address):
    with urllib.request.urlopen(f"{address}healthz", timeout=30) as response:
        assert response.status == 200


def test_the_sample_is_a_plan_of_ordinary_length():
    sample = (ROOT / "demo" / "sample_plan.md").read_text(encoding="utf-8")
    assert 250 <= len(sample.split()) <= 450


def test_the_page_is_served_to_this_computer_alone(address):
    port = int(address.rstrip("/").rsplit(":", 1)[1])
    with socket.socket() as probe:
        probe.settimeout(2)
        with pytest.raises(OSError, match=r"refused|unreachable|timed out"):
            probe.connect((_other_address(), port))


def _other_address() -> str:
    """An address of this computer that is not 127.0.0.1."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # sends nothing
        except OSError:
            return "127.0.0.2"
        return probe.getsockname()[0]


def _run(*arguments: str):
    app = Typer()
    app.command()(main)
    return CliRunner().invoke(app, list(arguments))


def test_a_taken_port_is_one_line():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        result = _run("--no-open", "--port", str(taken.getsockname()[1]))
    assert result.exit_code == 1
    assert result.stderr.startswith("error: port ")
    assert "--port" in result.stderr
    assert result.stderr.count("\n") == 1


def test_a_missing_model_is_one_line(tmp_path):
    command = [sys.executable, "-m", "demo", "--no-open", "--port", "0", "--model", str(tmp_path / "nothing")]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert ended.returncode == 1
    assert ended.stdout == ""
    assert ended.stderr.startswith("error: ")
    assert ended.stderr.count("\n") == 1
