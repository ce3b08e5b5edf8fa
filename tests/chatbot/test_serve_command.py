"""The commands of the doors: what they refuse, keys, a real service that stops in order, and a kept chat."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import Result
from typer.testing import CliRunner

from chatbot import cli, loading
from chatbot.api.keys import KeyRing
from chatbot.serve_command import bound_config, open_database
from mtl_core.errors import InputError
from retrieval import TemplateIndex

Run = Callable[..., Result]


@pytest.fixture
def run(fast_parts: tuple[Any, TemplateIndex], monkeypatch: pytest.MonkeyPatch) -> Run:
    model, index = fast_parts
    monkeypatch.setattr(loading, "load_model", lambda _: model)
    monkeypatch.setattr(loading, "load_index", lambda _, *, encoder: index)

    def invoke(*arguments: object, stdin: str | None = None) -> Result:
        return CliRunner().invoke(cli.app, [str(argument) for argument in arguments], input=stdin)

    return invoke


def test_other_computers_are_served_with_keys_alone(tmp_path: Path) -> None:
    assert bound_config("127.0.0.1", keys=None).hosts == {"127.0.0.1", "localhost", "::1"}
    with pytest.raises(InputError, match="--keys FILE, or --without-keys"):
        bound_config("0.0.0.0", keys=None)
    assert bound_config("0.0.0.0", keys=None, without_keys=True).hosts is None
    assert bound_config("0.0.0.0", keys=tmp_path / "keys.json").keys == tmp_path / "keys.json"
    with pytest.raises(InputError, match="burst"):
        bound_config("127.0.0.1", keys=None, burst=0)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["serve", "--host", "0.0.0.0"], "reached by other computers"),
        (["serve", "--db", "redis://x"], "redis"),
        (["mcp", "--transport", "pigeon"], "pigeon"),
        (["chat"], "Name a plan"),
        (["chat", "--thread", "x"], "--db"),
        (["keys", "remove", "anna", "--keys", "missing.json"], "cannot be read"),
        (["keys", "add", "a/b", "--keys", "new.json"], "cannot be an owner"),
    ],
)
def test_what_cannot_be_done_is_one_line(run: Run, arguments: list[str], said: str) -> None:
    result = run(*arguments)
    assert result.exit_code == 1, result.output
    (line,) = result.stderr.splitlines()
    assert line.startswith("error: ")
    assert said in line


def test_keys_are_added_listed_and_removed(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    key = run("keys", "add", "anna", "--keys", path).stdout.strip()
    run("keys", "add", "ben", "--keys", path)
    assert KeyRing.load(path).owner_of(key) == "anna"
    assert run("keys", "list", "--keys", path).stdout.split() == ["anna", "ben"]
    assert run("keys", "remove", "anna", "--keys", path).exit_code == 0
    assert KeyRing.load(path).owner_of(key) is None


def test_a_key_is_changed_without_a_gap(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    old, bens, new = (run("keys", "add", name, "--keys", path).stdout.strip() for name in ("anna", "ben", "anna"))
    assert [KeyRing.load(path).owner_of(key) for key in (old, bens, new)] == ["anna", "ben", "anna"]
    assert run("keys", "remove", "anna", "--but-newest", "--keys", path).exit_code == 0
    assert [KeyRing.load(path).owner_of(key) for key in (old, bens, new)] == [None, "ben", "anna"]


def test_a_kept_chat_goes_on_where_it_was(run: Run, tmp_path: Path, plan: str) -> None:
    path, output, db = tmp_path / "plan.md", tmp_path / "out.md", f"sqlite:///{tmp_path / 'log.sqlite3'}"
    path.write_text(plan, encoding="utf-8")
    first = run("chat", path, "--db", db, stdin="not now\n")
    assert first.exit_code == 0, first.output
    assert "\x1b" not in first.stdout
    thread = " ".join(first.stdout.split()).rpartition("--thread ")[2].split()[0]
    second = run("chat", "--thread", thread, "--db", db, "-o", output, stdin="edit: Mine alone.\nstop\n")
    assert second.exit_code == 0, second.output
    assert "+ Mine alone." in second.stdout
    assert "Mine alone." in output.read_text(encoding="utf-8")
    third = run("chat", "--thread", thread, "--db", db, "-o", output, stdin="undo\n")
    assert third.exit_code == 0, third.output
    assert output.read_text(encoding="utf-8") == plan
    assert "no such conversation" in run("chat", "--thread", "x", "--db", db).stderr


def test_the_command_needs_no_extra_to_start() -> None:
    blocked = ("fastapi", "starlette", "uvicorn", "sse_starlette", "prometheus_client", "sqlalchemy", "mcp")
    program = (
        "import sys\n"
        f"for name in {blocked!r}: sys.modules[name] = None\n"
        "from typer.testing import CliRunner\n"
        "from chatbot import cli\n"
        "for command in (['serve'], ['mcp'], ['keys', 'list', '--keys', 'x']):\n"
        "    result = CliRunner().invoke(cli.app, command)\n"
        "    assert result.exit_code == 1, result.output\n"
        "    assert 'lesson-nudge[' in result.stderr, result.stderr\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=100)
    assert done.returncode == 0, done.stderr


def test_postgresql_without_its_driver_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(InputError, match=r"psycopg.* is not installed.*lesson-nudge\[postgres\]"):
        open_database("postgresql://anna@localhost/nothing")


@pytest.mark.slow
def test_a_service_stops_in_order(tmp_path: Path, plan: str, encoder: Any) -> None:
    from retrieval import TemplateLibrary

    few = TemplateLibrary([t for t in TemplateLibrary.shipped().values() if t.kind == "repair"][:20])
    TemplateIndex.build(few, encoder=encoder).save(tmp_path / "index")
    command = [
        str(Path(sys.executable).with_name("lesson-nudge")),
        "serve",
        "--port=0",
        "--no-page",
        f"--db=sqlite:///{tmp_path / 'log.sqlite3'}",
        f"--index={tmp_path / 'index'}",
    ]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as server:
        assert server.stderr is not None
        lines = []
        for line in server.stderr:
            lines.append(json.loads(line))
            if "running on" in lines[-1]["event"]:
                break
        address = lines[-1]["event"].split("running on ")[1].split()[0]
        with httpx.Client(base_url=address, timeout=60) as client:
            thread = client.post("/v1/threads", json={"text": plan}).json()
            assert thread["nudge"]
            server.send_signal(signal.SIGTERM)
            server.wait(timeout=30)
        rest = [json.loads(line) for line in server.stderr]
    assert server.returncode in (0, -signal.SIGTERM)
    assert not any("kettle" in json.dumps(line) for line in lines + rest)


def test_a_service_has_loaded_all_before_the_first_plan(tmp_path: Path) -> None:
    program = (
        "import sys\n"
        "from py3langid import langid\n"
        "from chatbot.serve_command import build_service, open_database\n"
        "assert langid.IDENTIFIER is None\n"
        "service = build_service(open_database(sys.argv[1]))\n"
        "assert langid.IDENTIFIER is not None\n"
        "assert list(service.threads('anyone')) == []\n"
    )
    database = f"sqlite:///{tmp_path / 'coach.sqlite3'}"
    subprocess.run([sys.executable, "-c", program, database], check=True, timeout=300)
