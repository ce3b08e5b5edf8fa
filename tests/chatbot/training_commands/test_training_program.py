"""The training commands as a whole: help names them all, heavy packages are loaded late, missing ones named."""

from __future__ import annotations

import subprocess
import sys

import pytest

from chatbot.training_commands import training
from tests.chatbot.training_commands.command_runs import World, one_error_line, run, succeeded


def test_help_names_every_command_and_loads_nothing_heavy() -> None:
    names = {command.name or command.callback.__name__ for command in training.registered_commands if command.callback}
    assert names == {"train", "evaluate", "predict", "lr-find", "distill", "export", "summary"}
    shown = succeeded(run("--help"))
    assert all(f" {name} " in shown for name in names)
    code = (
        "import sys; import chatbot.cli; "
        "print(*sorted({'torch', 'lightning', 'sklearn', 'transformers', 'matplotlib', 'yaml'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


@pytest.mark.parametrize("command", ["train", "distill", "lr-find", "summary", "evaluate"])
def test_a_missing_extra_is_named(world: World, monkeypatch: pytest.MonkeyPatch, command: str) -> None:
    monkeypatch.setitem(sys.modules, "lightning", None)
    given = ["evaluate", world.model, "--data", "x"] if command == "evaluate" else [command, "--config", world.config]
    teacher = ["--teacher", "x"] if command == "distill" else []
    line = one_error_line(run(*given, *teacher))
    assert "lightning" in line
    assert "lesson-nudge[train]" in line
